// Examines window after window of every declared job, each once. Event time decides when: a window is over when its end
// has passed and a message from after its end is stored, or nothing is on its way any more. So a replay of last year is
// judged as last year was.
import { readAnsweredSteps, readReach } from '../connectors/clickhouse/drift-windows.ts';
import type { Clickhouse } from '../connectors/clickhouse.ts';
import type { DriftReport } from '../schemas/drift-report.ts';
import { type DriftJob, driftJobs } from './drift/jobs.ts';
import { examineWindow, type Span } from './drift.ts';
import type { Stack } from './stack.ts';

/** Windows without a report that are remembered, so that they are not looked at again and again. */
const silentMax = 10_000;

/** Starts the jobs; what is returned stops them and waits for an examination that is under way. */
export async function startDriftJob(stack: Stack): Promise<() => Promise<void>> {
  const { configuration, logger } = stack;
  const silent = new Set<string>();
  let running: Promise<unknown> = Promise.resolve();
  let busy = false;
  let stopped = false;
  const tick = async () => {
    try {
      for (const window of await dueWindows(stack, (due) => silent.has(keyOf(due)))) {
        if (stopped) return;
        const reports = await examineWindow(stack, window, window.job);
        if (reports.length > 0) logger.info(summaryOf(window, reports), 'drift window examined');
        else silent.add(keyOf(window));
      }
      if (silent.size > silentMax) silent.clear();
    } catch (error) {
      logger.error({ err: error }, 'a drift window could not be examined; the next tick tries again');
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    running = tick();
  }, configuration.drift.everyMs);
  return async () => {
    stopped = true;
    clearInterval(timer);
    await running;
  };
}

const keyOf = ({ job, to }: DueWindow): string => `${job.name}/${to}`;

const summaryOf = ({ job, to }: DueWindow, reports: readonly DriftReport[]) => ({
  job: job.name,
  windowEnd: new Date(to).toISOString(),
  drifted: reports.filter(({ verdict }) => verdict === 'drifted').map(({ release }) => release),
  stable: reports.filter(({ verdict }) => verdict === 'stable').length,
});

export interface DueWindow extends Span {
  readonly job: DriftJob;
}

/** Windows of one job that are examined at one time; the others wait for the next. */
const windowsMax = 24;

type Reach = NonNullable<Awaited<ReturnType<typeof readReach>>>;

/**
 * Windows that are over, hold answers and have no report, of every job, oldest first. Everything after a job’s last
 * report is caught up; before it, what came late into the last 24 steps. A new job begins 24 steps back. `skip` leaves
 * out windows that need no second look.
 */
export async function dueWindows(
  stack: Pick<Stack, 'clickhouse' | 'configuration' | 'now'>,
  skip: (window: DueWindow) => boolean = () => false,
): Promise<readonly DueWindow[]> {
  const { clickhouse, configuration, now } = stack;
  const reach = await readReach(clickhouse);
  if (!reach) return [];
  const isOver = over(reach, now(), configuration.drift.latenessMs);
  const due: DueWindow[] = [];
  for (const job of driftJobs(configuration)) {
    const reported = await readReported(clickhouse, job.name);
    const windows = (await windowsWithAnswers(clickhouse, job, { reach, reported, now: now() }))
      .filter(({ to }) => isOver(to))
      .filter((window) => !isReported(job, window, reported))
      .map((window) => ({ ...window, job }))
      .filter((window) => !skip(window));
    due.push(...windows.slice(0, windowsMax));
  }
  return due;
}

/** Whether messages from before an instant have arrived, as far as one can know. */
function over({ eventMinute, ingestTime }: Reach, now: number, latenessMs: number): (to: number) => boolean {
  const isIdle = now - ingestTime >= latenessMs;
  return (to) => now >= to + latenessMs && (isIdle || eventMinute >= to);
}

interface Known {
  readonly reach: Reach;
  readonly reported: readonly Span[];
  readonly now: number;
}

/** Every window of a job that an answer fell into, oldest first. */
async function windowsWithAnswers(
  clickhouse: Clickhouse,
  { sizeMs, stepMs }: DriftJob,
  { reach, reported, now }: Known,
): Promise<readonly Span[]> {
  const horizon = Math.min(reach.eventMinute, now) - windowsMax * stepMs - sizeMs;
  const last = reported.length === 0 ? horizon : reported.reduce((latest, { to }) => Math.max(latest, to), 0);
  const from = Math.max(0, Math.floor(Math.min(horizon, last) / stepMs) * stepMs);
  const steps = await readAnsweredSteps(clickhouse, { from, to: now, stepMs });
  const ends = new Set<number>();
  for (const at of steps) for (let to = at + stepMs; to <= at + sizeMs; to += stepMs) ends.add(to);
  return [...ends].sort((a, b) => a - b).map((to) => ({ from: to - sizeMs, to }));
}

/** Sliding windows overlap by their nature; any other that overlaps a report was judged in it, by hand or by other settings. */
const isReported = ({ window }: DriftJob, { from, to }: Span, reported: readonly Span[]): boolean =>
  reported.some((report) => (window === 'sliding' ? report.to === to : report.from < to && report.to > from));

const readReported = (clickhouse: Clickhouse, job: string): Promise<readonly Span[]> =>
  clickhouse.query<Span>(
    `SELECT DISTINCT toUnixTimestamp64Milli(windowStart) AS from, toUnixTimestamp64Milli(windowEnd) AS to
     FROM drift_reports WHERE job = {job:String}`,
    { job },
  );
