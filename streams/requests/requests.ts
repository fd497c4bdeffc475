// What requests can have done in this process: the parts behind the HTTP door, over the open stack and its engine.

import type { Asker, DoorRequests, ModelRequests, Requests } from '../../connectors/http/parts.ts';
import { HttpProblem, unusableBody } from '../../connectors/http/problem.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { readTime } from '../../connectors/wire/value.ts';
import { createRedaction } from '../../processors/redaction/redaction.ts';
import { derivedTraceparent } from '../../schemas/identity.ts';
import { type Posted, type PostedFeedback, type PostedTopic, postable } from '../../schemas/requests.ts';
import type { Message } from '../../schemas/topic.ts';
import type { Leased } from '../labels/leases.ts';
import type { Stack } from '../stack.ts';
import type { ServingModels } from '../system.ts';
import { createAnalysis, newId, tenantOf } from './analysis.ts';
import { assertAboutTasks, labelsFor, settleLeases } from './labels.ts';
import { modelInference } from './model-inference.ts';
import { Outbox } from './outbox.ts';
import { storedScore } from './stored-score.ts';

export interface RequestParts {
  readonly door: DoorRequests;
  /** From now on requests are answered; `models` is null where this process runs none. */
  open(models: ServingModels | null): void;
  /** Publishes what answered requests have made, within a time. After it no request may come. */
  close(withinMs: number): Promise<void>;
}

/** Waiting for the log to take what requests made, next to which a heartbeat is nothing. */
const heartbeatMs = 15_000;
const streamBufferBytesMax = 1_048_576;

/** The parts, which answer 503 until they are opened. */
export function requestParts(stack: Stack, version: string): RequestParts {
  const { http } = stack.configuration;
  const outbox = new Outbox(stack, { messagesMax: http.resultsMax });
  let requests: Requests | null = null;
  return {
    door: {
      now: () => {
        if (requests) return requests;
        throw new HttpProblem(503, 'starting', 'This process is starting.', { retryAfterSeconds: 1 });
      },
      cache: stack.cache,
      log: stack.log,
      wire: stack.wire,
      version,
      corsOrigins: http.corsOrigins,
      answerTimeoutMs: http.answerTimeoutMs,
      streams: { clientsMax: http.streamClientsMax, heartbeatMs, bufferBytesMax: streamBufferBytesMax },
    },
    open(models) {
      requests = {
        models: models && modelRequests(stack, models, outbox),
        async accept(topic, posted, asker) {
          if (topic === 'feedback' && models)
            await assertAboutTasks(stack, posted as readonly PostedFeedback[]);
          return accept(stack, topic, posted, asker);
        },
        score: (id, tenant) => storedScore(stack.clickhouse, id, tenant),
        nextToLabel: (wish) => labelsFor(stack, wish),
      };
    },
    close: (withinMs) => outbox.close(withinMs),
  };
}

function modelRequests(stack: Stack, models: ServingModels, outbox: Outbox): ModelRequests {
  const { configuration, metrics, now } = stack;
  const { predictor, trials } = models;
  const redact =
    configuration.redact.length === 0
      ? null
      : createRedaction(configuration.redact, (kind, found) => metrics.redacted.add({ kind }, found));
  const tasks = (): readonly string[] => models.manifests().map(({ task }) => task);
  return {
    analyze: createAnalysis({ configuration, predictor, trials, tasks, outbox, redact, now }),
    ...modelInference(models, { redact, withinMs: configuration.http.modelMs }),
  };
}

/** Publishes posted messages; their ids once they are durable. Throws `Retryable`, and `HttpProblem` for tenants. */
async function accept(
  stack: Stack,
  topic: PostedTopic,
  posted: readonly Posted[],
  asker: Asker,
): Promise<readonly string[]> {
  const { log, wire, now } = stack;
  const time = now();
  const messages = posted.map((entry, index) => messageOf(entry, { topic, asker, index, time }));
  await log.publish([{ topic, records: wire.encode(topic, messages, time) }]);
  if (topic === 'feedback') await settleLeases(stack, messages as unknown as readonly Leased[]);
  return messages.map(({ id }) => id);
}

interface Circumstances {
  readonly topic: PostedTopic;
  readonly asker: Asker;
  readonly index: number;
  readonly time: number;
}

function messageOf(entry: Posted, { topic, asker, index, time }: Circumstances): Message {
  const id = entry.id ?? newId(asker, index);
  const said = entry as Readonly<Record<string, unknown>>;
  const own = Object.keys(postable[topic].shape).map((name) => [name, said[name] ?? null] as const);
  return {
    ...Object.fromEntries(own),
    id,
    tenant: tenantOf(entry.tenant, asker),
    eventTime: entry.eventTime === undefined ? time : eventTimeOf(entry.eventTime, index),
    ingestTime: time,
    source: entry.source ?? 'http',
    traceparent: asker.traceparent ?? derivedTraceparent(id),
  };
}

/** Throws `HttpProblem` for an instant that no topic can hold, such as one before 1970. */
function eventTimeOf(given: number | string, index: number): number {
  const time = readTime(given);
  if (!(time instanceof Refusal)) return time;
  throw unusableBody([{ pointer: `/${index}/eventTime`, detail: `eventTime: ${time.reason}` }]);
}
