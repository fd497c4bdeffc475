// Drift's histograms are filled by ClickHouse as predictions arrive: on the frozen bins of each release, exactly once,
// and without a baseline too.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readConfidences, readHistogramsOverTime } from '../../../connectors/clickhouse/drift-windows.ts';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import {
  readAnswering,
  readBaselines,
  readHistogram,
  readReleases,
  renewBaseline,
  writeBaselines,
} from '../../../connectors/clickhouse/histograms.ts';
import { applyMigrations, readMigrations } from '../../../connectors/clickhouse/migrations.ts';
import { RowEncoder } from '../../../connectors/clickhouse/row-encoder.ts';
import { type Baseline, binOf } from '../../../schemas/baseline.ts';
import { featureBins } from '../../../schemas/feature-bins.ts';
import {
  type FeatureName,
  type Features,
  featureItems,
  features,
  type Kind,
} from '../../../schemas/features.ts';
import { type Prediction, predictions } from '../../../schemas/prediction.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-histograms-'));
let clickhouse = await openEmbeddedClickhouse({ directory });
after(async () => {
  await clickhouse.close();
  await rm(directory, { recursive: true, force: true });
});
await applyMigrations(clickhouse, await readMigrations());

const minute = 1_763_722_800_000;
const confidenceEdges = [0.25, 0.5, 0.9];
const lengthEdges = [10, 20];

const baselines = (release: string): readonly Baseline[] => [
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

const numeric = (release: string, feature: string, edges: readonly number[]): Baseline => ({
  release,
  feature,
  kind: 'numeric',
  edges,
  bins: [...edges.map((_, index) => String(index)), String(edges.length)],
  counts: [...edges.map(() => 1), 4 - edges.length],
  samples: 4,
});

interface Said {
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

const predictionOf = ({
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

async function insertPredictions(token: string, said: readonly Said[]): Promise<void> {
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

const histogramOf = async (
  release: string,
  from = minute,
  to = minute + 60_000,
): Promise<readonly string[]> =>
  (await readHistogram(clickhouse, { release, from, to })).map(
    ({ feature, bin, count }) => `${feature} ${bin}: ${count}`,
  );

const base = { label: 'no', confidence: 0.3, length: 10, language: 'en' };

describe('drift tables', { timeout: 120_000 }, () => {
  it('give baselines back as they were written, however often', async () => {
    for (let attempt = 0; attempt < 2; attempt += 1) await writeBaselines(clickhouse, baselines('task@1'));
    await writeBaselines(clickhouse, [...baselines('task@1'), ...baselines('task@2')]);
    assert.deepEqual(await readBaselines(clickhouse, 'task@1'), baselines('task@1'));
    assert.deepEqual(await readBaselines(clickhouse, 'nothing@1'), []);
    await writeBaselines(clickhouse, []);
  });

  it('place values on the frozen bins, edges as binOf places them', async () => {
    const release = 'task@1';
    const confidences = [0, 0.25, 0.4999, 0.5, Math.fround(0.9), 0.95, 1];
    const said = confidences.map((confidence, index) => ({
      ...base,
      release,
      confidence,
      length: 9 + index * 6,
    }));
    await insertPredictions('edges', said);
    const expected = new Map<string, number>();
    const count = (key: string): unknown => expected.set(key, (expected.get(key) ?? 0) + 1);
    for (const { confidence, length } of said) {
      count(`confidence ${binOf(Math.fround(confidence), confidenceEdges)}`);
      count(`length ${binOf(length, lengthEdges)}`);
      count('label no');
      count('language en');
    }
    assert.deepEqual(await histogramOf(release), [...expected].map(([key, n]) => `${key}: ${n}`).sort());
  });

  it('count a repeated insert once', async () => {
    const before = await histogramOf('task@1');
    await insertPredictions('edges', [{ ...base, release: 'task@1' }]);
    assert.deepEqual(await histogramOf('task@1'), before);
  });

  it('take results of a release without a baseline, and its numbers once it has one', async () => {
    const release = 'late@1';
    await insertPredictions('late/1', [{ ...base, release }]);
    assert.deepEqual(await histogramOf(release), ['label no: 1', 'language en: 1']);
    await writeBaselines(clickhouse, baselines(release));
    await insertPredictions('late/2', [{ ...base, release, label: 'yes' }]);
    assert.deepEqual(await histogramOf(release), [
      'confidence 1: 1',
      'label no: 1',
      'label yes: 1',
      'language en: 2',
      'length 1: 1',
    ]);
  });

  it('keep minutes apart and say which releases answered in them', async () => {
    const release = 'minutes@1';
    const at = (time: number): Said => ({ ...base, release, time: minute + 3_600_000 + time });
    await insertPredictions('minutes', [at(0), at(59_999), at(60_000), at(60_000), at(120_000)]);
    const from = minute + 3_600_000;
    assert.deepEqual(await histogramOf(release, from, from + 60_000), ['label no: 2', 'language en: 2']);
    assert.deepEqual(await histogramOf(release, from + 60_000, from + 180_000), [
      'label no: 3',
      'language en: 3',
    ]);
    assert.deepEqual(await readReleases(clickhouse, { from, to: from + 60_000 }), [release]);
    assert.deepEqual(await readReleases(clickhouse, { from: 0, to: 60_000 }), []);
  });

  it('agree with a naive count: kinds, tenants, shadow arms, missing values, edges by kind', async () => {
    const release = 'naive@1';
    const edgesOf = { comment: [0.3, 0.6], prompt: [0.5] } as const;
    await writeBaselines(clickhouse, [
      { ...numeric(release, 'confidence', edgesOf.comment), messages: 'comment' },
      { ...numeric(release, 'confidence', edgesOf.prompt), messages: 'prompt' },
      numeric(release, 'length', lengthEdges),
    ]);
    const said = Array.from({ length: 400 }, (_, at) => ({
      release,
      label: ['no', 'yes', ''][at % 3]!,
      confidence: at % 17 === 0 ? Number.NaN : Math.fround((at % 11) / 10),
      length: at % 40,
      language: ['en', 'de', ''][at % 7 === 0 ? 2 : at % 2]!,
      kind: (['comment', 'prompt'] as const)[at % 5 === 0 ? 1 : 0]!,
      tenant: at % 4 === 0 ? 'acme' : 'default',
      time: minute + 7_200_000 + (at % 3) * 60_000,
      ...(at % 6 === 0 ? { arm: 'shadow' as const } : {}),
    }));
    await insertPredictions('naive', said);
    const from = minute + 7_200_000;
    for (const kind of ['comment', 'prompt', undefined] as const)
      for (const tenant of ['acme', 'default', undefined] as const) {
        const expected = new Map<string, number>();
        const add = (key: string): unknown => expected.set(key, (expected.get(key) ?? 0) + 1);
        for (const one of said) {
          if ((kind && one.kind !== kind) || (tenant && one.tenant !== tenant)) continue;
          add(`label ${one.label || 'missing'}`);
          add(`language ${one.language || 'missing'}`);
          add(`length ${binOf(one.length, lengthEdges)}`);
          add(
            `confidence ${Number.isNaN(one.confidence) ? 'missing' : binOf(one.confidence, edgesOf[one.kind])}`,
          );
        }
        const histogram = await readHistogram(clickhouse, {
          ...{ release, from, to: from + 180_000 },
          ...(kind ? { kind } : {}),
          ...(tenant ? { tenant } : {}),
        });
        const found = new Map(histogram.map(({ feature, bin, count }) => [`${feature} ${bin}`, count]));
        assert.deepEqual(new Map([...found].sort()), new Map([...expected].sort()), `${kind} ${tenant}`);
      }
    const answering = await readAnswering(clickhouse, { from, to: from + 60_000 });
    assert.deepEqual(
      answering.map((each) => `${each.release} ${each.kind} ${each.tenant}`),
      ['acme', 'default']
        .flatMap((tenant) => [`${release} comment ${tenant}`, `${release} prompt ${tenant}`])
        .sort(),
    );
    const steps = await readHistogramsOverTime(clickhouse, { release, from, to: from + 180_000 }, 60_000);
    const labels = steps.filter(({ feature }) => feature === 'label');
    assert.deepEqual(
      [0, 1, 2].map((at) =>
        labels.filter((each) => each.at === from + at * 60_000).reduce((all, { count }) => all + count, 0),
      ),
      [134, 133, 133],
    );
  });

  it('keep how sure answers were, by label, to the millionth', async () => {
    const release = 'sure@1';
    const said = [0.5, 0.51, 0.999, 1, Number.NaN].map((confidence, at) => ({
      ...{ ...base, release, confidence, label: at < 2 ? 'no' : 'yes' },
    }));
    await insertPredictions('sure', said);
    const bins = await readConfidences(clickhouse, {
      release,
      from: minute,
      to: minute + 60_000,
      kind: 'comment',
    });
    assert.deepEqual(
      bins.map(({ label, bin, count, sum }) => `${label} ${bin} ${count} ${sum.toFixed(6)}`),
      ['no 25 2 1.010000', 'yes 49 2 1.999000'],
    );
  });

  it('hold the features of texts on their fixed bins, whoever answered', async () => {
    const time = minute + 10_800_000;
    const rows = Array.from({ length: 60 }, (_, at) => {
      const values = featureItems.map(({ name }, place) => {
        const edges = featureBins[name as FeatureName];
        if (at === 7 && place === 3) return Number.NaN;
        return Math.fround(edges[(at + place) % edges.length]! + (at % 3) - 1);
      });
      return { kind: (at % 4 === 0 ? 'prompt' : 'comment') as Kind, values };
    });
    const encoder = new RowEncoder(features);
    for (const [offset, { kind, values }] of rows.entries())
      encoder.add(
        {
          ...predictionOf({ ...base, release: 'x@1', time, kind }),
          text: '',
          stickyKey: null,
          values,
        } as Features,
        {
          ...{ topic: 'features', partition: 0, offset, time },
        },
      );
    const insert = { table: 'features', columns: encoder.columns, ...encoder.take(), token: 'features' };
    for (let attempt = 0; attempt < 2; attempt++)
      await clickhouse.insert({ ...insert, deadline: Date.now() + 60_000 });
    const expected = new Map<string, number>();
    for (const { kind, values } of rows)
      for (const [place, value] of values.entries()) {
        const { name } = featureItems[place]!;
        const bin = Number.isNaN(value) ? 'missing' : binOf(value, featureBins[name as FeatureName]);
        if (kind === 'comment') expected.set(`${name} ${bin}`, (expected.get(`${name} ${bin}`) ?? 0) + 1);
      }
    const span = { release: 'nobody@1', from: time, to: time + 60_000, kind: 'comment' };
    const found = await readHistogram(clickhouse, { ...span, withTexts: true });
    assert.deepEqual(
      new Map(found.map(({ feature, bin, count }) => [`${feature} ${bin}`, count] as const).sort()),
      new Map([...expected].sort()),
    );
    assert.deepEqual(await readHistogram(clickhouse, span), [], 'only where they are asked for');
    assert.deepEqual(await readReleases(clickhouse, { from: time, to: time + 60_000 }), []);
  });

  it('renew a baseline on its bins: new values after the old ones, old counts still there, few messages not at all', async () => {
    const release = 'renewed@1';
    await writeBaselines(clickhouse, baselines(release));
    const time = minute + 14_400_000;
    await insertPredictions('renew', [
      ...[0.1, 0.6, 0.95].map((confidence) => ({ ...base, release, confidence, time })),
      { ...base, release, label: 'maybe', confidence: Number.NaN, time },
    ]);
    const span = { release, from: time, to: time + 60_000 };
    assert.deepEqual(await renewBaseline(clickhouse, span), []);
    assert.deepEqual(await readBaselines(clickhouse, release), baselines(release));
    for (let attempt = 0; attempt < 2; attempt++)
      assert.deepEqual(await renewBaseline(clickhouse, { ...span, samplesMin: 4 }), [
        'confidence',
        'label',
        'length',
      ]);
    const [confidence, label] = await readBaselines(clickhouse, release);
    assert.deepEqual(confidence, { ...baselines(release)[0]!, counts: [1, 0, 1, 1], samples: 4 });
    assert.deepEqual(label, {
      ...baselines(release)[1]!,
      bins: ['no', 'yes', 'maybe'],
      counts: [3, 0, 1],
      samples: 4,
    });
    await writeBaselines(clickhouse, baselines(release));
    assert.equal((await readBaselines(clickhouse, release))[1]!.bins.length, 3, 'a start does not undo it');
    const rows = await clickhouse.query(
      `SELECT count() AS n FROM baselines FINAL WHERE release = '${release}'`,
    );
    assert.deepEqual(rows, [{ n: 6 }]);
  });

  it('go on after the database was opened again, tokens and bins included', async () => {
    const before = await histogramOf('task@1');
    await clickhouse.close();
    clickhouse = await openEmbeddedClickhouse({ directory });
    await insertPredictions('edges', [{ ...base, release: 'task@1' }]);
    assert.deepEqual(await histogramOf('task@1'), before);
    await insertPredictions('reopened', [{ ...base, release: 'task@2' }]);
    assert.deepEqual(await histogramOf('task@2'), [
      'confidence 1: 1',
      'label no: 1',
      'language en: 1',
      'length 1: 1',
    ]);
  });

  it('show predictions one row per message and task', async () => {
    const rows = await clickhouse.query(
      `SELECT messageId, task, release, label, confidence, labels, probabilities, textLength, language
       FROM prediction_results WHERE release = 'late@1' AND label = 'yes'`,
    );
    assert.deepEqual(rows, [
      {
        messageId: 'm',
        task: 'task',
        release: 'late@1',
        label: 'yes',
        confidence: 0.3,
        labels: ['yes'],
        probabilities: [0.3],
        textLength: 10,
        language: 'en',
      },
    ]);
  });
});
