// What a search may try: for each option of a trainer the values or the range it is looked for in.
import { Misconfigured } from '../../schemas/errors.ts';

export type OptionValue = string | number | boolean;

/** Options by name, as a trial sets them. */
export type Setting = Readonly<Record<string, OptionValue>>;

export type Range =
  | { readonly kind: 'choice'; readonly values: readonly OptionValue[] }
  | {
      readonly kind: 'int' | 'float';
      readonly low: number;
      readonly high: number;
      /** Equal ratios count as equal distances. */
      readonly log: boolean;
    };

export type Space = Readonly<Record<string, Range>>;

export const choice = (...values: readonly OptionValue[]): Range => ({ kind: 'choice', values });
export const float = (low: number, high: number): Range => ({ kind: 'float', low, high, log: false });
export const log = (low: number, high: number): Range => ({ kind: 'float', low, high, log: true });
export const int = (low: number, high: number): Range => ({ kind: 'int', low, high, log: false });

/** Points that a grid takes of a range without listed values. */
const gridPoints = 5;

/** The value at a place between 0 and 1 of a range. */
export function valueAt(range: Range, place: number): OptionValue {
  if (range.kind === 'choice')
    return range.values[Math.min(range.values.length - 1, Math.floor(place * range.values.length))]!;
  const { low, high } = range;
  const value = range.log ? low * (high / low) ** place : low + (high - low) * place;
  const bounded = Math.min(high, Math.max(low, value));
  // Five digits: what is tried can be written down.
  return range.kind === 'int' ? Math.round(bounded) : Number(bounded.toPrecision(5));
}

/** The place between 0 and 1 of a number in its range. */
export function placeOf({ low, high, log }: Exclude<Range, { kind: 'choice' }>, value: number): number {
  if (high === low) return 0.5;
  return log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

/** The values a grid takes of a range. */
export function gridOf(range: Range): readonly OptionValue[] {
  if (range.kind === 'choice') return range.values;
  const points = Array.from({ length: gridPoints }, (_, at) => valueAt(range, at / (gridPoints - 1)));
  return [...new Set(points)];
}

/** How many settings a grid has. */
export const gridSize = (space: Space): number =>
  Object.values(space).reduce((size, range) => size * gridOf(range).length, 1);

/** The setting of a number in the grid; the last option changes fastest. */
export function gridSetting(space: Space, number: number): Setting {
  let rest = number;
  const entries = Object.entries(space).map(([name, range]) => [name, gridOf(range)] as const);
  const chosen = entries.reverse().map(([name, values]) => {
    const value = values[rest % values.length]!;
    rest = Math.floor(rest / values.length);
    return [name, value] as const;
  });
  return Object.fromEntries(chosen.reverse());
}

/**
 * Reads `name=a,b,c` (a choice), `name=1..10` (a range, of whole numbers where both ends are) or `name=log:0.001..1`.
 * Throws `Misconfigured` for anything else.
 */
export function readRange(text: string): readonly [name: string, range: Range] {
  const [, name, given = ''] = /^\s*([A-Za-z]\w*)\s*=\s*(.+?)\s*$/.exec(text) ?? [];
  if (name === undefined) throw badRange(text);
  const range = /^(log:)?(-?[\d.]+(?:e-?\d+)?)\.\.(-?[\d.]+(?:e-?\d+)?)$/i.exec(given);
  if (range === null) {
    const values = given.split(',').map((part) => readValue(part.trim()));
    if (given.includes('..') || values.includes('')) throw badRange(text);
    return [name, choice(...new Set(values))];
  }
  const [low, high] = [Number(range[2]), Number(range[3])];
  const isLog = range[1] !== undefined;
  if (!(low < high) || (isLog && low <= 0)) throw badRange(text);
  const isWhole = Number.isInteger(low) && Number.isInteger(high) && !/[.e]/i.test(`${range[2]}${range[3]}`);
  return [name, { kind: isWhole ? 'int' : 'float', low, high, log: isLog }];
}

function readValue(text: string): OptionValue {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return text !== '' && Number.isFinite(number) ? number : text;
}

const badRange = (text: string): Misconfigured =>
  new Misconfigured(`“${text}” is no range of an option`, {
    code: 'bad-space',
    fix: 'Write name=a,b,c for values, name=1..10 for a range (the lower end first), or name=log:0.001..1 where ratios count.',
  });
