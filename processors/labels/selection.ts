// Active learning: which unlabelled messages a label teaches most. Pool-based: each candidate has a value, and candidates
// are taken one by one by value less likeness to those taken (maximal marginal relevance, Carbonell and Goldstein 1998).
import { pointOf, similarities, type TextPoint } from './similarity.ts';

export interface Candidate {
  readonly text: string;
  /** Probabilities of the leading answers, most probable first. */
  readonly probabilities: readonly number[];
  /** Whether releases, or arms of an experiment, answered differently. */
  readonly disputed: boolean;
  /** Whether it lies where a drift report saw the traffic move. */
  readonly drifted: boolean;
}

/** What counts how much, 0 or more; the first three are of the value, the last one is what likeness costs. */
export interface SelectionWeights {
  readonly uncertainty: number;
  readonly disagreement: number;
  readonly drift: number;
  readonly diversity: number;
}

export interface SelectionOptions {
  readonly count: number;
  readonly weights: SelectionWeights;
  /** Texts that were labelled lately: their likes teach less. */
  readonly known?: readonly string[];
}

export type Reason = 'uncertain' | 'disputed' | 'drifted';

export interface Selected<C extends Candidate> {
  readonly candidate: C;
  /** 0–1, before likeness was taken off. */
  readonly value: number;
  readonly reasons: readonly Reason[];
}

/** From this likeness on two texts are near-duplicates, and one of them is enough. */
const alikeMin = 0.9;
const uncertainMin = 0.5;

/** The most valuable candidates, best first; among equals those that come first. */
export function selectForLabelling<C extends Candidate>(
  candidates: readonly C[],
  { count, weights, known = [] }: SelectionOptions,
): readonly Selected<C>[] {
  const points = candidates.map(({ text }) => pointOf(text));
  const values = candidates.map((candidate) => worthOf(candidate, weights));
  const likeness = new Float64Array(candidates.length);
  const isOpen = new Uint8Array(candidates.length).fill(1);
  const avoid = (point: TextPoint): void => {
    for (const [at, similarity] of similarities(point, points).entries())
      likeness[at] = Math.max(likeness[at]!, similarity);
  };
  if (weights.diversity > 0) for (const text of known) avoid(pointOf(text));
  const selected: Selected<C>[] = [];
  while (selected.length < count) {
    const at = bestOf(values, { likeness, isOpen, diversity: weights.diversity });
    if (at < 0) break;
    isOpen[at] = 0;
    const candidate = candidates[at]!;
    selected.push({ candidate, value: values[at]!, reasons: reasonsOf(candidate) });
    if (weights.diversity > 0) avoid(points[at]!);
  }
  return selected;
}

/** One less the margin between the two leading answers: 1 where they are level (Scheffer, Decomain and Wrobel 2001). */
export function uncertaintyOf(probabilities: readonly number[]): number {
  const [first = 1] = probabilities;
  // An answer whose rivals were all left out as improbable leads by nearly all there is.
  const second = probabilities[1] ?? Math.min(first, 1 - first);
  return Math.min(1, Math.max(0, 1 - (first - second)));
}

function worthOf(candidate: Candidate, { uncertainty, disagreement, drift }: SelectionWeights): number {
  const sum =
    uncertainty * uncertaintyOf(candidate.probabilities) +
    disagreement * Number(candidate.disputed) +
    drift * Number(candidate.drifted);
  return sum / (uncertainty + disagreement + drift || 1);
}

interface Left {
  readonly likeness: Float64Array;
  readonly isOpen: Uint8Array;
  readonly diversity: number;
}

function bestOf(values: readonly number[], { likeness, isOpen, diversity }: Left): number {
  let best = -1;
  let bestWorth = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < values.length; at += 1) {
    if (isOpen[at] === 0 || (diversity > 0 && likeness[at]! >= alikeMin)) continue;
    const worth = values[at]! - diversity * likeness[at]!;
    if (worth <= bestWorth) continue;
    best = at;
    bestWorth = worth;
  }
  return best;
}

const reasonsOf = ({ probabilities, disputed, drifted }: Candidate): readonly Reason[] => [
  ...(uncertaintyOf(probabilities) >= uncertainMin ? (['uncertain'] as const) : []),
  ...(disputed ? (['disputed'] as const) : []),
  ...(drifted ? (['drifted'] as const) : []),
];
