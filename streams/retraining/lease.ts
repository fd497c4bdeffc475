// One trainer for a task at a time, in however many processes: whoever the log gives the one partition of `model-events`
// in the group of the task. When that process ends, or falls silent, the log gives it to another.
import type { Stack } from '../stack.ts';

export interface Lease {
  readonly isHeld: boolean;
  /** Whether this process is out of the group and has to join again. */
  readonly hasEnded: boolean;
  close(): Promise<void>;
}

const topic = 'model-events';
const sessionTimeoutMs = 10_000;

/** Joins the group of a task. What is read is committed and nothing else: decisions are the ledger’s to read. */
export async function joinTrainers(
  { log, logger }: Pick<Stack, 'log' | 'logger'>,
  task: string,
): Promise<Lease> {
  let ended = false;
  const subscription = await log.subscribe(
    {
      group: `millrace-trainer-${task}`,
      topics: [topic],
      concurrency: 1,
      fetchWaitMs: 500,
      fetchBytesMin: 1,
      partitionBytesMax: 1_048_576,
      sessionTimeoutMs,
    },
    async (batch) => {
      const last = batch.records.at(-1);
      if (last) await batch.commit(last.offset + 1, '');
    },
  );
  subscription.done.catch((error: unknown) => {
    ended = true;
    logger.error({ err: error, task }, 'the trainer left its group; another process may take the task');
  });
  return {
    get isHeld() {
      return !ended && subscription.assigned().length > 0;
    },
    get hasEnded() {
      return ended;
    },
    close: () => subscription.close(),
  };
}
