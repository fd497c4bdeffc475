// What not answering is worth: accuracy against the share of rows that are answered, and the threshold for a wanted one.
import { descending } from './curves.ts';

/** Answering every row of at least this confidence. */
export interface Answering {
  readonly abstainBelow: number;
  /** Share of the rows that are answered. */
  readonly answered: number;
  /** Share of the answers that are right, and what their mean confidence promised. */
  readonly accuracy: number;
  readonly expected: number;
}

/** Every threshold that changes what is answered, from the fewest answers to all. */
export function answeringCurve(
  confidences: ArrayLike<number>,
  isRight: ArrayLike<number>,
): readonly Answering[] {
  const order = descending(confidences);
  const curve: Answering[] = [];
  let [right, promised] = [0, 0];
  order.forEach((row, at) => {
    right += isRight[row]!;
    promised += confidences[row]!;
    const next = order[at + 1];
    if (next !== undefined && confidences[next] === confidences[row]) return;
    const rows = at + 1;
    curve.push({
      abstainBelow: confidences[row]!,
      answered: rows / order.length,
      accuracy: right / rows,
      expected: promised / rows,
    });
  });
  return curve;
}

/**
 * The threshold that answers the most rows with at least the wanted accuracy; null where no threshold reaches it on
 * `rowsMin` rows or more, below which a share means little. Choose it on dev, never on what is reported.
 */
export function chooseAbstention(
  confidences: ArrayLike<number>,
  isRight: ArrayLike<number>,
  accuracyWanted: number,
  rowsMin = 30,
): Answering | null {
  const enough = answeringCurve(confidences, isRight).filter(
    ({ answered }) => Math.round(answered * confidences.length) >= rowsMin,
  );
  return enough.findLast(({ accuracy }) => accuracy >= accuracyWanted) ?? null;
}
