// The fault cases' own instruments: the reader of segment files against what a real embedded log wrote, and the trend.
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { openEmbeddedLog } from '../../connectors/embedded-log/embedded-log.ts';
import { readSegments } from './segments.ts';
import { isFlat, trendOf } from './trend.ts';

it('reads every record of every partition, up to a torn write', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-segments-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const log = await openEmbeddedLog({ directory });
  await log.createTopics([{ name: 'comments', partitions: 3 }]);
  const records = Array.from({ length: 500 }, (_, number) => ({
    key: Buffer.from(`key-${number % 7}`),
    value: Buffer.from('ä'.repeat(number)),
    headers: { 'faults-id': Buffer.from(`good:${number}`) },
    timestamp: 1_700_000_000_000 + number,
  }));
  for (let from = 0; from < records.length; from += 50)
    await log.publish([{ topic: 'comments', records: records.slice(from, from + 50) }]);
  const ranges = await log.ranges(['comments']);
  await log.close();
  const found = readSegments(directory, 'comments');
  assert.equal(found.length, records.length);
  const numbers = found.map(({ headers }) => Number(headers['faults-id']?.slice('good:'.length)));
  assert.deepEqual(
    [...numbers].sort((a, b) => a - b),
    records.map((_, number) => number),
  );
  for (const [index, { key, value }] of found.entries()) {
    assert.equal(key, `key-${numbers[index]! % 7}`);
    assert.equal(value.toString(), 'ä'.repeat(numbers[index]!));
  }
  for (const { partition, end } of ranges) {
    const offsets = found.filter((record) => record.partition === partition).map(({ offset }) => offset);
    assert.deepEqual(
      offsets,
      Array.from({ length: end }, (_, offset) => offset),
    );
  }
  const torn = Buffer.alloc(100);
  torn.writeInt32BE(5_000, 8);
  appendFileSync(join(directory, 'comments', '0', '00000000000000000000.log'), torn);
  assert.equal(readSegments(directory, 'comments').length, records.length);
});

it('tells a growing series from a noisy flat one', () => {
  const noise = (index: number): number => ((index * 7_919) % 13) - 6;
  const points = Array.from({ length: 60 }, (_, x) => ({ x, y: 500 + noise(x) }));
  assert.ok(isFlat(trendOf(points)));
  const growing = trendOf(points.map(({ x, y }) => ({ x, y: y + x / 2 })));
  assert.ok(!isFlat(growing));
  assert.ok(Math.abs(growing.slope - 0.5) < 0.05);
  assert.ok(isFlat(trendOf(points.map(({ x, y }) => ({ x, y: y - x })))), 'memory that falls is no leak');
  // A slow wave rises over any half of itself: its neighbours are alike, so its slope means little.
  const wave = points.map(({ x }) => ({ x, y: 500 + 20 * Math.sin(x / 5) }));
  assert.ok(isFlat(trendOf(wave)));
});
