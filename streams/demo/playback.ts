// Plays samples into their topics as fast as the system takes them: a bounded number is on its way at any time.
import { setTimeout as sleep } from 'node:timers/promises';
import { Misconfigured } from '../../schemas/errors.ts';
import { retry } from '../loop/retry.ts';
import type { Stack } from '../stack.ts';
import { recordOf, type SampleSet, type Samples } from './samples.ts';
import type { ScoreWatch } from './score-watch.ts';

const batchRecords = 500;
const underWayMax = 2_000;
/** Without any new score for this long the demo gives up, with what it knows. */
const stallMs = 60_000;

export interface Playback {
  readonly stack: Stack;
  readonly samples: Samples;
  readonly watch: ScoreWatch;
  readonly shiftTime: number;
  readonly signal: AbortSignal;
}

/** Publishes the samples of the sets that are not in `done` yet; resolves to how many when all are scored. */
export async function play(
  { stack, samples, watch, shiftTime, signal }: Playback,
  sets: readonly SampleSet[],
  done: ReadonlySet<string>,
): Promise<number> {
  const due = samples.all.filter(({ id, set }) => sets.includes(set) && !done.has(id));
  let sent = 0;
  for (const topic of ['comments', 'prompts']) {
    const ofTopic = due.filter((sample) => sample.topic === topic);
    for (let start = 0; start < ofTopic.length && !signal.aborted; start += batchRecords) {
      const batch = ofTopic.slice(start, start + batchRecords);
      const records = batch.map((sample) => recordOf(sample, shiftTime, Date.now()));
      watch.expect(batch.map(({ id }) => id));
      await retry(() => stack.log.publish([{ topic, records }]), {
        delayMs: 100,
        delayMaxMs: 2_000,
        signal,
        onRetry: (error) => stack.logger.warn({ err: error }, 'publishing the samples is tried again'),
      });
      sent += records.length;
      await drained(watch, underWayMax, signal);
    }
  }
  await drained(watch, 0, signal);
  return sent;
}

/** Resolves when at most `under` samples are still on their way to their scores. */
async function drained(watch: ScoreWatch, under: number, signal: AbortSignal): Promise<void> {
  let seen = watch.arrived;
  let seenAt = performance.now();
  while (watch.underWay > under && !signal.aborted) {
    await sleep(5);
    if (watch.arrived !== seen) {
      seen = watch.arrived;
      seenAt = performance.now();
    } else if (performance.now() - seenAt > stallMs) {
      throw new Misconfigured(
        `no score arrived for ${stallMs / 1_000} s; ${watch.underWay} samples are under way`,
        {
          code: 'demo-stalled',
          fix: 'Look at the log above and at `millrace lag`; another process may hold the consumer group.',
        },
      );
    }
  }
}
