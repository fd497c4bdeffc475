// What the tests of drift's tables store: predictions, and the baselines they are counted on.
import { RowEncoder } from '../../../connectors/clickhouse/row-encoder.ts';
import type { Clickhouse } from '../../../connectors/clickhouse.ts';
import type { Baseline } from '../../../schemas/baseline.ts';
import type { Kind } from '../../../schemas/features.ts';
import { type Prediction, predictions } from '../../../schemas/prediction.ts';

export const minute = 1_763_722_800_000;
export const confidenceEdges = [0.25, 0.5, 0.9];
export const lengthEdges = [10, 20];

export const baselines = (release: string): readonly Baseline[] => [
  numeric(release, 'confidence', confidenceEdges),
  {
    release,
    feature: 'label',
    kind: 'categorical',
    edges: [],
    bins: ['no', 'yes'],
    counts: [3, 1],
    samples: 4,
  },
  numeric(release, 'length', lengthEdges),
];

export const numeric = (release: string, feature: string, edges: readonly number[]): Baseline => ({
  release,
  feature,
  kind: 'numeric',
  edges,
  bins: [...edges.map((_, index) => String(index)), String(edges.length)],
  counts: [...edges.map(() => 1), 4 - edges.length],
  samples: 4,
});

export interface Said {
  readonly release: string;
  readonly label: string;
  readonly confidence: number;
  readonly length: number;
  readonly language: string;
  readonly time?: number;
  readonly kind?: Kind;
  readonly tenant?: string;
  readonly arm?: 'control' | 'treatment' | 'shadow';
}

export const predictionOf = ({
  release,
  label,
  confidence,
  length,
  language,
  time,
  kind,
  tenant,
  arm,
}: Said): Prediction => ({
  id: 'id',
  tenant: tenant ?? 'default',
  eventTime: time ?? minute,
  ingestTime: time ?? minute,
  source: 'test',
  traceparent: '',
  messageId: 'm',
  kind: kind ?? 'comment',
  values: [],
  textLength: length,
  language,
  results: [
    {
      task: 'task',
      release,
      label,
      confidence,
      labels: [label],
      probabilities: [confidence],
      arm: arm ?? null,
    },
  ],
});

export async function insertPredictions(
  clickhouse: Clickhouse,
  token: string,
  said: readonly Said[],
): Promise<void> {
  const encoder = new RowEncoder(predictions);
  for (const [offset, one] of said.entries())
    encoder.add(predictionOf(one), { topic: 'predictions', partition: 0, offset, time: minute });
  await clickhouse.insert({
    table: 'predictions',
    columns: encoder.columns,
    ...encoder.take(),
    token,
    deadline: Date.now() + 60_000,
  });
}

export const base = { label: 'no', confidence: 0.3, length: 10, language: 'en' };
