// ClickHouse keeps a sample of the texts of every minute by itself: bounded, the same however they came in, even over
// minutes, and exactly once.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import { applyMigrations, readMigrations } from '../../../connectors/clickhouse/migrations.ts';
import { RowEncoder } from '../../../connectors/clickhouse/row-encoder.ts';
import {
  readTextSample,
  type SampleSpan,
  sampledTextMax,
  textsPerMinute,
} from '../../../connectors/clickhouse/text-samples.ts';
import { type Comment, comments } from '../../../schemas/comment.ts';
import { prompts } from '../../../schemas/prompt.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-samples-'));
const clickhouse = await openEmbeddedClickhouse({ directory });
after(async () => {
  await clickhouse.close();
  await rm(directory, { recursive: true, force: true });
});
await applyMigrations(clickhouse, await readMigrations());

const minute = 1_763_722_800_000;

interface Said {
  readonly id: string;
  readonly text?: string;
  readonly tenant?: string;
  /** After `minute`, ms. */
  readonly time?: number;
}

const commentOf = ({ id, text = `text ${id}`, tenant = 'default', time = 0 }: Said): Comment => ({
  id,
  tenant,
  eventTime: minute + time,
  ingestTime: minute + time,
  source: 'test',
  traceparent: '',
  text,
  author: null,
  thread: null,
});

async function insert(token: string, said: readonly Said[], topic: 'comments' | 'prompts' = 'comments') {
  const encoder = topic === 'comments' ? new RowEncoder(comments) : new RowEncoder(prompts);
  for (const [offset, one] of said.entries()) {
    const comment = commentOf(one);
    const message = topic === 'comments' ? comment : { ...comment, user: null, session: null };
    encoder.add(message as never, { topic, partition: 0, offset, time: minute });
  }
  await clickhouse.insert({
    table: topic,
    columns: encoder.columns,
    ...encoder.take(),
    token,
    deadline: Date.now() + 60_000,
  });
}

const hour = { kind: 'comment', from: minute, to: minute + 3_600_000, limit: 10_000 } as const;
const idsOf = async (span: SampleSpan): Promise<readonly string[]> =>
  (await readTextSample(clickhouse, span)).map(({ messageId }) => messageId);

/** Ids of the table itself by hash: what the samples have to agree with. */
const lowest = async (limit: number, where = '1'): Promise<readonly string[]> =>
  (
    await clickhouse.query<{ id: string }>(
      `SELECT id FROM comments WHERE ${where} GROUP BY id ORDER BY cityHash64(id), id LIMIT {limit:UInt32}`,
      { limit },
    )
  ).map(({ id }) => id);

const many = (prefix: string, count: number, said: Omit<Said, 'id'> = {}): readonly Said[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${prefix}-${index}`, ...said }));

describe('text samples', { timeout: 120_000 }, () => {
  it('hold no more than so many of a minute: those of the lowest hashes, whatever insert brought them', async () => {
    const all = many('a', 1_000);
    for (let at = 0; at < all.length; at += 250) await insert(`a/${at}`, all.slice(at, at + 250));
    const ids = await idsOf(hour);
    assert.equal(ids.length, textsPerMinute);
    assert.deepEqual(ids, await lowest(textsPerMinute));
    await clickhouse.command('OPTIMIZE TABLE text_samples FINAL');
    assert.deepEqual(await idsOf(hour), ids);
    assert.deepEqual(await idsOf({ ...hour, limit: 10 }), ids.slice(0, 10));
  });

  it('do not grow when an insert is repeated, nor when a message comes again', async () => {
    const before = await idsOf(hour);
    await insert('a/0', many('a', 250));
    await insert('a/again', many('a', 250));
    const after = await idsOf(hour);
    assert.equal(new Set(after).size, after.length);
    assert.ok(after.every((id) => before.includes(id)));
  });

  it('are one sample over several minutes, up to what every minute holds', async () => {
    const times = [600_000, 660_000, 720_000];
    for (const time of times) await insert(`b/${time}`, many(`b${time}`, 500, { time }));
    const span = { ...hour, from: minute + 600_000, to: minute + 780_000, limit: 100 };
    assert.deepEqual(
      await idsOf(span),
      await lowest(100, `eventTime >= fromUnixTimestamp64Milli(${span.from})`),
    );
    assert.equal((await idsOf({ ...span, limit: 1_000 })).length, 3 * textsPerMinute);
    assert.deepEqual(
      await idsOf({ ...span, to: minute + 660_000, limit: 64 }),
      await lowest(64, "id LIKE 'b600000-%'"),
    );
  });

  it('keep tenants apart, and comments from prompts', async () => {
    const time = 1_200_000;
    await insert('c/1', many('c', 100, { time, tenant: 'one' }));
    await insert('c/2', many('d', 3, { time, tenant: 'two' }));
    await insert('c/3', many('p', 2, { time, tenant: 'two' }), 'prompts');
    const span = { ...hour, from: minute + time, to: minute + time + 60_000 };
    assert.equal((await idsOf(span)).length, textsPerMinute + 3);
    assert.deepEqual(new Set(await idsOf({ ...span, tenant: 'two' })), new Set(['d-0', 'd-1', 'd-2']));
    assert.deepEqual(new Set(await idsOf({ ...span, kind: 'prompt' })), new Set(['p-0', 'p-1']));
    assert.deepEqual(await idsOf({ ...span, tenant: 'three' }), []);
  });

  it('hold the message as it is, and the beginning of long ones by code points', async () => {
    const time = 1_800_000;
    await insert('e', [{ id: 'e', text: '😀'.repeat(1_500), time: time + 1_234 }]);
    assert.deepEqual(await readTextSample(clickhouse, { ...hour, from: minute + time }), [
      {
        messageId: 'e',
        tenant: 'default',
        eventTime: minute + time + 1_234,
        text: '😀'.repeat(sampledTextMax),
      },
    ]);
  });
});
