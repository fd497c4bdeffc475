// Examines window after window by the clock, each once, a little after it has ended so that late messages count.
import type { DriftReport } from '../schemas/drift-report.ts';
import { examineWindow, type Span } from './drift.ts';
import type { Stack } from './stack.ts';

/** How long after its end a window is examined, in milliseconds. */
const latenessMs = 30_000;

/** Starts the job; what is returned stops it and waits for an examination that is under way. */
export async function startDriftJob(stack: Stack): Promise<() => Promise<void>> {
  const { configuration, logger } = stack;
  let running: Promise<unknown> = Promise.resolve();
  let busy = false;
  const tick = async () => {
    try {
      for (const span of await dueWindows(stack)) {
        const reports = await examineWindow(stack, span);
        if (reports.length > 0) logger.info(summaryOf(span, reports), 'drift window examined');
      }
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
    clearInterval(timer);
    await running;
  };
}

/** Whole windows that have ended since the last report, oldest first; only the newest when no report is there. */
export async function dueWindows({ clickhouse, configuration, now }: Stack): Promise<readonly Span[]> {
  const { windowMs } = configuration.drift;
  const newestEnd = Math.floor((now() - latenessMs) / windowMs) * windowMs;
  const [row] = await clickhouse.query<{ reported: number }>(
    'SELECT toUnixTimestamp64Milli(max(windowEnd)) AS reported FROM drift_reports',
  );
  const reported = row?.reported ?? 0;
  const oldest = Math.max(newestEnd - 24 * windowMs, reported);
  const spans: Span[] = [];
  for (let to = newestEnd; to > oldest && to - windowMs >= reported; to -= windowMs) {
    spans.unshift({ from: to - windowMs, to });
    if (reported === 0) break;
  }
  return spans;
}

const summaryOf = (span: Span, reports: readonly DriftReport[]) => ({
  windowEnd: new Date(span.to).toISOString(),
  drifted: reports.filter(({ verdict }) => verdict === 'drifted').map(({ release }) => release),
  stable: reports.filter(({ verdict }) => verdict === 'stable').length,
});
