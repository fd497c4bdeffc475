// What may ask for retraining: each cause looks at what is stored and names what it rests on, or finds nothing.
import {
  countLabels,
  type LabelledError,
  readAccuracy,
  readRecentErrors,
} from '../../connectors/clickhouse/labels.ts';
import type { Clickhouse } from '../../connectors/clickhouse.ts';
import { detectors } from '../../processors/drift/online/detectors.ts';
import { wilson } from '../../trainers/evaluation/proportion.ts';
import type { Cause } from '../configuration/retraining-settings.ts';
import type { TaskRules } from './rules.ts';

/** A task whose release is looked at. */
export interface Watched {
  readonly task: string;
  /** The release that serves, `task@version`. */
  readonly release: string;
  readonly givesScores: boolean;
  readonly rules: TaskRules;
  /** What came before is known already: the end of the last training or experiment, or when the release began; 0 for neither. */
  readonly since: number;
  /** When this process began to look, ms since 1970. */
  readonly watchedSince: number;
  readonly now: number;
  /** Drift jobs that look at every tenant by itself. */
  readonly jobsApart: readonly string[];
}

/** A request as it is put. */
export interface Asked {
  readonly cause: Cause;
  /** What tells it from other requests of the task, the same in whichever process it is noticed. */
  readonly of: string;
  readonly reason: string;
  readonly evidence: Readonly<Record<string, string>>;
}

type Look = (
  clickhouse: Pick<Clickhouse, 'query'>,
  watched: Watched,
) => Promise<Omit<Asked, 'cause'> | null> | Omit<Asked, 'cause'> | null;

/** The first cause that holds, in the order of the settings; null where none does. Throws `Retryable`. */
export async function causeFor(
  clickhouse: Pick<Clickhouse, 'query'>,
  watched: Watched,
): Promise<Asked | null> {
  for (const cause of watched.rules.triggers) {
    const found = await looks[cause](clickhouse, watched);
    if (found !== null) return { cause, ...found };
  }
  return null;
}

const looks: Readonly<Record<Cause, Look>> = {
  drift: lookAtReports,
  error: lookAtScores,
  accuracy: lookAtAccuracy,
  labels: lookAtNumber,
  schedule: lookAtClock,
  detector: lookAtStream,
};

interface StoredReport {
  readonly id: string;
  readonly job: string;
  readonly kind: string | null;
  readonly verdict: string;
  readonly summary: string;
  readonly windowStart: number;
  readonly windowEnd: number;
  readonly samples: number;
  readonly dataScore: number | null;
  readonly predictionScore: number | null;
}

/**
 * The last reports of each job and kind about the release that could judge at all, made since the task rests. What a
 * job says of single tenants asks for no other model of everybody’s.
 */
async function lookAtReports(
  clickhouse: Pick<Clickhouse, 'query'>,
  { release, rules, since, jobsApart }: Watched,
) {
  const wanted = rules.driftReportsMin;
  const reports = await clickhouse.query<StoredReport>(
    `SELECT id, job, kind, verdict, summary, toUnixTimestamp64Milli(reports.windowStart) AS windowStart,
       toUnixTimestamp64Milli(reports.windowEnd) AS windowEnd, samples, dataScore, predictionScore
     FROM (
       SELECT * FROM drift_reports
       WHERE release = {release:String} AND verdict != 'too-few-samples'
         AND ingestTime > fromUnixTimestamp64Milli({since:Int64})
         AND tenant = 'default' AND job NOT IN {jobsApart:Array(String)}
       ORDER BY drift_reports.windowEnd DESC, id LIMIT 1 BY id
     ) AS reports
     ORDER BY reports.windowEnd DESC, job, kind, id LIMIT {wanted:UInt64} BY job, kind`,
    { release, since, wanted, jobsApart },
  );
  const groups = new Map<string, StoredReport[]>();
  for (const report of reports) {
    const key = JSON.stringify([report.job, report.kind]);
    groups.set(key, [...(groups.get(key) ?? []), report]);
  }
  const drifted = [...groups.values()].find(
    (group) => group.length === wanted && group.every(({ verdict }) => verdict === 'drifted'),
  );
  if (drifted === undefined) return null;
  const [newest] = drifted;
  const { id, job, kind, summary, windowStart, windowEnd, samples, dataScore, predictionScore } = newest!;
  return {
    of: id,
    reason: `${release} meets another world than it was released for: ${summary}`,
    evidence: {
      reports: drifted.map((report) => report.id).join(','),
      job,
      ...(kind === null ? {} : { kind }),
      windowStart: timeOf(windowStart),
      windowEnd: timeOf(windowEnd),
      samples: String(samples),
      ...(dataScore === null ? {} : { dataScore: String(dataScore) }),
      ...(predictionScore === null ? {} : { predictionScore: String(predictionScore) }),
    },
  };
}

/** The last labelled scores of the release that serves, all of them since the task rests. */
async function lookAtScores(clickhouse: Pick<Clickhouse, 'query'>, watched: Watched) {
  const { release, rules, givesScores } = watched;
  const { errorLast: last, errorPointsMax } = rules;
  if (!givesScores) return null;
  const errors = await errorsOf(clickhouse, watched, last);
  if (errors.length < last) return null;
  const mean = errors.reduce((sum, { error }) => sum + error, 0) / errors.length;
  if (mean <= errorPointsMax) return null;
  return {
    of: errors.at(-1)!.messageId,
    reason: `the last ${last} labelled scores of ${release} are off by ${mean.toFixed(1)} points on average, more than ${errorPointsMax}`,
    evidence: { meanError: mean.toFixed(3), threshold: String(errorPointsMax), ...spanOf(errors) },
  };
}

/** Chance is left its part: the upper end of the interval has to be below. */
async function lookAtAccuracy(clickhouse: Pick<Clickhouse, 'query'>, watched: Watched) {
  const { task, release, rules, givesScores, since, now } = watched;
  const { accuracyMin, accuracySamplesMin, spanMs } = rules;
  if (givesScores || accuracyMin === 0) return null;
  const from = Math.max(since, now - spanMs);
  const releases = await readAccuracy(clickhouse, { task, from, to: now + clockErrorMs });
  const { labelled = 0, correct = 0 } = releases.find((found) => found.release === release) ?? {};
  const { low, high } = wilson(Number(correct), Number(labelled));
  if (labelled < accuracySamplesMin || high >= accuracyMin) return null;
  const accuracy = Number(correct) / Number(labelled);
  return {
    of: `${from}/${labelled}`,
    reason: `${percent(accuracy)} of ${labelled} labelled answers of ${release} are right (${percent(low)} to ${percent(high)}), less than ${percent(accuracyMin)}`,
    evidence: {
      accuracy: accuracy.toFixed(4),
      interval: `${low.toFixed(4)}–${high.toFixed(4)}`,
      labelled: String(labelled),
      threshold: String(accuracyMin),
      windowStart: timeOf(from),
      windowEnd: timeOf(now),
    },
  };
}

async function lookAtNumber(clickhouse: Pick<Clickhouse, 'query'>, { task, rules, since, now }: Watched) {
  const span = { task, since: lookedBack(since, now) };
  const labels = await countLabels(clickhouse, { ...span, above: rules.labelsNew });
  if (labels === null) return null;
  return {
    of: `${since}`,
    reason: `more than ${rules.labelsNew} labels arrived since the last training`,
    evidence: { labels: String(labels), threshold: String(rules.labelsNew), since: timeOf(since) },
  };
}

/** At whole multiples of the span: every process finds the same instant, and one that was down makes up for it. */
function lookAtClock(_: unknown, { task, rules, since, watchedSince, now }: Watched) {
  const { scheduleMs } = rules;
  if (scheduleMs === 0) return null;
  const due = Math.floor(now / scheduleMs) * scheduleMs;
  if (due <= (since || watchedSince)) return null;
  return {
    of: String(due),
    reason: `the schedule of ${task} asks every ${scheduleMs / 3_600_000} hours`,
    evidence: { due: timeOf(due), everyMs: String(scheduleMs) },
  };
}

/** A detector of change that is shown the errors of the release in the order of their labels; only a rise asks. */
async function lookAtStream(clickhouse: Pick<Clickhouse, 'query'>, watched: Watched) {
  const { release, rules } = watched;
  const errors = await errorsOf(clickhouse, watched, rules.detectorLast);
  const change = changeIn(errors.map(({ error }) => error / 100));
  if (change === null) return null;
  const { at, before, after } = change;
  return {
    of: errors[at]!.messageId,
    reason: `the error of ${release} has risen from ${percent(before)} to ${percent(after)}, says ADWIN after ${at + 1} of ${errors.length} labelled answers`,
    evidence: {
      detector: 'adwin',
      before: before.toFixed(4),
      after: after.toFixed(4),
      message: errors[at]!.messageId,
      ...spanOf(errors),
    },
  };
}

/** The last place where the detector says that the error has risen, and its mean before and since. */
function changeIn(errors: readonly number[]) {
  const detector = detectors.adwin();
  let found: { readonly at: number; readonly before: number; readonly after: number } | null = null;
  let begun = 0;
  for (const [at, error] of errors.entries()) {
    if (detector.update(error) !== 'drift') continue;
    const before = mean(errors.slice(begun, at + 1));
    const after = mean(errors.slice(Math.max(begun, at + 1 - recentErrors), errors.length));
    found = after > before ? { at, before, after } : null;
    begun = at + 1;
  }
  return found;
}

/** Errors before the alarm that belong to the new time: what it took the detector to be sure. */
const recentErrors = 64;

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

async function errorsOf(
  clickhouse: Pick<Clickhouse, 'query'>,
  { task, release, since, now }: Watched,
  last: number,
): Promise<readonly LabelledError[]> {
  const errors = await readRecentErrors(clickhouse, { task, last, since: lookedBack(since, now) });
  return errors.filter((error) => error.release === release && error.labelledAt > since);
}

/** Feedback that arrived earlier says nothing about now, and would be read at every look. */
const lookBackMs = 90 * 86_400_000;
const lookedBack = (since: number, now: number): number => Math.max(since, now - lookBackMs);

const spanOf = (errors: readonly LabelledError[]) => ({
  labelled: String(errors.length),
  windowStart: timeOf(errors[0]!.labelledAt),
  windowEnd: timeOf(errors.at(-1)!.labelledAt),
});

/** How far the clocks of those who send messages may be ahead. */
const clockErrorMs = 3_600_000;

const timeOf = (ms: number): string => new Date(ms).toISOString();
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
