// What ClickHouse counts as rows arrive is what a naive count of them gives: kinds, tenants, arms, what is missing, how sure
// answers were, the features of texts; and baselines are counted anew from it.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readConfidences } from '../../../connectors/clickhouse/drift-windows.ts';
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
import { binOf } from '../../../schemas/baseline.ts';
import { featureBins } from '../../../schemas/feature-bins.ts';
import {
  type FeatureName,
  type Features,
  featureItems,
  features,
  type Kind,
} from '../../../schemas/features.ts';

import {
  base,
  baselines,
  insertPredictions,
  lengthEdges,
  minute,
  numeric,
  predictionOf,
} from './drift-rows.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-histograms-'));
const clickhouse = await openEmbeddedClickhouse({ directory });
after(async () => {
  await clickhouse.close();
  await rm(directory, { recursive: true, force: true });
});
await applyMigrations(clickhouse, await readMigrations());

describe('what drift counts', { timeout: 120_000 }, () => {
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
    await insertPredictions(clickhouse, 'naive', said);
    const from = minute + 7_200_000;
    for (const kind of ['comment', 'prompt', undefined] as const)
      for (const tenant of ['acme', 'default', undefined] as const) {
        const expected = new Map<string, number>();
        const add = (key: string): unknown => expected.set(key, (expected.get(key) ?? 0) + 1);
        for (const one of said) {
          if ((kind && one.kind !== kind) || (tenant && one.tenant !== tenant)) continue;
          // The silence of a candidate that failed.
          if (one.label === '') continue;
          add(`label ${one.label}`);
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
  });

  it('keep how sure answers were, by label, to the millionth', async () => {
    const release = 'sure@1';
    const said = [0.5, 0.51, 0.999, 1, Number.NaN].map((confidence, at) => ({
      ...{ ...base, release, confidence, label: at < 2 ? 'no' : 'yes' },
    }));
    const silence = { ...base, release, confidence: 0, label: '' };
    await insertPredictions(clickhouse, 'sure', [...said, silence]);
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
    await insertPredictions(clickhouse, 'renew', [
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
});
