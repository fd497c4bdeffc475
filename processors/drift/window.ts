// One window of one release’s traffic against the release’s frozen baseline: statistics, scores, verdict, summary.
import type { Baseline } from '../../schemas/baseline.ts';
import type { DriftReport, Statistic } from '../../schemas/drift-report.ts';
import { type Aligned, alignBins, type HistogramBin, sum } from './bins.ts';
import { byChange, describeMoves, type Move, movesOf } from './moves.ts';
import { type Correction, corrected, type StatisticName } from './statistics.ts';
import { type Calibration, judge, predictionOf } from './thresholds.ts';

export interface Window {
  /** Baselines of one release, one per feature. */
  readonly baseline: readonly Baseline[];
  readonly histogram: readonly HistogramBin[];
  /** A window, or a feature of it, with fewer messages is not judged. */
  readonly samplesMin: number;
  /** From where on a change matters, whatever chance does (thresholds.ts); statistics left out have usual ones. */
  readonly thresholds: Readonly<Partial<Record<StatisticName, number>>>;
  /** χ², PSI and Jensen–Shannon where absent. Those of ordered bins pass over features without an order. */
  readonly statistics?: readonly StatisticName[];
  /** Statistics of the texts themselves, with p-values of each by itself (text/sketch.ts). */
  readonly ofTexts?: readonly Statistic[];
  /** Corrected p-values from this on are chance; 0.01 where absent. */
  readonly falseAlarmRate?: number;
  /** Thresholds from a wanted rate of false alarms instead of fixed ones, and that rate for p-values. */
  readonly calibration?: Calibration;
  /** Of p-values, for the number of features; Holm’s where absent. */
  readonly correction?: Correction;
  /** Share of drifted features of the texts from which a window has drifted; 0.1 where absent. */
  readonly dataThreshold?: number;
  /** Jensen–Shannon distance of labels or confidence from which a window has drifted; 0.05 where absent. */
  readonly predictionThreshold?: number;
}

/** What a drift report says of a window, without its identity and times. */
export interface Comparison
  extends Pick<
    DriftReport,
    'samples' | 'baselineSamples' | 'verdict' | 'dataScore' | 'predictionScore' | 'statistics' | 'summary'
  > {
  /** Parts of the traffic that moved most, of the drifted features, the largest move first. */
  readonly moves: readonly Move[];
}

interface Feature {
  readonly baseline: Baseline;
  readonly aligned: Aligned;
}

interface Compared {
  readonly feature: string;
  readonly statistics: readonly Statistic[];
  readonly moves: readonly Move[];
}

const movesMax = 8;

/** What a release says itself. */
const predictions: ReadonlySet<string> = new Set(['label', 'confidence']);

/** What a release’s own histograms hold: as many counts as messages that it answered. */
const answered: ReadonlySet<string> = new Set(['label', 'confidence', 'language', 'length']);

/** What alone decides: the answers, the two features that every release is frozen with, and the texts as a whole. */
const decisive: ReadonlySet<string> = new Set([...answered, 'vocabulary', 'domain']);

/**
 * Compares a window with the baselines of a release, feature by feature.
 *
 * A statistic has drifted when its value reaches its threshold and its p-value, corrected for the number of features, is
 * below the rate of false alarms. A window has drifted when any statistic of label, confidence, language, length, vocabulary
 * or domain has; when the share of the features of the texts that have (`dataScore`) reaches the data threshold; or when
 * the Jensen–Shannon distance of label or confidence (`predictionScore` is the larger) reaches the prediction threshold
 * and is significant by χ². Features without enough messages are left out.
 */
export function compareWindow(window: Window): Comparison {
  const { baseline, histogram, samplesMin, dataThreshold = 0.1 } = window;
  const features = baseline.map((feature) => ({ baseline: feature, aligned: alignBins(feature, histogram) }));
  const own = features.filter(({ baseline: { feature } }) => answered.has(feature));
  const samples = Math.max(0, ...(own.length > 0 ? own : features).map(({ aligned }) => messagesOf(aligned)));
  const baselineSamples = Math.max(0, ...baseline.map((feature) => feature.samples));
  const size = { samples, baselineSamples };
  if (samples === 0 || samples < samplesMin) {
    const summary = `${samples} messages are too few to judge; ${samplesMin} are needed.`;
    const nothing = { dataScore: null, predictionScore: null, statistics: [], moves: [] };
    return { ...size, ...nothing, verdict: 'too-few-samples', summary };
  }
  const enough = features.filter(
    ({ aligned }) => messagesOf(aligned) >= Math.max(1, samplesMin) && sum(aligned.expected) > 0,
  );
  const compared = compareAll(enough, window);
  const dataScore = dataScoreOf(compared);
  const prediction = predictionOf(enough, window, significantIn(enough, window));
  const drifted =
    compared.some((each) => decisive.has(each.feature) && hasDrifted(each)) ||
    (dataScore !== null && dataScore > 0 && dataScore >= dataThreshold) ||
    prediction?.drifted === true;
  return {
    ...size,
    verdict: drifted ? 'drifted' : 'stable',
    dataScore,
    predictionScore: prediction?.score ?? null,
    statistics: compared.flatMap(({ statistics }) => statistics),
    ...tell(compared, { drifted, samples, farthest: prediction?.drifted ? prediction.feature : null }),
  };
}

/** Statistics of everything with enough messages, their p-values corrected. */
function compareAll(features: readonly Feature[], window: Window): readonly Compared[] {
  const { ofTexts = [] } = window;
  const judged = judge(features, window);
  const names = [...new Set(judged.map(({ statistic }) => statistic))];
  const ofCounts = names.flatMap((name) =>
    correctedFor(
      window,
      judged.filter(({ statistic }) => statistic === name),
    ),
  );
  const texts = ofTexts.map((each) => ({ ...each, reached: each.drifted }));
  const besideTexts = judged.filter(({ statistic }) => statistic === names[0]);
  const found = [...ofCounts, ...correctedFor({ ...window, ofTexts: besideTexts }, texts)];
  return [...new Set(found.map(({ feature }) => feature))].map((feature) => {
    const of = features.find(({ baseline }) => baseline.feature === feature);
    const statistics = found.filter((each) => each.feature === feature);
    return { feature, statistics, moves: of ? movesOf(of.baseline, of.aligned) : [] };
  });
}

type Tested = Pick<Window, 'correction' | 'falseAlarmRate' | 'calibration'> & {
  /** What else is tested in the window. */
  readonly ofTexts?: readonly Pick<Statistic, 'pValue'>[];
};

/**
 * One statistic of several features, with its p-values corrected for all of them and for the statistics of the texts.
 * Several statistics of one feature look at the same change: they are no further tests.
 */
function correctedFor<T extends Omit<Statistic, 'drifted'> & { readonly reached: boolean }>(
  { correction = 'holm', ofTexts = [], falseAlarmRate = 0.01, calibration }: Tested,
  same: readonly T[],
): readonly Statistic[] {
  const pValues = corrected(
    [...same, ...ofTexts].map(({ pValue }) => pValue),
    correction,
  );
  return same.map(({ reached, ...statistic }, at) => {
    const pValue = pValues[at] ?? null;
    const isRare = pValue === null || pValue < (calibration?.falseAlarmRate ?? falseAlarmRate);
    return { ...statistic, pValue, drifted: reached && isRare };
  });
}

/** Tells of a feature whether χ² finds that it moved at all. */
function significantIn(features: readonly Feature[], window: Window): (feature: string) => boolean {
  const { samplesMin } = window;
  const judged = judge(features, { samplesMin, statistics: ['chi-square'], thresholds: { 'chi-square': 0 } });
  const moved = correctedFor(window, judged).filter(({ drifted }) => drifted);
  return (feature) => moved.some((each) => each.feature === feature);
}

/** Share of the features of the texts, those that no release has a say in, of which a statistic has drifted. */
function dataScoreOf(compared: readonly Compared[]): number | null {
  const ofTexts = compared.filter(({ feature }) => !predictions.has(feature));
  return ofTexts.length === 0 ? null : ofTexts.filter(hasDrifted).length / ofTexts.length;
}

interface Outcome {
  readonly drifted: boolean;
  readonly samples: number;
  /** Label or confidence, where the prediction threshold alone may have decided. */
  readonly farthest: string | null;
}

function tell(
  compared: readonly Compared[],
  { drifted, samples, farthest }: Outcome,
): Pick<Comparison, 'summary' | 'moves'> {
  const excess = ({ statistics }: Compared): number =>
    Math.max(...statistics.map(({ value, threshold }) => (threshold > 0 ? value / threshold : value)));
  const ordered = [...compared].sort((a, b) => excess(b) - excess(a));
  const moved = drifted ? ordered.filter((each) => hasDrifted(each) || each.feature === farthest) : [];
  if (moved.length > 0) {
    const moves = moved.flatMap((each) => each.moves).sort(byChange);
    return { summary: moved.map(describe).join('; '), moves: moves.slice(0, movesMax) };
  }
  const [nearest] = ordered[0]?.statistics ?? [];
  if (nearest === undefined)
    return { summary: `No feature of ${samples} messages has a baseline to compare with.`, moves: [] };
  return {
    summary: `Nothing moved in ${samples} messages; nearest is ${describeStatistic(nearest)}.`,
    moves: [],
  };
}

/** “language: ar 3 % → 31 %”, or the statistic where no part of the traffic can be named. */
function describe({ feature, statistics, moves }: Compared): string {
  if (moves.length > 0) return describeMoves(feature, moves);
  return statistics
    .filter(({ drifted }) => drifted)
    .map(describeStatistic)
    .join(', ');
}

const describeStatistic = ({ feature, statistic, value, threshold }: Statistic): string =>
  `${feature}, ${statistic === 'psi' ? 'PSI' : statistic} ${value.toFixed(3)} of ${threshold.toFixed(3)}`;

const hasDrifted = ({ statistics }: Compared): boolean => statistics.some(({ drifted }) => drifted);

const messagesOf = ({ actual, missing }: Aligned): number => sum(actual) + missing.actual;
