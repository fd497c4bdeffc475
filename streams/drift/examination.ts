// Looks at one window of one job: every release that answered in it, against the baselines it was released with.
// Everything is read from counts per minute; only the examples of a window that drifted are read from messages, and of
// those a bounded number.
import { readExampleIds } from '../../connectors/clickhouse/drift-examples.ts';
import { readConfidences } from '../../connectors/clickhouse/drift-windows.ts';
import {
  type Answering,
  type HistogramBin,
  type HistogramSpan,
  readAnswering,
  readBaselines,
  readHistogram,
} from '../../connectors/clickhouse/histograms.ts';
import { readAccuracy } from '../../connectors/clickhouse/labels.ts';
import type { Move } from '../../processors/drift/moves.ts';
import { compareWindow } from '../../processors/drift/window.ts';
import type { Baseline } from '../../schemas/baseline.ts';
import type { DriftReport, Statistic } from '../../schemas/drift-report.ts';
import { type Kind, kinds } from '../../schemas/features.ts';
import { derivedId, derivedTraceparent } from '../../schemas/identity.ts';
import type { Span } from '../drift.ts';
import type { Stack } from '../stack.ts';
import { type DriftJob, looksAt, taskOf } from './jobs.ts';
import { recommendationsFor } from './recommendations.ts';
import { textDrift } from './text-drift.ts';

/** Moved parts that examples are taken from, and how many of each. */
const slicesShown = 5;
const examplesPerSlice = 3;

/** What an examination needs of the open system: it only reads. */
type Readable = Pick<Stack, 'clickhouse' | 'configuration' | 'now'>;

/** The part of the traffic that one report is about. */
interface Part {
  readonly release: string;
  /** '' where counts are from before kinds were kept apart. */
  readonly kind: string;
  /** Null: every tenant. */
  readonly tenant: string | null;
}

/** Reports on a window, one per release and kind of message that has a baseline; nothing is published. */
export async function reportsOn(stack: Readable, job: DriftJob, span: Span): Promise<readonly DriftReport[]> {
  const reports: DriftReport[] = [];
  const accuracies = new Map<string, Accuracies>();
  const answering = await readAnswering(stack.clickhouse, span);
  for (const part of partsOf(job, answering)) {
    const task = taskOf(part.release);
    if (!accuracies.has(task)) accuracies.set(task, await accuraciesOf(stack, task, span));
    const examined = { job, span, accuracies: accuracies.get(task)!, answering };
    const report = await reportOn(stack, examined, part);
    if (report) reports.push(report);
  }
  return reports;
}

type Accuracies = Awaited<ReturnType<typeof readAccuracy>>;

/** What one examination looks at, and knows of the task already. */
interface Examined {
  readonly job: DriftJob;
  readonly span: Span;
  readonly accuracies: Accuracies;
  readonly answering: readonly Answering[];
}

function partsOf(job: DriftJob, answering: readonly Answering[]): readonly Part[] {
  const parts = new Map<string, Part>();
  for (const { release, kind, tenant } of answering) {
    if (!looksAt(job, release) || (job.kind !== null && kind !== job.kind)) continue;
    const part = { release, kind, tenant: job.tenants === 'apart' ? tenant : null };
    parts.set(JSON.stringify(part), part);
  }
  return [...parts.values()];
}

/** Null for a release without a baseline for such messages. */
async function reportOn(
  stack: Readable,
  { job, span: { from, to }, accuracies, answering }: Examined,
  part: Part,
): Promise<DriftReport | null> {
  const { clickhouse } = stack;
  const { release, kind, tenant } = part;
  const baseline = baselineFor(await readBaselines(clickhouse, release), kind, job.features);
  if (baseline.length === 0) return null;
  const span = { release, from, to, kind, ...(tenant === null ? {} : { tenant }) };
  const id = derivedId('drift', job.name, release, kind, tenant ?? '', String(from), String(to));
  const counted = await readHistogram(clickhouse, { ...span, withTexts: true });
  const histogram = isLanguageTold(counted, answering, kind)
    ? counted
    : counted.filter(({ feature }) => feature !== 'language');
  const ofTexts = await textsOf(stack, job, span, kind);
  const compared = { ...job, baseline, histogram, ofTexts, ...calibrationOf(job, id) };
  const { moves, ...found } = compareWindow(compared);
  const expectedAccuracy = await expectedOf(stack, span);
  // Labels are counted over all tenants, which is nothing to tell one of them.
  const labels = tenant === null ? accuracyOf(release, accuracies) : { accuracy: null, labelled: null };
  const said = { release, ...found, expectedAccuracy, ...labels };
  return {
    id,
    tenant: tenant ?? 'default',
    eventTime: to,
    ingestTime: stack.now(),
    source: 'drift',
    traceparent: derivedTraceparent(id),
    job: job.name,
    kind: isKind(kind) ? kind : null,
    windowStart: from,
    windowEnd: to,
    ...said,
    slices: moves.map(({ feature, bin, before, after }) => ({ feature, bin, before, after })),
    examples: await examplesOf(stack, span, moves),
    recommendations: recommendationsFor(said, moves),
  };
}

/** Whether anybody was asked for the language: where no model was, it is unknown of every message, which is no drift. */
const isLanguageTold = (
  histogram: readonly HistogramBin[],
  answering: readonly Answering[],
  kind: string,
): boolean =>
  answering.some((each) => each.kind === kind && taskOf(each.release) === 'language') ||
  histogram.some(({ feature, bin }) => feature === 'language' && bin !== 'und');

/** What the texts themselves say, where the job asks for all features or for these. */
async function textsOf(
  stack: Readable,
  { features }: DriftJob,
  span: HistogramSpan,
  kind: string,
): Promise<readonly Statistic[]> {
  const isAsked = (feature: string): boolean => features?.includes(feature) ?? true;
  if (!isKind(kind) || !(isAsked('vocabulary') || isAsked('domain'))) return [];
  return (await textDrift(stack, { ...span, kind })).filter(({ feature }) => isAsked(feature));
}

const isKind = (kind: string): kind is Kind => (kinds as readonly string[]).includes(kind);

/** Baselines of such messages; those of any messages where a feature has no others. */
export function baselineFor(
  baselines: readonly Baseline[],
  kind: string,
  features: readonly string[] | null,
): readonly Baseline[] {
  const byFeature = new Map<string, Baseline>();
  for (const baseline of baselines) {
    const { feature, messages } = baseline;
    if (features !== null && !features.includes(feature)) continue;
    if (messages === kind || (messages === undefined && !byFeature.has(feature)))
      byFeature.set(feature, baseline);
  }
  return [...byFeature.values()];
}

/** Draws that depend on the window alone: looked at twice, it is judged alike. */
function calibrationOf(
  { calibrated, falseAlarmRate }: DriftJob,
  id: string,
): Pick<Parameters<typeof compareWindow>[0], 'calibration'> {
  if (!calibrated) return {};
  return { calibration: { falseAlarmRate, random: randomFrom(Number.parseInt(id.slice(0, 8), 16)) } };
}

/** Uniform numbers from a seed: mulberry32 (Ettinger, 2017). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * How right the answers should be by their own calibrated confidences: their mean (processors/drift/expected-accuracy.ts).
 * The sums are exact, so nothing is lost to the bins.
 */
async function expectedOf({ clickhouse }: Readable, span: HistogramSpan): Promise<number | null> {
  const bins = await readConfidences(clickhouse, span);
  const results = bins.reduce((all, { count }) => all + count, 0);
  return results === 0 ? null : bins.reduce((all, { sum }) => all + sum, 0) / results;
}

/** Accuracy by the labels that came so far. Without any, messages are not looked through for them. */
async function accuraciesOf({ clickhouse }: Readable, task: string, { from, to }: Span): Promise<Accuracies> {
  const [any] = await clickhouse.query(
    'SELECT 1 AS one FROM feedback WHERE task = {task:String} AND ingestTime >= fromUnixTimestamp64Milli({from:Int64}) LIMIT 1',
    { task, from },
  );
  return any ? readAccuracy(clickhouse, { task, from, to }) : [];
}

function accuracyOf(release: string, accuracies: Accuracies): Pick<DriftReport, 'accuracy' | 'labelled'> {
  const known = accuracies.find((each) => each.release === release);
  if (!known || known.labelled === 0) return { accuracy: null, labelled: 0 };
  return { accuracy: known.correct / known.labelled, labelled: known.labelled };
}

async function examplesOf(
  { clickhouse }: Readable,
  span: HistogramSpan,
  moves: readonly Move[],
): Promise<readonly string[]> {
  const grown = moves.filter(({ before, after }) => after > before).slice(0, slicesShown);
  const ids = new Set<string>();
  for (const move of grown)
    for (const id of await readExampleIds(clickhouse, span, move, examplesPerSlice)) ids.add(id);
  return [...ids];
}
