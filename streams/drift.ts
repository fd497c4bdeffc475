// The drift job: whole windows of what each release answers, against what it was released with. A window that has
// moved gives a report, an alert and a request for retraining that names the report as its evidence.
import { readBaselines, readHistogram, readReleases } from '../connectors/clickhouse/histograms.ts';
import { compareWindow } from '../processors/drift/window.ts';
import type { Alert } from '../schemas/alert.ts';
import type { DriftReport } from '../schemas/drift-report.ts';
import { derivedId, derivedTraceparent } from '../schemas/identity.ts';
import type { ModelEvent } from '../schemas/model-event.ts';
import type { Message } from '../schemas/topic.ts';
import type { Stack } from './stack.ts';

const job = 'window';

/** A release that keeps drifting is told of once in this time. */
const quietSeconds = 3_600;

export interface Span {
  /** First instant, ms since 1970, on a whole minute. */
  readonly from: number;
  /** First instant after it, ms since 1970, on a whole minute. */
  readonly to: number;
}

/** Examines one window of every release that answered in it, publishes what was found, and returns the reports. */
export async function examineWindow(stack: Stack, span: Span): Promise<readonly DriftReport[]> {
  const reports: DriftReport[] = [];
  for (const release of await readReleases(stack.clickhouse, span)) {
    const report = await reportOn(stack, release, span);
    if (report) reports.push(report);
  }
  await publishAll(stack, 'drift-reports', reports);
  const news: DriftReport[] = [];
  for (const report of reports)
    if (report.verdict === 'drifted' && (await isNews(stack, report))) news.push(report);
  await publishAll(stack, 'alerts', news.map(alertOf));
  await publishAll(stack, 'model-events', news.map(retrainingOf));
  for (const { release, verdict } of reports) stack.metrics.driftReports.add({ release, verdict });
  return reports;
}

/** Whether a drifted release has not been told of in the last hour; a cache that is down tells again. */
async function isNews({ cache }: Stack, { release, id }: DriftReport): Promise<boolean> {
  const key = `drift-told/${release}`;
  if (await cache.get(key)) return false;
  await cache.set(key, Buffer.from(id), quietSeconds);
  return true;
}

/** Null for a release without a baseline. */
async function reportOn(stack: Stack, release: string, { from, to }: Span): Promise<DriftReport | null> {
  const { clickhouse, configuration, metrics } = stack;
  const baseline = await readBaselines(clickhouse, release);
  if (baseline.length === 0) return null;
  const histogram = await readHistogram(clickhouse, { release, from, to });
  const found = compareWindow({
    baseline,
    histogram,
    samplesMin: configuration.drift.samplesMin,
    thresholds: {
      psi: configuration.drift.psiThreshold,
      jensenShannon: configuration.drift.jensenShannonThreshold,
    },
  });
  for (const { feature, statistic, value } of found.statistics)
    metrics.driftStatistic.set({ release, feature, statistic }, value);
  const id = derivedId('drift', job, release, String(from), String(to));
  return {
    ...origin(id, to, stack),
    job,
    release,
    kind: null,
    windowStart: from,
    windowEnd: to,
    dataScore: null,
    predictionScore: null,
    expectedAccuracy: null,
    accuracy: null,
    labelled: null,
    slices: null,
    examples: null,
    recommendations: null,
    ...found,
  };
}

function alertOf(report: DriftReport): Alert {
  return {
    ...envelopeOf(report, 'alert'),
    rule: `drift/${report.release}`,
    severity: 'warning',
    state: 'firing',
    summary: `${report.release} sees other traffic than it was trained for: ${report.summary}`,
    group: report.release,
    evidence: evidenceOf(report),
  };
}

function retrainingOf(report: DriftReport): ModelEvent {
  const [task = report.release] = report.release.split('@');
  return {
    ...envelopeOf(report, 'retraining'),
    subject: `${report.release}/retraining-requested`,
    event: 'retraining-requested',
    task,
    release: report.release,
    request: null,
    experiment: null,
    by: 'drift',
    reason: report.summary,
    evidence: evidenceOf(report),
  };
}

const evidenceOf = (report: DriftReport): Record<string, string> => ({
  driftReport: report.id,
  windowStart: new Date(report.windowStart).toISOString(),
  windowEnd: new Date(report.windowEnd).toISOString(),
  samples: String(report.samples),
});

const origin = (id: string, eventTime: number, stack: Stack) => ({
  id,
  tenant: 'default',
  eventTime,
  ingestTime: stack.now(),
  source: 'drift',
  traceparent: derivedTraceparent(id),
});

/** What a report leads to carries the report’s trace. */
const envelopeOf = (
  { id, tenant, eventTime, ingestTime, source, traceparent }: DriftReport,
  what: string,
) => ({
  id: derivedId(id, what),
  tenant,
  eventTime,
  ingestTime,
  source,
  traceparent,
});

async function publishAll(stack: Stack, topic: string, messages: readonly Message[]): Promise<void> {
  if (messages.length === 0) return;
  await stack.log.publish([{ topic, records: stack.wire.encode(topic, messages, stack.now()) }]);
}
