// Inputs sorted by their number of tokens, the longest first, in linear time.
import type { TokenRows } from '../model.ts';

/** Inputs of equal length: `order[from]` to `order[to - 1]`. */
export interface LengthSpan {
  readonly length: number;
  readonly from: number;
  readonly to: number;
}

export interface LengthOrder {
  /** Which input stands at each place. Equal ones keep their order. */
  readonly order: Int32Array;
  /** From the longest to the shortest. */
  readonly spans: readonly LengthSpan[];
}

/** Number of tokens of an input. */
export const tokensOf = ({ ends }: TokenRows, row: number): number =>
  ends[row]! - (row === 0 ? 0 : ends[row - 1]!);

/** Counting sort. */
export function orderByLength(rows: TokenRows): LengthOrder {
  const count = rows.ends.length;
  let longest = 0;
  for (let row = 0; row < count; row++) longest = Math.max(longest, tokensOf(rows, row));
  const places = new Int32Array(longest + 1);
  for (let row = 0; row < count; row++) places[tokensOf(rows, row)]!++;
  const spans: LengthSpan[] = [];
  let from = 0;
  for (let length = longest; length >= 0; length--) {
    const inputs = places[length]!;
    if (inputs > 0) spans.push({ length, from, to: from + inputs });
    places[length] = from;
    from += inputs;
  }
  const order = new Int32Array(count);
  for (let row = 0; row < count; row++) order[places[tokensOf(rows, row)]!++] = row;
  return { order, spans };
}
