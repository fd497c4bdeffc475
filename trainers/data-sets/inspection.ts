// One pass over the rows of a set: counts of everything that a manifest may limit, and what it limits in vain.
import { BadRow, type NumberedRow } from '../../connectors/tabular/row.ts';
import { answerOf, keyOf } from './cleaning.ts';
import { exampleOf, type Omission } from './examples.ts';
import { type SetManifest, splitNames } from './manifest.ts';
import { splitOf } from './partition.ts';
import { wordCount } from './rows.ts';

export interface Inspection {
  readonly rows: number;
  /** Rows by split, and by label (or by none, for scores) within it. */
  readonly splits: Readonly<Record<string, SplitCounts>>;
  /** Rows without an example, by reason. */
  readonly omitted: Readonly<Record<Omission | BadRow['problem'], number>>;
  /** Rows whose text (texts, in pairs) came before in the same split. */
  readonly duplicates: number;
  /** Rows whose text has several answers. */
  readonly conflicting: number;
  readonly wordsFewest: number;
  readonly wordsMost: number;
  readonly scoreLeast: number | null;
  readonly scoreMost: number | null;
  /** The first rows that could not be read, for errors. */
  readonly bad: readonly { readonly line: number; readonly problem: string; readonly reason: string }[];
  /** Constraints of the manifest that do not hold, in words. */
  readonly violations: readonly string[];
}

export interface SplitCounts {
  readonly rows: number;
  readonly labels: Readonly<Record<string, number>>;
}

const badShown = 5;

/** A row and the split of its file; null where texts are split by hash. */
export interface PlacedRow extends NumberedRow {
  readonly split: string | null;
}

/** Inspects rows in one pass; about 100 bytes are held for each distinct text, and no row. */
export async function inspectRows(
  source: AsyncIterable<PlacedRow>,
  manifest: SetManifest,
): Promise<Inspection> {
  const counts = new Counts(manifest);
  for await (const row of source) counts.add(row);
  return counts.result();
}

class Counts {
  readonly #manifest: SetManifest;
  #rows = 0;
  readonly #splits = new Map<string, { rows: number; labels: Map<string, number> }>();
  readonly #omitted = { missing: 0, unmapped: 0, short: 0, 'invalid-utf8': 0, malformed: 0 };
  #duplicates = 0;
  readonly #texts = new TextCounts();
  readonly #words = { fewest: Number.POSITIVE_INFINITY, most: 0 };
  readonly #scores = { least: Number.POSITIVE_INFINITY, most: Number.NEGATIVE_INFINITY };
  readonly #bad: Inspection['bad'][number][] = [];

  constructor(manifest: SetManifest) {
    this.#manifest = manifest;
    for (const split of splitNames(manifest)) this.#splits.set(split, { rows: 0, labels: new Map() });
  }

  add({ line, row, split: named }: PlacedRow): void {
    this.#rows += 1;
    if (row instanceof BadRow) {
      this.#omitted[row.problem] += 1;
      if (this.#bad.length < badShown) this.#bad.push({ line, problem: row.problem, reason: row.reason });
      return;
    }
    const example = exampleOf(row, this.#manifest);
    if (typeof example === 'string') {
      this.#omitted[example] += 1;
      return;
    }
    const { splits } = this.#manifest;
    const split = named ?? (splits.by === 'hash' ? splitOf(example.text, splits.seed, splits.shares) : '');
    this.#countSplit(split, example.labels);
    if (this.#texts.add(keyOf(example), split, answerOf(example))) this.#duplicates += 1;
    const words = wordCount(example.text);
    this.#words.fewest = Math.min(this.#words.fewest, words);
    this.#words.most = Math.max(this.#words.most, words);
    const score = example.values?.[0];
    if (score === undefined) return;
    this.#scores.least = Math.min(this.#scores.least, score);
    this.#scores.most = Math.max(this.#scores.most, score);
  }

  #countSplit(split: string, labels: readonly string[]): void {
    const counts = this.#splits.get(split)!;
    counts.rows += 1;
    for (const label of labels) counts.labels.set(label, (counts.labels.get(label) ?? 0) + 1);
  }

  result(): Inspection {
    const counted = {
      rows: this.#rows,
      splits: Object.fromEntries(
        [...this.#splits].map(([name, { rows, labels }]) => [name, { rows, labels: sorted(labels) }]),
      ),
      omitted: this.#omitted,
      duplicates: this.#duplicates,
      conflicting: this.#texts.conflicting(),
      wordsFewest: this.#words.most === 0 ? 0 : this.#words.fewest,
      wordsMost: this.#words.most,
      scoreLeast: Number.isFinite(this.#scores.least) ? this.#scores.least : null,
      scoreMost: Number.isFinite(this.#scores.most) ? this.#scores.most : null,
      bad: this.#bad,
    };
    return { ...counted, violations: violationsOf(counted, this.#manifest) };
  }
}

/** Which texts were met in which split with which answers, in columns: there are as many texts as rows. */
class TextCounts {
  readonly #numbers = new Map<string, number>();
  readonly #answers = new Map<string, number>();
  readonly #splitOf: string[] = [];
  readonly #answerOf: number[] = [];
  readonly #rowsOf: number[] = [];
  /** Texts with several answers. */
  readonly #conflicting = new Set<number>();
  /** Places of texts in splits after their first. */
  readonly #elsewhere = new Set<string>();

  /** Counts a row; whether its text came before in its split. */
  add(key: string, split: string, answer: string): boolean {
    const known = this.#numbers.get(key);
    const answerNumber = this.#answers.get(answer) ?? this.#answers.size;
    this.#answers.set(answer, answerNumber);
    if (known === undefined) {
      this.#numbers.set(key, this.#rowsOf.push(1) - 1);
      this.#splitOf.push(split);
      this.#answerOf.push(answerNumber);
      return false;
    }
    this.#rowsOf[known]! += 1;
    if (this.#answerOf[known] !== answerNumber) this.#conflicting.add(known);
    const place = `${known} ${split}`;
    if (this.#splitOf[known] === split || this.#elsewhere.has(place)) return true;
    this.#elsewhere.add(place);
    return false;
  }

  /** Rows of texts with several answers. */
  conflicting(): number {
    return [...this.#conflicting].reduce((sum, text) => sum + this.#rowsOf[text]!, 0);
  }
}

const sorted = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));

/** What does not hold, each with the figure found and the one allowed. */
function violationsOf(found: Omit<Inspection, 'violations'>, manifest: SetManifest): readonly string[] {
  const limits = manifest.constraints ?? {};
  const used = Object.values(found.splits).reduce((sum, { rows }) => sum + rows, 0);
  const { omitted } = found;
  const shareOf = (rows: number) => (found.rows === 0 ? 0 : rows / found.rows);
  const atLeast = (what: string, value: number | null, least: number | undefined) =>
    value !== null && least !== undefined && value < least
      ? [`${what}: ${value}, at least ${least} wanted`]
      : [];
  const atMost = (what: string, value: number | null, most: number | undefined) =>
    value !== null && most !== undefined && value > most
      ? [`${what}: ${Number(value.toPrecision(4))}, at most ${most} allowed`]
      : [];
  return [
    ...(used === 0 ? ['no row gives an example'] : []),
    ...atLeast('words of the shortest text', found.wordsFewest, limits.wordsMin),
    ...atMost('words of the longest text', found.wordsMost, limits.wordsMax),
    ...atLeast('lowest score', found.scoreLeast, limits.scoreMin),
    ...atMost('highest score', found.scoreMost, limits.scoreMax),
    ...atLeast('rows', found.rows, limits.rowsMin),
    ...atMost('share of rows without a text or an answer', shareOf(omitted.missing), limits.missingShareMax),
    ...atMost('share of rows whose text came before', shareOf(found.duplicates), limits.duplicateShareMax),
    ...atMost(
      'share of rows whose text has several answers',
      shareOf(found.conflicting),
      limits.conflictShareMax,
    ),
    ...strangeLabels(found, limits.labels),
  ];
}

function strangeLabels(
  { splits }: Pick<Inspection, 'splits'>,
  allowed: readonly string[] | undefined,
): string[] {
  if (allowed === undefined) return [];
  const known = new Set(allowed);
  const strange = new Set(Object.values(splits).flatMap(({ labels }) => Object.keys(labels)));
  return [...strange]
    .filter((label) => !known.has(label))
    .map((label) => `the label “${label}” is not among the allowed ones`);
}
