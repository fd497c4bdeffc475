// Drift's histograms are filled by ClickHouse as predictions arrive: on the frozen bins of each release, exactly once,
// and without a baseline too.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import {
  readBaselines,
  readHistogram,
  readReleases,
  writeBaselines,
} from '../../../connectors/clickhouse/histograms.ts';
import { applyMigrations, readMigrations } from '../../../connectors/clickhouse/migrations.ts';
import { binOf } from '../../../schemas/baseline.ts';

import {
  base,
  baselines,
  confidenceEdges,
  insertPredictions,
  lengthEdges,
  minute,
  type Said,
} from './drift-rows.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-histograms-'));
let clickhouse = await openEmbeddedClickhouse({ directory });
after(async () => {
  await clickhouse.close();
  await rm(directory, { recursive: true, force: true });
});
await applyMigrations(clickhouse, await readMigrations());

const histogramOf = async (
  release: string,
  from = minute,
  to = minute + 60_000,
): Promise<readonly string[]> =>
  (await readHistogram(clickhouse, { release, from, to })).map(
    ({ feature, bin, count }) => `${feature} ${bin}: ${count}`,
  );

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
    await insertPredictions(clickhouse, 'edges', said);
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
    await insertPredictions(clickhouse, 'edges', [{ ...base, release: 'task@1' }]);
    assert.deepEqual(await histogramOf('task@1'), before);
  });

  it('take results of a release without a baseline, and its numbers once it has one', async () => {
    const release = 'late@1';
    await insertPredictions(clickhouse, 'late/1', [{ ...base, release }]);
    assert.deepEqual(await histogramOf(release), ['label no: 1', 'language en: 1']);
    await writeBaselines(clickhouse, baselines(release));
    await insertPredictions(clickhouse, 'late/2', [{ ...base, release, label: 'yes' }]);
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
    await insertPredictions(clickhouse, 'minutes', [at(0), at(59_999), at(60_000), at(60_000), at(120_000)]);
    const from = minute + 3_600_000;
    assert.deepEqual(await histogramOf(release, from, from + 60_000), ['label no: 2', 'language en: 2']);
    assert.deepEqual(await histogramOf(release, from + 60_000, from + 180_000), [
      'label no: 3',
      'language en: 3',
    ]);
    assert.deepEqual(await readReleases(clickhouse, { from, to: from + 60_000 }), [release]);
    assert.deepEqual(await readReleases(clickhouse, { from: 0, to: 60_000 }), []);
  });

  it('go on after the database was opened again, tokens and bins included', async () => {
    const before = await histogramOf('task@1');
    await clickhouse.close();
    clickhouse = await openEmbeddedClickhouse({ directory });
    await insertPredictions(clickhouse, 'edges', [{ ...base, release: 'task@1' }]);
    assert.deepEqual(await histogramOf('task@1'), before);
    await insertPredictions(clickhouse, 'reopened', [{ ...base, release: 'task@2' }]);
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
