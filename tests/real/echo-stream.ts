// A stream from one topic to another for the tests of deliveries on real Kafka: comments in, comments out under
// derived ids, in chunks of ten, by a loop that treats a delivery as streams/run.ts does.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Addressed, Delivery } from '../../connectors/delivery.ts';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import type { Batch, Log, Subscription } from '../../connectors/log.ts';
import { openEmbeddedRegistry } from '../../connectors/registry/embedded.ts';
import { TopicDelivery } from '../../connectors/topic-delivery.ts';
import { TransactionalDelivery } from '../../connectors/transactional-delivery.ts';
import { openWire, type Wire } from '../../connectors/wire/wire.ts';
import { comments } from '../../schemas/comment.ts';
import { Fenced, Retryable } from '../../schemas/errors.ts';
import { derivedId } from '../../schemas/identity.ts';
import { type Outcome, ok } from '../../schemas/outcome.ts';
import type { Message, Topic } from '../../schemas/topic.ts';
import { decodeThen } from '../../streams/stage.ts';
import { subscribing } from '../contract/log/subject.ts';

const chunkRecords = 10;

/** Where an echo reads, writes and commits. */
export interface Route {
  readonly group: string;
  readonly from: string;
  readonly to: string;
}

export const commentsTopic = (name: string): Topic => ({ ...comments, name });

/** A JSON wire for the route’s topics and dead letters of none. */
export async function openEchoWire({ from, to }: Route): Promise<Wire> {
  const registry = await openEmbeddedRegistry({ file: join(tmpdir(), `echo-${process.pid}.json`) });
  return openWire({ topics: [commentsTopic(from), commentsTopic(to)], registry, format: 'json' });
}

export function deliveryOf(
  kind: 'transactional' | 'topics',
  log: Log,
  wire: Wire,
  { group, to }: Route,
): Delivery<Addressed> {
  const options = { log, wire, stage: 'echo', outputTopics: [to], now: Date.now };
  return kind === 'topics' ? new TopicDelivery(options) : new TransactionalDelivery({ ...options, group });
}

/** The loop: resumes each assignment once, delivers chunk by chunk, tries again what may go better. */
export function startLoop<Out>(
  log: Log,
  { group, from }: Pick<Route, 'group' | 'from'>,
  process: (batch: Batch, records: Batch['records']) => Promise<readonly Outcome<Out>[]>,
  delivery: Delivery<Out>,
): Promise<Subscription> {
  const generations = new Map<number, number>();
  return log.subscribe(subscribing(group, from, { sessionTimeoutMs: 6_000 }), async (batch) => {
    if (generations.get(batch.partition) !== batch.generation)
      await persistently(batch, () => delivery.resume(batch));
    generations.set(batch.partition, batch.generation);
    for (let start = 0; start < batch.records.length; start += chunkRecords) {
      const records = batch.records.slice(start, start + chunkRecords);
      const outcomes = await process(batch, records);
      const chunk = { batch, records, outcomes, end: records.at(-1)!.offset + 1 };
      await persistently(batch, () => delivery.deliver(chunk));
    }
  });
}

export function echo(wire: Wire, to: string) {
  const outputOf = (message: Message): Outcome<Addressed> =>
    ok({ topic: to, message: { ...message, id: derivedId('echo', message.id) } });
  return decodeThen(
    wire,
    (message) => message,
    async (messages: readonly Message[]) => messages.map(outputOf),
  );
}

async function persistently<Result>(batch: Batch, attempt: () => Promise<Result>): Promise<Result> {
  for (;;) {
    if (batch.revoked.aborted) throw new Fenced('the partition is being taken away');
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Retryable)) throw error;
      await sleep(50);
    }
  }
}

/** An echo with a client of its own; resolves when it has joined. */
export async function startEcho(brokers: readonly string[], route: Route): Promise<() => Promise<void>> {
  const log = await openKafkaLog({ brokers, clientId: 'test-echo' });
  const wire = await openEchoWire(route);
  const delivery = deliveryOf('transactional', log, wire, route);
  await startLoop(log, route, echo(wire, route.to), delivery);
  return () => log.close();
}
