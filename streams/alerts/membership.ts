// A place in a group of the topic `alerts` that is kept: who loses it by an error takes it again, and what the log refuses
// for a moment is tried again. Nobody is told that alerts are told no more, so that must not happen.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchHandler, Subscription } from '../../connectors/log.ts';
import { Retryable } from '../../schemas/errors.ts';
import type { Stack } from '../stack.ts';

const pauseMsMin = 250;
const pauseMsMax = 30_000;

export interface Membership {
  /** Whether this process is the member that has the topic. */
  readonly isOwner: boolean;
  close(): Promise<void>;
}

export interface Place {
  readonly group: string;
  /** What its owner does, for the log. */
  readonly does: string;
  /** Makes the handler of a member: a new one each time that the group is joined. */
  readonly handler: () => BatchHandler;
}

/** Joins a group, and again whenever that ends with an error. Throws what the log throws at the first time. */
export async function keepPlace(
  { log, logger, configuration }: Pick<Stack, 'log' | 'logger' | 'configuration'>,
  { group, does, handler }: Place,
): Promise<Membership> {
  const { sessionTimeoutMs } = configuration.kafka;
  const closing = new AbortController();
  const { signal } = closing;
  const limits = { concurrency: 1, fetchWaitMs: 250, fetchBytesMin: 1, partitionBytesMax: 1_048_576 };
  const join = () => log.subscribe({ group, topics: ['alerts'], ...limits, sessionTimeoutMs }, handler());
  let subscription: Subscription | null = await join();
  const keep = async (): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      const since = performance.now();
      try {
        subscription ??= await join();
        if (signal.aborted) return await subscription.close();
        await subscription.done;
        return;
      } catch (error) {
        if (signal.aborted) return;
        failures = performance.now() - since > pauseMsMax ? 1 : failures + 1;
        logger.error({ err: error, group, failures }, `${does} stopped; the group is joined again`);
        await subscription?.close().catch(() => {});
        subscription = null;
      }
      await pause(failures, signal);
    }
  };
  const keeping = keep();
  return {
    get isOwner() {
      return (subscription?.assigned().length ?? 0) > 0;
    },
    async close() {
      closing.abort();
      await subscription?.close();
      await keeping;
    },
  };
}

/** What `work` gives, tried again with growing pauses while it is `Retryable`; throws that when the signal is aborted. */
export async function persist<T>(
  work: () => Promise<T>,
  { logger, signal }: Pick<Stack, 'logger'> & { readonly signal: AbortSignal },
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Retryable) || signal.aborted) throw error;
      logger.warn({ err: error, failures }, 'the log did not take what became of an alert; trying again');
      await pause(failures, signal);
    }
  }
}

/** Grows with the failures in a row, with jitter; ends early when the signal is aborted. */
const pause = (failures: number, signal: AbortSignal): Promise<void> =>
  sleep(
    Math.min(pauseMsMax, pauseMsMin * 2 ** Math.min(failures - 1, 10)) * (0.5 + Math.random() / 2),
    undefined,
    { signal },
  ).catch(() => {});
