// Median pruning (Golovin et al. 2017, Google Vizier): a trial that is behind the median of the others stops.
import type { Trial } from './trial.ts';

/** Finished trials before any is pruned. */
const finishedMin = 5;
/** Epochs of a trial before it is pruned. */
const epochsMin = 2;

/** Whether a trial with these dev scores, one for each epoch so far, is behind: its best is below the median at this epoch. */
export function isBehind(epochs: readonly number[], earlier: readonly Trial[]): boolean {
  const at = epochs.length - 1;
  const finished = earlier.filter((trial) => trial.state === 'finished');
  const others = finished.flatMap((trial) => (at < trial.epochs.length ? [trial.epochs[at]!] : []));
  if (epochs.length < epochsMin || others.length < finishedMin) return false;
  return Math.max(...epochs) < median(others);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
