// Examines a window of what each release answers, against what it was released with, and publishes what was found.
// Alerts and requests for retraining follow the reports (streams/alerts/, streams/retraining/).
import type { DriftReport } from '../schemas/drift-report.ts';
import { reportsOn } from './drift/examination.ts';
import { type DriftJob, driftJobs } from './drift/jobs.ts';
import { publishReports } from './drift/publication.ts';
import type { Stack } from './stack.ts';

export interface Span {
  /** First instant, ms since 1970, on a whole minute. */
  readonly from: number;
  /** First instant after it, ms since 1970, on a whole minute. */
  readonly to: number;
}

/**
 * Examines one window of every release that answered in it and returns the reports. Those that were not published
 * before are now: a window that is examined twice has the same ids. By default by the first of the declared jobs.
 */
export async function examineWindow(
  stack: Stack,
  span: Span,
  job: DriftJob = driftJobs(stack.configuration)[0]!,
): Promise<readonly DriftReport[]> {
  const reports = await reportsOn(stack, job, span);
  await publishReports(stack, reports);
  return reports;
}
