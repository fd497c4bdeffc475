// Labels that a model which has not seen the row disbelieves: confident learning (Northcutt, Jiang and Chuang 2021)
// over folds. A suspicion is a reason to look at a row, not to drop it.
import { setImmediate as yieldNow } from 'node:timers/promises';
import type { Example } from '../trainer.ts';
import { type Answering, type Fitted, featuresOf, fitLinear, type LinearRow } from './hashed-linear.ts';
import type { SetKind } from './manifest.ts';
import { foldOf, placeOf } from './partition.ts';

export interface Suspicion {
  readonly text: string;
  /** The answer of the row, and the probability the model gives it (in scores: the value it expects). */
  readonly given: string;
  readonly believed: number;
  /** What the model would have said, and how probable that is to it. */
  readonly suggested: string;
  readonly probability: number;
}

export interface SuspiciousLabels {
  readonly method: string;
  /** Rows that were looked at: a sample of larger sets. */
  readonly judged: number;
  readonly found: number;
  /** The most suspicious ones, the worst first. */
  readonly worst: readonly Suspicion[];
}

interface Doubt extends Suspicion {
  readonly severity: number;
}

const folds = 5;
const judgedMax = 20_000;
const shownMax = 50;
/** Mean probability of a label in rows that have it, from which its absence is believed. */
const knownMin = 0.5;
/** Robust standard deviations from which a score is suspicious. */
const deviations = 4;

/** Null for sets that have nothing to doubt: unlabelled ones, one label only, too few rows. */
export async function findSuspicious(
  given: readonly Example[],
  kind: SetKind,
  {
    seed,
    signal,
    onProgress,
  }: { seed: number; signal?: AbortSignal | undefined; onProgress?: (done: number) => void },
): Promise<SuspiciousLabels | null> {
  const examples = sampled(given, seed);
  const isScored = examples[0]?.values !== undefined;
  const labels = [...new Set(examples.flatMap((example) => example.labels))].sort();
  if (kind === 'unlabelled' || examples.length < 10 * folds || (!isScored && labels.length < 2)) return null;
  const answering = isScored ? 'identity' : kind === 'multi-label' ? 'sigmoid' : 'softmax';
  const scale = isScored ? scaleOf(examples) : { mean: 0, deviation: 1 };
  const rows = examples.map((example) => rowOf(example, labels, scale));
  const answers: Float32Array[] = new Array(rows.length);
  const fold = examples.map(({ text }) => foldOf(text, seed, folds));
  for (let held = 0; held < folds; held++) {
    signal?.throwIfAborted();
    // Lets Ctrl-C be heard between folds.
    await yieldNow();
    const learned = rows.filter((_, at) => fold[at] !== held);
    const answer: Fitted = fitLinear(learned, isScored ? 1 : labels.length, answering, seed);
    for (const [at, row] of rows.entries()) if (fold[at] === held) answers[at] = answer(row.features);
    onProgress?.((held + 1) / folds);
  }
  const doubts = doubtsOf(answering, { examples, labels, rows, answers, scale });
  doubts.sort((a, b) => b.severity - a.severity || (a.text < b.text ? -1 : 1));
  return {
    method: `cross-validated over ${folds} folds by a hashed linear model; ${isScored ? `off by more than ${deviations} robust standard deviations` : 'confident learning: another label reaches the mean confidence of its own rows'}`,
    judged: rows.length,
    found: doubts.length,
    worst: doubts.slice(0, shownMax).map(({ severity: _, ...doubt }) => doubt),
  };
}

/** The rows of the lowest places, in their own order. */
function sampled(examples: readonly Example[], seed: number): readonly Example[] {
  if (examples.length <= judgedMax) return examples;
  const share = judgedMax / examples.length;
  return examples.filter(({ text }) => placeOf(text, seed, 'balance') < share);
}

interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

function scaleOf(examples: readonly Example[]): Scale {
  const values = examples.map((example) => example.values![0]!);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) || 1 };
}

function rowOf(
  { text, second, labels: held, values }: Example,
  labels: readonly string[],
  scale: Scale,
): LinearRow {
  const features = featuresOf(second === undefined ? text : `${text}\n${second}`);
  if (values !== undefined)
    return { features, targets: Float32Array.of((values[0]! - scale.mean) / scale.deviation) };
  return { features, targets: Float32Array.from(labels, (label) => (held.includes(label) ? 1 : 0)) };
}

interface Judged {
  readonly examples: readonly Example[];
  readonly labels: readonly string[];
  readonly rows: readonly LinearRow[];
  readonly answers: readonly Float32Array[];
  readonly scale: Scale;
}

function doubtsOf(answering: Answering, judged: Judged): Doubt[] {
  if (answering === 'softmax') return doubtsOfOne(judged);
  return answering === 'sigmoid' ? doubtsOfEach(judged) : doubtsOfScores(judged);
}

/** One label a row: the rows of a label set the bar that others have to reach with it. */
function doubtsOfOne({ examples, labels, rows, answers }: Judged): Doubt[] {
  const bars = labels.map((_, label) => meanOf(answers, label, (at) => rows[at]!.targets[label] === 1));
  return examples.flatMap(({ text }, at) => {
    const answer = answers[at]!;
    const given = rows[at]!.targets.indexOf(1);
    const confident = labels.map((_, label) => label).filter((label) => answer[label]! >= bars[label]!);
    const suggested = confident.reduce(
      (best, label) => (best < 0 || answer[label]! > answer[best]! ? label : best),
      -1,
    );
    if (suggested < 0 || suggested === given || answer[suggested]! <= answer[given]!) return [];
    return [doubt(text, labels, answer, given, suggested)];
  });
}

const doubt = (
  text: string,
  labels: readonly string[],
  answer: Float32Array,
  given: number,
  suggested: number,
): Doubt => ({
  text,
  given: labels[given]!,
  believed: answer[given]!,
  suggested: labels[suggested]!,
  probability: answer[suggested]!,
  severity: answer[suggested]! - answer[given]!,
});

/** Several labels a row: each is doubted alone, both where it holds and where it does not. */
function doubtsOfEach({ examples, labels, rows, answers }: Judged): Doubt[] {
  return labels.flatMap((label, number) => {
    const holds = (at: number) => rows[at]!.targets[number] === 1;
    const barOn = Math.max(0.5, meanOf(answers, number, holds));
    const barOff = Math.min(
      0.5,
      meanOf(answers, number, (at) => !holds(at)),
    );
    // A label that the model hardly finds at all is improbable everywhere: that says nothing about a row.
    const isKnown = meanOf(answers, number, holds) >= knownMin;
    return examples.flatMap(({ text, labels: held }, at) => {
      const probability = answers[at]![number]!;
      const isDoubted = holds(at) ? isKnown && probability < barOff : probability > barOn;
      if (!isDoubted) return [];
      const suggested = holds(at) ? `not ${label}` : label;
      const likely = holds(at) ? 1 - probability : probability;
      return [
        {
          text,
          given: held.join(', '),
          believed: 1 - likely,
          suggested,
          probability: likely,
          severity: likely,
        },
      ];
    });
  });
}

function meanOf(answers: readonly Float32Array[], label: number, isCounted: (at: number) => boolean): number {
  let [sum, rows] = [0, 0];
  for (const [at, answer] of answers.entries())
    if (isCounted(at)) {
      sum += answer[label]!;
      rows += 1;
    }
  return rows === 0 ? 1 : sum / rows;
}

/** Scores: far from what is expected, measured by the median deviation of all (times 1.4826, a standard deviation). */
function doubtsOfScores({ examples, answers, scale }: Judged): Doubt[] {
  const expected = answers.map((answer) => answer[0]! * scale.deviation + scale.mean);
  const errors = examples.map(({ values }, at) => values![0]! - expected[at]!);
  const sizes = errors.map(Math.abs).sort((a, b) => a - b);
  const spread = 1.4826 * sizes[Math.floor(sizes.length / 2)]!;
  return examples.flatMap(({ text, values }, at) => {
    const severity = Math.abs(errors[at]!) / (spread || 1);
    if (severity <= deviations) return [];
    const suggested = expected[at]!.toFixed(1);
    return [
      { text, given: String(values![0]), believed: expected[at]!, suggested, probability: 0, severity },
    ];
  });
}
