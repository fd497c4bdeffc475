// Drift’s own system for tests: embedded ClickHouse with every table, and the topic of reports, without models.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RowEncoder } from '../../../connectors/clickhouse/row-encoder.ts';
import type { Baseline } from '../../../schemas/baseline.ts';
import type { Kind } from '../../../schemas/features.ts';
import type { Prediction } from '../../../schemas/prediction.ts';
import type { Message, Topic } from '../../../schemas/topic.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { openStack, type Stack } from '../../../streams/stack.ts';

export interface Subject {
  readonly stack: Stack;
  /** Stores messages in their table, as the sink does. */
  store(topic: Topic, messages: readonly Message[]): Promise<void>;
  close(): Promise<void>;
}

export async function openSubject(env: Readonly<Record<string, string>> = {}): Promise<Subject> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-drift-'));
  const configuration = loadConfiguration({
    env: {
      MILLRACE_DATA_DIRECTORY: directory,
      MILLRACE_LOG_LEVEL: 'error',
      MILLRACE_DRIFT_WINDOW_MS: '10m',
      MILLRACE_DRIFT_SAMPLES_MIN: '100',
      ...env,
    },
  });
  const stack = await openStack(configuration, async () => 1);
  let stored = 0;
  return {
    stack,
    async store(topic, messages) {
      const encoder = new RowEncoder(topic);
      for (const message of messages)
        encoder.add(message as never, {
          topic: topic.name,
          partition: 0,
          offset: stored++,
          time: stack.now(),
        });
      await stack.clickhouse.insert({
        table: topic.name.replaceAll('-', '_'),
        columns: encoder.columns,
        ...encoder.take(),
        token: `${topic.name}/${stored}`,
        deadline: Date.now() + 60_000,
      });
    },
    async close() {
      await stack.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export interface Said {
  readonly messageId: string;
  readonly eventTime: number;
  readonly ingestTime?: number;
  readonly kind?: Kind;
  readonly tenant?: string;
  readonly release?: string;
  readonly label: string;
  readonly confidence?: number;
  readonly language?: string;
  readonly length?: number;
  readonly arm?: 'control' | 'treatment' | 'shadow';
}

export const predictionOf = (said: Said): Prediction => ({
  id: `p-${said.messageId}`,
  tenant: said.tenant ?? 'default',
  eventTime: said.eventTime,
  ingestTime: said.ingestTime ?? said.eventTime,
  source: 'test',
  traceparent: '',
  messageId: said.messageId,
  kind: said.kind ?? 'comment',
  values: null,
  textLength: said.length ?? 20,
  language: said.language ?? 'en',
  results: [
    {
      task: (said.release ?? 'mood@1.0.0').split('@')[0]!,
      release: said.release ?? 'mood@1.0.0',
      label: said.label,
      confidence: said.confidence ?? 0.75,
      labels: [said.label],
      probabilities: [said.confidence ?? 0.75],
      arm: said.arm ?? null,
    },
  ],
});

export const moodBaselines: readonly Baseline[] = [
  {
    ...{ release: 'mood@1.0.0', feature: 'label', kind: 'categorical', edges: [] },
    ...{ bins: ['glad', 'sad'], counts: [3_000, 3_000], samples: 6_000 },
  },
  {
    ...{ release: 'mood@1.0.0', feature: 'language', kind: 'categorical', edges: [] },
    ...{ bins: ['en', 'fr'], counts: [5_000, 1_000], samples: 6_000 },
  },
  {
    ...{ release: 'mood@1.0.0', feature: 'confidence', kind: 'numeric', edges: [0.6, 0.7, 0.8] },
    ...{ bins: ['0', '1', '2', '3'], counts: [1_500, 1_500, 1_500, 1_500], samples: 6_000 },
  },
];

/** Messages like those of the baseline; `shifted`, they are sad, French and unsure. */
export const traffic = (from: number, minutes: number, perMinute: number, shifted = false): Said[] =>
  Array.from({ length: minutes * perMinute }, (_, at) => ({
    messageId: `${shifted ? 's' : 'u'}-${from}-${at}`,
    eventTime: from + Math.floor(at / perMinute) * 60_000 + (at % perMinute),
    label: (shifted ? at % 10 < 9 : at % 2 === 1) ? 'sad' : 'glad',
    language: (shifted ? at % 2 : at % 6) === 0 ? 'fr' : 'en',
    confidence: [0.55, 0.65, 0.75, 0.85][(shifted ? at % 2 : at) % 4]!,
  }));
