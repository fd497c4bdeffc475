// Two models on the same rows: what each of them gets wrong, whether chance explains the difference, and the same for
// parts of the rows.
import { bootstrap, percentileInterval } from '../evaluation/bootstrap.ts';
import type { Answered } from '../evaluation/evaluate.ts';
import { timesFor } from '../evaluation/judge.ts';
import { mcNemar, pairedT } from '../evaluation/significance.ts';
import { slicesOf } from '../evaluation/slices.ts';
import type { Example } from '../trainer.ts';

/** Errors on the same rows: the share of wrong answers or, of scores, the mean distance as a share of 100 points. */
export interface Errors {
  readonly samples: number;
  readonly champion: number;
  readonly candidate: number;
  /** Chance of a difference as large between models that are equally good, two-sided: McNemar, of scores paired t. */
  readonly p: number;
}

export interface Duel extends Errors {
  readonly set: string;
  /** Share of the champion’s error that the candidate takes away; negative where it adds some. */
  readonly gain: number;
  /** Holds the gain 95 times of 100, by a paired bootstrap; null where it has none. */
  readonly gainInterval: readonly [low: number, high: number] | null;
  readonly slices: readonly (Errors & { readonly column: string; readonly value: string })[];
}

interface Sides {
  readonly champion: Answered;
  readonly candidate: Answered;
}

/** Sets `candidate` against `champion` on the rows that both answered. Deterministic for a seed. */
export async function duel(
  { set, examples }: { readonly set: string; readonly examples: readonly Example[] },
  sides: Sides,
  { seed, signal }: { readonly seed: number; readonly signal?: AbortSignal | undefined },
): Promise<Duel> {
  const champion = errorsOf(sides.champion, examples.length);
  const candidate = errorsOf(sides.candidate, examples.length);
  const isLabelled = sides.champion.labels !== undefined;
  const all = Int32Array.from({ length: examples.length }, (_, row) => row);
  const whole = compareRows(champion, candidate, all, isLabelled);
  const [draws] = await bootstrap(
    { rows: examples.length, times: timesFor(examples.length), seed, signal },
    (drawn) => [gainOf(weightedMean(champion, drawn), weightedMean(candidate, drawn))],
  );
  const interval = draws === undefined ? null : percentileInterval(draws);
  return {
    set,
    ...whole,
    gain: rounded(gainOf(whole.champion, whole.candidate)),
    gainInterval: interval && [rounded(interval.low), rounded(interval.high)],
    slices: slicesOf(withLabels(examples)).map(({ column, value, rows }) => ({
      column,
      value,
      ...compareRows(champion, candidate, rows, isLabelled),
    })),
  };
}

/** The right answer as a slice, so that a label which is lost is seen. */
const withLabels = (examples: readonly Example[]): readonly Example[] =>
  examples.map((example) =>
    example.labels.length === 0
      ? example
      : { ...example, slices: { ...example.slices, label: example.labels.join('+') } },
  );

/** The error of each row, 0–1. */
function errorsOf({ labels, values }: Answered, rows: number): Float64Array {
  if (labels !== undefined) return Float64Array.from(labels.isRight, (right) => 1 - right);
  return Float64Array.from({ length: rows }, (_, row) => {
    const distances = values.map(({ truth, said }) => Math.abs(truth[row]! - said[row]!));
    return distances.reduce((sum, distance) => sum + distance, 0) / distances.length / 100;
  });
}

function compareRows(
  champion: Float64Array,
  candidate: Float64Array,
  rows: Int32Array,
  isLabelled: boolean,
): Errors {
  const [a, b] = [
    Float64Array.from(rows, (row) => champion[row]!),
    Float64Array.from(rows, (row) => candidate[row]!),
  ];
  const p = isLabelled ? mcNemarOf(a, b) : pairedT(a, b).p;
  return {
    samples: rows.length,
    champion: rounded(mean(a)),
    candidate: rounded(mean(b)),
    p: Number.isNaN(p) ? 1 : Number(p.toPrecision(6)),
  };
}

function mcNemarOf(champion: Float64Array, candidate: Float64Array): number {
  let [onlyChampion, onlyCandidate] = [0, 0];
  for (const [row, error] of champion.entries()) {
    if (error < candidate[row]!) onlyChampion += 1;
    else if (error > candidate[row]!) onlyCandidate += 1;
  }
  return mcNemar(onlyChampion, onlyCandidate).exact;
}

/** A champion without errors cannot be bettered: anything worse loses all. */
const gainOf = (champion: number, candidate: number): number =>
  champion > 0 ? (champion - candidate) / champion : candidate > 0 ? -1 : 0;

const mean = (values: Float64Array): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

function weightedMean(values: Float64Array, drawn: Int32Array): number {
  let sum = 0;
  for (let row = 0; row < values.length; row++) sum += values[row]! * drawn[row]!;
  return sum / values.length;
}

const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
