// What the loop tells, as metrics and log lines.
import type { Addressed } from '../connectors/delivery.ts';
import type { Metrics } from '../connectors/metrics.ts';
import type { Outcome } from '../schemas/outcome.ts';
import type { Budget } from './loop/budget.ts';
import type { LoopObserver } from './run.ts';
import type { Stack } from './stack.ts';

export function loopObserver({ metrics, logger, now }: Stack, budget: Budget): LoopObserver {
  return {
    chunkDone(stream, { batch, records, outcomes }, seconds) {
      const { topic, partition } = batch;
      metrics.recordsIn.add({ stream, topic }, records.length);
      metrics.batchRecords.observe({ stream }, records.length);
      metrics.stageSeconds.observe({ stream, stage: 'process' }, seconds.process);
      metrics.stageSeconds.observe({ stream, stage: 'deliver' }, seconds.deliver);
      metrics.recordAgeSeconds.observe({ stream, topic }, (now() - records[0]!.timestamp) / 1_000);
      metrics.inFlightBytes.set({}, budget.bytes);
      countOutcomes(metrics, stream, outcomes);
      const invalid = outcomes.findIndex(({ kind }) => kind === 'invalid');
      if (invalid >= 0)
        logger.warn(
          { stream, topic, partition, offset: records[invalid]!.offset, outcome: outcomes[invalid] },
          'messages were refused; this is the first of its chunk',
        );
    },
    retried(stream, error, attempt, delayMs) {
      metrics.retries.add({ stream, code: error.code });
      logger.warn({ stream, err: error, attempt, delayMs }, 'the world is unwell; trying again');
    },
    assigned(stream, topic, partition) {
      metrics.assignments.add({ stream });
      logger.debug({ stream, topic, partition }, 'partition assigned');
    },
    isolated(stream, { topic, partition }, { offset }, error) {
      logger.error(
        { stream, topic, partition, offset, err: error },
        'the processor throws over this message; it becomes a dead letter',
      );
    },
    abandoned(stream, topic, partition) {
      metrics.abandonedBatches.add({ stream });
      logger.error({ stream, topic, partition }, 'a partition was taken away and its work did not end');
    },
  };
}

function countOutcomes(metrics: Metrics, stream: string, outcomes: readonly Outcome<unknown>[]): void {
  const published = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.kind === 'invalid') metrics.deadLetters.add({ stage: stream, code: outcome.code });
    if (outcome.kind === 'drop') metrics.dropped.add({ stream, reason: outcome.reason });
    if (outcome.kind !== 'ok') continue;
    for (const output of outcome.outputs) {
      const { topic } = output as Partial<Addressed>;
      if (topic) published.set(topic, (published.get(topic) ?? 0) + 1);
    }
  }
  for (const [topic, records] of published) metrics.recordsOut.add({ stream, topic }, records);
}
