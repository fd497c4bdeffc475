// The gate: what a candidate has to show before it may be tried on traffic. Rules over figures, nothing else.
import type { Duel, Errors } from './duel.ts';

export interface GateRules {
  /** Share of the champion’s error on recent texts that has to be taken away. */
  readonly gainMin: number;
  /** Chance of an error of the first kind that is accepted, 0–1. */
  readonly significance: number;
  /** Rise of the error (0–1) on what was learned before, and on a protected slice, that is taken though significant. */
  readonly lossMax: number;
  /** Slices with fewer rows are not judged. */
  readonly sliceSamplesMin: number;
  /** Columns whose slices must not lose: `language`, `kind`, `tenant`, `label`, `length`. */
  readonly protectedColumns: readonly string[];
}

export interface Objection {
  readonly code: 'gain-too-small' | 'gain-not-significant' | 'loses-on-old' | 'loses-on-slice';
  /** In words, with figures. */
  readonly what: string;
}

/** What a candidate has shown. */
export interface Trial {
  /** On the newest labelled texts. */
  readonly recent: Duel;
  /** On the held-out sets that the champion was judged on. */
  readonly old: readonly Duel[];
}

/**
 * What speaks against a candidate; nothing: it passes. `tried` candidates share the accepted chance of error, because
 * the best of several looks better than it is (Bonferroni); slices are corrected by Holm’s steps.
 */
export function objectionsTo({ recent, old }: Trial, rules: GateRules, tried: number): readonly Objection[] {
  return [
    ...objectionsToGain(recent, rules, tried),
    ...old.filter((set) => isLoss(set, rules, rules.significance)).map(lossOnOld),
    ...lostSlices(recent, rules).map(lossOnSlice),
  ];
}

function objectionsToGain(recent: Duel, { gainMin, significance }: GateRules, tried: number): Objection[] {
  const { gain, p, champion, candidate, samples } = recent;
  const figures = `error ${percent(champion)} → ${percent(candidate)} on ${samples} recent texts`;
  if (gain < gainMin) {
    const what = `it takes away ${percent(gain)} of the champion’s error, at least ${percent(gainMin)} is wanted (${figures})`;
    return [{ code: 'gain-too-small', what }];
  }
  if (p < significance / tried) return [];
  const what = `the gain of ${percent(gain)} may be chance: p = ${p.toPrecision(3)}, below ${(significance / tried).toPrecision(3)} is wanted (${figures})`;
  return [{ code: 'gain-not-significant', what }];
}

const isLoss = ({ champion, candidate, p }: Errors, { lossMax }: GateRules, alpha: number): boolean =>
  candidate - champion > lossMax && p < alpha;

const lossOnOld = ({ set, champion, candidate, p, samples }: Duel): Objection => ({
  code: 'loses-on-old',
  what: `its error on ${set} (${samples} rows) is ${percent(candidate)}, the champion’s ${percent(champion)} (p = ${p.toPrecision(3)})`,
});

type SliceErrors = Duel['slices'][number];

/** Holm (1979): the smallest p against α/n, the next against α/(n-1), until one is not below. */
function lostSlices({ slices }: Duel, rules: GateRules): readonly SliceErrors[] {
  const watched = slices
    .filter(
      ({ column, samples }) => rules.protectedColumns.includes(column) && samples >= rules.sliceSamplesMin,
    )
    .sort((a, b) => a.p - b.p);
  const end = watched.findIndex(({ p }, at) => p >= rules.significance / (watched.length - at));
  const significant = end < 0 ? watched : watched.slice(0, end);
  return significant.filter((slice) => isLoss(slice, rules, 1));
}

const lossOnSlice = ({ column, value, champion, candidate, samples, p }: SliceErrors): Objection => ({
  code: 'loses-on-slice',
  what: `its error where ${column} is ${value} (${samples} recent texts) is ${percent(candidate)}, the champion’s ${percent(champion)} (p = ${p.toPrecision(3)})`,
});

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
