// What single drift settings cannot say: jobs that contradict themselves, each other or the rest.
import { orderedStatistics, usualStatistics } from '../../processors/drift/thresholds.ts';
import type { Check } from './checks.ts';
import type { DriftJobSettings } from './drift-job-settings.ts';

type Finding = readonly [key: string, what: string, fix: string];

/** What is wrong with one job by itself; null where nothing is. */
function findingOf(job: DriftJobSettings): Finding | null {
  const { name, tasks, releases, window, size, step, statistics, thresholds, falseAlarmRate, features } = job;
  if (tasks && releases)
    return ['drift.jobs', `drift job ${name} names tasks and releases`, 'Name one of them.'];
  if (window === 'tumbling' && step !== undefined && step !== size)
    return [
      'drift.jobs',
      `drift job ${name} has tumbling windows with a step`,
      'Set window=sliding, or leave the step out.',
    ];
  if (window === 'sliding' && step === undefined)
    return ['drift.jobs', `drift job ${name} slides, but by no step`, 'Give it a `step`, such as 5m.'];
  if (falseAlarmRate !== undefined && Object.keys(thresholds).length > 0)
    return [
      'drift.jobs',
      `drift job ${name} has thresholds and a falseAlarmRate that sets them`,
      'Leave one of them out.',
    ];
  const idle = Object.keys(thresholds).find((one) => !(statistics ?? usualStatistics).includes(one as never));
  if (idle !== undefined)
    return [
      'drift.jobs',
      `drift job ${name} has a threshold for ${idle}, which it does not measure`,
      'Add it to its `statistics`.',
    ];
  const categorical = features?.every((feature) => feature === 'label' || feature === 'language');
  if (categorical && statistics?.every((one) => orderedStatistics.has(one)))
    return [
      'drift.jobs',
      `drift job ${name} measures ${statistics.join(', ')} of features without an order`,
      'Take others, such as psi or hellinger.',
    ];
  return null;
}

const sizeOf = ({ size }: DriftJobSettings, windowMs: number): number => size ?? windowMs;

export const driftChecks: readonly Check[] = [
  ({ drift }) =>
    drift.everyMs > drift.windowMs && {
      keys: ['drift.everyMs', 'drift.windowMs'],
      what: 'traffic between two drift windows would never be looked at',
      fix: 'Make drift.everyMs at most drift.windowMs.',
    },
  ({ drift }) =>
    drift.windowMs % 60_000 !== 0 && {
      keys: ['drift.windowMs'],
      what: `histograms are kept by minute, and a window of ${drift.windowMs} ms ends within one`,
      fix: 'Make drift.windowMs a multiple of 60000 ms.',
    },
  ({ drift: { jobs } }) => {
    const names = jobs.map(({ name }) => name);
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice === undefined) return false;
    const what = `two drift jobs are called ${twice}: each would take the other’s reports for its own`;
    return { keys: ['drift.jobs'], what, fix: 'Give each a `name` of its own.' };
  },
  ({ drift: { jobs } }) => {
    for (const job of jobs) {
      const found = findingOf(job);
      if (found) return { keys: [found[0]], what: found[1], fix: found[2] };
    }
    return false;
  },
  ({ drift: { jobs, windowMs } }) => {
    const job = jobs.find((each) => (each.step ?? 0) > sizeOf(each, windowMs));
    if (!job) return false;
    const what = `drift job ${job.name} steps further than its window is long: traffic in between would never be looked at`;
    return { keys: ['drift.jobs'], what, fix: 'Make its step at most its size.' };
  },
];
