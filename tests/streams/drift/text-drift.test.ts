// Text drift from ClickHouse’s samples and the sketches that the shipped releases carry.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import { applyMigrations, readMigrations } from '../../../connectors/clickhouse/migrations.ts';
import { RowEncoder } from '../../../connectors/clickhouse/row-encoder.ts';
import type { Clickhouse } from '../../../connectors/clickhouse.ts';
import { comments } from '../../../schemas/comment.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { textDrift } from '../../../streams/drift/text-drift.ts';
import { readRows, textOf } from '../../../trainers/data-sets/rows.ts';

const minute = 1_763_722_800_000;
const minutes = 5;
const span = minutes * 60_000;
const configuration = loadConfiguration({ env: {} });
let directory: string;
let clickhouse: Clickhouse;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-text-drift-'));
  clickhouse = await openEmbeddedClickhouse({ directory });
  await applyMigrations(clickhouse, await readMigrations());
  await insert('held-out', minute, await textsOf('samples/comments.jsonl.gz'));
  await insert('questions', minute + span, await textsOf('trainers/data/banking77/test.jsonl.gz'));
  await insert('few', minute + 2 * span, (await textsOf('samples/comments.jsonl.gz')).slice(0, 50));
});
after(async () => {
  await clickhouse.close();
  await rm(directory, { recursive: true, force: true });
});

const textsOf = async (path: string): Promise<readonly string[]> =>
  (await readRows(path)).slice(0, 2_000).map(textOf);

async function insert(name: string, from: number, texts: readonly string[]): Promise<void> {
  const encoder = new RowEncoder(comments);
  for (const [offset, text] of texts.entries()) {
    const eventTime = from + (offset % minutes) * 60_000;
    const envelope = { tenant: name, eventTime, ingestTime: eventTime, source: 'test', traceparent: '' };
    const place = { topic: 'comments', partition: 0, offset, time: eventTime };
    encoder.add({ ...envelope, id: `${name}-${offset}`, text, author: null, thread: null }, place);
  }
  await clickhouse.insert({
    table: 'comments',
    columns: encoder.columns,
    ...encoder.take(),
    token: name,
    deadline: Date.now() + 60_000,
  });
}

const examine = async (release: string, from: number, more = {}) =>
  (
    await textDrift(
      { clickhouse, configuration },
      { release, kind: 'comment', from, to: from + span, ...more },
    )
  ).map(({ feature, statistic, drifted }) => `${feature} ${statistic}${drifted ? ' drifted' : ''}`);

describe('text drift', { timeout: 120_000 }, () => {
  it('sees nothing in comments like those of the reference', async () => {
    assert.deepEqual(await examine('sentiment@2.0.0', minute), ['vocabulary novelty', 'domain auc']);
  });

  it('sees questions to a bank among comments, for any release with those reference texts', async () => {
    for (const release of ['sentiment@2.0.0', 'language@2.0.0'])
      assert.deepEqual(await examine(release, minute + span), ['vocabulary novelty', 'domain auc drifted']);
  });

  it('gives the same for the same window, again', async () => {
    const window = {
      release: 'toxicity@2.0.0',
      kind: 'comment',
      from: minute,
      to: minute + 2 * span,
    } as const;
    const once = await textDrift({ clickhouse, configuration }, window);
    assert.deepEqual(await textDrift({ clickhouse, configuration }, window), once);
    for (const { pValue } of once) assert.ok(pValue !== null && pValue > 0 && pValue <= 1);
  });

  it('says nothing of few texts, of other messages, of releases without a sketch, of unknown ones', async () => {
    assert.deepEqual(await examine('sentiment@2.0.0', minute + 2 * span), []);
    assert.deepEqual(await examine('sentiment@2.0.0', minute, { tenant: 'nobody' }), []);
    assert.deepEqual(await examine('sentiment@2.0.0', minute, { kind: 'prompt' }), []);
    assert.deepEqual(await examine('prompt-intent@2.0.0', minute), []);
    assert.deepEqual(await examine('expansion@1.0.0', minute), []);
    assert.deepEqual(await examine('sentiment@99.0.0', minute), []);
    assert.deepEqual(await examine('nothing@1.0.0', minute), []);
  });
});
