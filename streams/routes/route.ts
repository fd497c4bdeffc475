// Streams that the configuration declares: read a topic, ask a task, write a topic (`routes`).
import type { Delivery, Marked, Output } from '../../connectors/delivery.ts';
import { TopicDelivery } from '../../connectors/topic-delivery.ts';
import { TransactionalDelivery } from '../../connectors/transactional-delivery.ts';
import { FieldReader } from '../../connectors/wire/field-reader.ts';
import type { Asking } from '../../processors/inference/inference.ts';
import { createRedaction } from '../../processors/redaction/redaction.ts';
import type { RouteSettings } from '../configuration/route-settings.ts';
import { run, type Stream } from '../run.ts';
import type { Stack } from '../stack.ts';
import { createRouteProcess, type RouteEngine } from './route-process.ts';

const deadLetters = 'dead-letters';
const partitionBytesMax = 524_288;

/** How a route trades time for work. */
interface Pace {
  readonly fetchWaitMs: number;
  readonly fetchBytesMin: number;
  readonly asking: Asking;
  /** Records of a chunk, where `loop.chunkRecordsMax` is not set: a large one costs less for each of its records. */
  readonly recordsMax: number;
}

/** A fetch that waits a little brings more records, and each request costs as much as some hundred of them. */
const paces: Readonly<Record<RouteSettings['latency'], Pace>> = {
  throughput: { fetchWaitMs: 100, fetchBytesMin: 262_144, asking: {}, recordsMax: 4_000 },
  balanced: { fetchWaitMs: 5, fetchBytesMin: 2_000, asking: { withinMs: 5 }, recordsMax: 2_000 },
  low: { fetchWaitMs: 100, fetchBytesMin: 1, asking: { withinMs: 2 }, recordsMax: 1_000 },
};

/** Name of a route's stream, as metrics, logs and dead letters call it. */
const routeStreamName = ({ name }: RouteSettings): string => `route-${name}`;

/** Every declared route as a stream. */
export function declareRoutes(stack: Stack, engine: RouteEngine) {
  return stack.configuration.routes.map((route) => {
    const stream = routeStream(stack, route, engine);
    return {
      name: stream.name,
      async start(options: Parameters<typeof run>[1]) {
        await createTopics(stack, route);
        return run(stream, options);
      },
    };
  });
}

const createTopics = ({ log, configuration }: Stack, { from, to }: RouteSettings): Promise<void> =>
  log.createTopics([from, to].map((name) => ({ name, partitions: configuration.kafka.partitions })));

function routeStream(stack: Stack, route: RouteSettings, engine: RouteEngine): Stream<Marked> {
  const { configuration, registry, metrics, now } = stack;
  const { kafka, loop, redact } = configuration;
  const { asking, recordsMax, ...fetch } = paces[route.latency];
  const isChunkSet = configuration.origins['loop.chunkRecordsMax'] !== 'default';
  const stream = routeStreamName(route);
  const redaction = createRedaction(redact, (kind, found) => metrics.redacted.add({ kind }, found));
  return {
    name: stream,
    subscribe: {
      group: route.group,
      topics: [route.from],
      // The topic is the user's, and may have more partitions than those that Millrace makes.
      concurrency: Math.max(16, kafka.partitions),
      sessionTimeoutMs: kafka.sessionTimeoutMs,
      partitionBytesMax,
      ...fetch,
    },
    limits: { recordsMax: isChunkSet ? loop.chunkRecordsMax : recordsMax, bytesMax: 4 * partitionBytesMax },
    process: createRouteProcess({
      route,
      stream,
      engine,
      reader: new FieldReader({ text: route.text, id: route.id }, registry),
      redact: redact.length > 0 ? redaction : null,
      asking,
      now,
    }),
    delivery: announcing(stack, stream, deliveryOf(stack, route)),
  };
}

function deliveryOf({ log, wire, now, configuration }: Stack, route: RouteSettings): Delivery<Output> {
  const options = {
    log,
    wire,
    stage: routeStreamName(route),
    outputTopics: [route.to, deadLetters],
    markedTopics: new Set([route.to]),
    now,
  };
  return configuration.exactlyOnce === 'kafka'
    ? new TransactionalDelivery({ ...options, group: route.group })
    : new TopicDelivery(options);
}

/** Says when the first records of an assigned partition are here, before anything is done with them. */
function announcing({ logger }: Stack, stream: string, delivery: Delivery<Output>): Delivery<Output> {
  return {
    resume(batch) {
      const { topic, partition, records } = batch;
      logger.info({ stream, topic, partition, offset: records[0]!.offset }, 'first records of a partition');
      return delivery.resume(batch);
    },
    deliver: (chunk) => delivery.deliver(chunk),
  };
}
