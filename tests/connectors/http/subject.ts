// A door over a real log in a directory of its own; what requests do is the test's to say.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openMemoryCache } from '../../../connectors/cache/memory.ts';
import { openEmbeddedLog } from '../../../connectors/embedded-log/embedded-log.ts';
import type { DoorRequests, Requests } from '../../../connectors/http/parts.ts';
import { type Door, type DoorOptions, startDoor } from '../../../connectors/http.ts';
import type { Log } from '../../../connectors/log.ts';
import { createMetrics, type Metrics } from '../../../connectors/metrics.ts';
import { openEmbeddedRegistry } from '../../../connectors/registry/embedded.ts';
import { openWire, type Wire } from '../../../connectors/wire/wire.ts';
import type { Score } from '../../../schemas/score.ts';
import { topics } from '../../../schemas/topics.ts';

export interface Subject {
  readonly door: Door;
  readonly url: string;
  readonly log: Log;
  readonly wire: Wire;
  readonly metrics: Metrics;
  /** Publishes scores to the topic that streams follow. */
  publish(...scores: readonly Score[]): Promise<void>;
}

interface SubjectOptions {
  readonly requests?: Partial<Requests>;
  readonly behind?: Partial<DoorRequests>;
  readonly door?: Partial<DoorOptions>;
}

const absent: Requests = {
  models: null,
  accept: async (_topic, posted) => posted.map(({ id }, index) => id ?? `made-${index}`),
  score: async () => null,
  nextToLabel: async ({ task }) => ({
    task,
    labels: [],
    source: '',
    budget: { perDay: 0, used: 0, left: 0 },
    items: [],
  }),
};

export async function openSubject(t: TestContext, options: SubjectOptions = {}): Promise<Subject> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-http-'));
  const log = await openEmbeddedLog({ directory: join(directory, 'log') });
  await log.createTopics([
    { name: 'scores', partitions: 3 },
    { name: 'alerts', partitions: 1 },
  ]);
  const registry = await openEmbeddedRegistry({ file: join(directory, 'registry.json') });
  const wire = await openWire({ topics, registry, format: 'json' });
  const cache = openMemoryCache({ entriesMax: 1_000, bytesMax: 10_000_000 });
  const metrics = createMetrics();
  const requests = { ...absent, ...options.requests };
  const door = await startDoor({
    host: '127.0.0.1',
    port: 0,
    metrics,
    notReady: () => [],
    requests: {
      now: () => requests,
      cache,
      log,
      wire,
      version: '0.0.0',
      corsOrigins: [],
      answerTimeoutMs: 60_000,
      streams: { clientsMax: 8, heartbeatMs: 50, bufferBytesMax: 1_048_576 },
      ...options.behind,
    },
    ...options.door,
  });
  t.after(async () => {
    await door.close();
    await log.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const publish = async (...scores: readonly Score[]): Promise<void> => {
    await log.publish([{ topic: 'scores', records: wire.encode('scores', scores, 1) }]);
  };
  return { door, url: door.url, log, wire, metrics, publish };
}

export const scoreOf = (id: string, said: Partial<Score> = {}): Score => ({
  id,
  messageId: `message of ${id}`,
  tenant: 'default',
  eventTime: 1,
  ingestTime: 1,
  source: 'test',
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  kind: 'comment',
  language: 'en',
  languageConfidence: 1,
  sentiment: null,
  sentimentConfidence: null,
  emotion: null,
  emotionConfidence: null,
  toxicity: null,
  toxic: null,
  intent: null,
  intentConfidence: null,
  complexity: null,
  quality: null,
  clarity: null,
  specificity: null,
  structure: null,
  context: null,
  releases: [],
  ...said,
});

export const post = (
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

interface Told {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly error?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** The problem of an answer that has to be one. */
export async function problemIn(response: Response): Promise<Told> {
  const type = response.headers.get('content-type');
  const text = await response.text();
  if (type !== 'application/problem+json') throw new Error(`${response.status} ${type}: ${text}`);
  return JSON.parse(text) as Told;
}
