// Parts of the rows that figures are told apart by: how long a text is, and whatever columns the examples bring.
import type { Example } from '../trainer.ts';

export interface Slice {
  readonly column: string;
  readonly value: string;
  /** Rows of the slice, rising. */
  readonly rows: Int32Array;
}

/** Values of one column at most; the rest are one slice together, and so are rare ones where values are many. */
const valuesMax = 60;
const manyValues = 12;
const rareRows = 5;
const others = '(others)';

const lengthBounds = [3, 8, 20, 50, 150] as const;

/** Slices by length in words, then by the examples' columns in their order; within a column, the largest first. */
export function slicesOf(examples: readonly Example[]): readonly Slice[] {
  const columns = new Set(examples.flatMap(({ slices }) => Object.keys(slices ?? {})));
  columns.delete('length');
  return [
    ...sliced(examples, 'length', ({ text }) => lengthBucket(text)).sort(byLength),
    ...[...columns].flatMap((column) => sliced(examples, column, ({ slices }) => slices?.[column])),
  ];
}

/** The words of a text as a range. */
export function lengthBucket(text: string): string {
  const words = text.trim().split(/\s+/u).length;
  const at = lengthBounds.findIndex((bound) => words <= bound);
  if (at === -1) return `over ${lengthBounds.at(-1)} words`;
  return `${at === 0 ? 1 : lengthBounds[at - 1]! + 1}–${lengthBounds[at]} words`;
}

const byLength = (a: Slice, b: Slice): number => lengthRank(a.value) - lengthRank(b.value);
const lengthRank = (value: string): number =>
  value.startsWith('over') ? Number.POSITIVE_INFINITY : Number.parseInt(value, 10);

/** Examples without the column are in none of its slices. A column of one value for all rows tells nothing apart. */
function sliced(
  examples: readonly Example[],
  column: string,
  pick: (example: Example) => string | undefined,
): Slice[] {
  const rows = new Map<string, number[]>();
  examples.forEach((example, row) => {
    const value = pick(example);
    if (value === undefined) return;
    const known = rows.get(value);
    if (known) known.push(row);
    else rows.set(value, [row]);
  });
  if (rows.size < 2) return [];
  const sorted = [...rows].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
  const isKept = ([, list]: readonly [string, number[]], at: number) =>
    at < valuesMax && (sorted.length <= manyValues || list.length >= rareRows);
  const rest = sorted.filter((entry, at) => !isKept(entry, at)).flatMap(([, list]) => list);
  const kept =
    rest.length > 0 ? [...sorted.filter(isKept), [others, rest.sort((a, b) => a - b)] as const] : sorted;
  return kept.map(([value, list]) => ({ column, value, rows: Int32Array.from(list) }));
}
