// The order of work of deliveries in transactions, around transactions that fail, that succeed without saying so, and
// that belong to somebody else. What real brokers make of it is in tests/real/kafka-transactions.test.ts.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Addressed, Chunk } from '../../connectors/delivery.ts';
import { openEmbeddedLog } from '../../connectors/embedded-log/embedded-log.ts';
import type { Batch, Log, Position, StoredRecord, TransactionalPublisher } from '../../connectors/log.ts';
import { openEmbeddedRegistry } from '../../connectors/registry/embedded.ts';
import { TransactionalDelivery } from '../../connectors/transactional-delivery.ts';
import { openWire, type Wire } from '../../connectors/wire/wire.ts';
import { comments } from '../../schemas/comment.ts';
import { Fenced, Misconfigured, Retryable } from '../../schemas/errors.ts';
import { invalid, type Outcome, ok } from '../../schemas/outcome.ts';
import type { Message } from '../../schemas/topic.ts';
import { topics } from '../../schemas/topics.ts';
import { allRecords, textOf } from '../contract/log/subject.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-transactional-'));
let embedded: Log;
let wire: Wire;
let output: string;

/** What the coordinators of a cluster know, as far as a delivery can see it. */
class Cluster {
  position: Position | null = null;
  generation = 1;
  readonly opened: string[] = [];
  closed = 0;
  /** Done when an id is opened: a transaction of its earlier holder is settled there. */
  settling = async (): Promise<void> => {};
  /** What the next publish does instead of working. */
  trouble: 'fails' | 'is applied and not answered' | 'has another holder' | null = null;

  /** The embedded log, with transactions. */
  readonly log = (): Log => ({
    createTopics: (specs) => embedded.createTopics(specs),
    ranges: (names) => embedded.ranges(names),
    publish: (batches) => embedded.publish(batches),
    subscribe: (options, handler) => embedded.subscribe(options, handler),
    positions: (group, names) => embedded.positions(group, names),
    groups: () => embedded.groups(),
    read: (topic, options) => embedded.read(topic, options),
    transactional: (id) => this.#open(id),
    close: async () => {},
  });

  async #open(id: string): Promise<TransactionalPublisher> {
    this.opened.push(id);
    await this.settling();
    return {
      publish: async (batches, { group, ...position }) => {
        const { trouble } = this;
        this.trouble = null;
        if (trouble === 'fails') throw new Retryable('no', { code: 'test' });
        if (trouble === 'has another holder') throw new Fenced('no');
        assert.equal(group, 'millrace-test');
        await embedded.publish(batches);
        this.position = position;
        if (trouble) throw new Retryable('no answer', { code: 'test' });
      },
      close: async () => {
        this.closed += 1;
      },
    };
  }

  /** A batch of `count` comments from `first` on, for a member of this generation. */
  batch(first: number, count: number, revoked = new AbortController().signal, next?: number): Batch {
    const { generation } = this;
    const records = Array.from({ length: count }, (_, n) => stored(first + n));
    return {
      ...{ topic: 'comments', partition: 3, records, generation, end: first + count, revoked },
      ...(next === undefined ? {} : { next }),
      committed: async () => this.position,
      commit: async (offset, metadata) => {
        if (generation !== this.generation) throw new Fenced('this generation is over');
        this.position = { topic: 'comments', partition: 3, offset, metadata };
      },
      heartbeat: async () => {},
    };
  }

  readonly delivery = () =>
    new TransactionalDelivery({
      log: this.log(),
      wire,
      stage: 'test',
      group: 'millrace-test',
      outputTopics: [output, 'dead-letters'],
      now: () => 0,
    });
}

const stored = (offset: number): StoredRecord => ({
  offset,
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  headers: {},
  timestamp: 1_763_722_800_000,
});

const messageOf = ({ offset, timestamp }: StoredRecord): Message => ({
  id: `id-${offset}`,
  tenant: 'default',
  eventTime: timestamp,
  ingestTime: timestamp,
  source: 'test',
  traceparent: '00-a-b-01',
  text: 't',
});

const made = (record: StoredRecord): Outcome<Addressed> => ok({ topic: output, message: messageOf(record) });

const chunkOf = (batch: Batch, outcomeOf = made): Chunk<Addressed> => ({
  batch,
  records: batch.records,
  outcomes: batch.records.map(outcomeOf),
  end: batch.records.at(-1)!.offset + 1,
});

const published = async (topic = output): Promise<string[]> =>
  (await allRecords(embedded, topic)).map(([, one]) => (JSON.parse(textOf(one)) as { id: string }).id);

const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `id-${from + n}`);

before(async () => {
  embedded = await openEmbeddedLog({
    directory: join(directory, 'log'),
    fsync: false,
    segmentBytesMax: 1_048_576,
    retentionMs: 1e12,
  });
  await embedded.createTopics([{ name: 'dead-letters', partitions: 1 }]);
});
after(async () => {
  await embedded.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('transactional delivery', () => {
  let cluster: Cluster;
  let runs = 0;

  beforeEach(async () => {
    runs += 1;
    output = `output-${runs}`;
    cluster = new Cluster();
    await embedded.createTopics([{ name: output, partitions: 1 }]);
    const registry = await openEmbeddedRegistry({ file: join(directory, 'registry.json') });
    wire = await openWire({ topics: [...topics, { ...comments, name: output }], registry, format: 'json' });
  });

  it('publishes and commits at once, under one id for each input partition', async () => {
    const delivery = cluster.delivery();
    const batch = cluster.batch(0, 3);
    assert.deepEqual(await delivery.resume(batch), {});
    assert.equal(cluster.position?.offset, 0);
    await delivery.deliver(chunkOf(batch));
    assert.deepEqual(cluster.opened, ['millrace-test-comments-3']);
    assert.deepEqual(await published(), ids(0, 3));
    assert.deepEqual(cluster.position, { topic: 'comments', partition: 3, offset: 3, metadata: '' });
  });

  it('publishes dead letters, and commits a chunk that made nothing', async () => {
    const delivery = cluster.delivery();
    const batch = cluster.batch(0, 2);
    await delivery.resume(batch);
    const before = (await published('dead-letters')).length;
    await delivery.deliver(chunkOf(batch, () => invalid('no-text', 'none')));
    assert.equal((await published('dead-letters')).length - before, 2);
    const next = cluster.batch(2, 2);
    await delivery.deliver(chunkOf(next, () => ({ kind: 'drop', reason: 'not wanted' })));
    assert.deepEqual([cluster.position?.offset, await published()], [4, []]);
  });

  it('commits past the markers that follow a batch', async () => {
    const delivery = cluster.delivery();
    const batch = cluster.batch(0, 3, undefined, 7);
    await delivery.resume(batch);
    await delivery.deliver(chunkOf(batch));
    assert.equal(cluster.position?.offset, 7);
  });

  it('tries again what failed, and not what was applied without an answer', async () => {
    const delivery = cluster.delivery();
    const batch = cluster.batch(0, 3);
    await delivery.resume(batch);
    for (const trouble of ['fails', 'is applied and not answered'] as const) {
      cluster.trouble = trouble;
      await assert.rejects(delivery.deliver(chunkOf(batch)), Retryable);
    }
    await delivery.deliver(chunkOf(batch));
    assert.deepEqual(await published(), ids(0, 3));
    assert.equal(cluster.position?.offset, 3);
    assert.equal(cluster.opened.length, 3);
    assert.equal(cluster.closed, 2);
  });

  it('takes the id back while it is a member, and stops when it is not', async () => {
    const delivery = cluster.delivery();
    const batch = cluster.batch(0, 3);
    await delivery.resume(batch);
    cluster.trouble = 'has another holder';
    await assert.rejects(delivery.deliver(chunkOf(batch)), Retryable);
    await delivery.deliver(chunkOf(batch));
    assert.deepEqual(await published(), ids(0, 3));
    cluster.trouble = 'has another holder';
    const later = { ...chunkOf(batch), records: [stored(3)], outcomes: [made(stored(3))], end: 4 };
    await assert.rejects(delivery.deliver(later), Retryable);
    cluster.generation += 1;
    await assert.rejects(delivery.deliver(later), Fenced);
    assert.deepEqual(await published(), ids(0, 3));
    assert.equal(cluster.closed, cluster.opened.length);
  });

  it('leaves out what its predecessor committed after this member had fetched', async () => {
    const batch = cluster.batch(0, 5);
    cluster.settling = async () => {
      cluster.position = { topic: 'comments', partition: 3, offset: 2, metadata: '' };
    };
    const delivery = cluster.delivery();
    await delivery.resume(batch);
    await delivery.deliver(chunkOf(batch));
    assert.deepEqual(await published(), ids(2, 5));
  });

  it('closes what belongs to a partition that is taken away, and opens nothing for it any more', async () => {
    const delivery = cluster.delivery();
    const leaving = new AbortController();
    const batch = cluster.batch(0, 3, leaving.signal);
    await delivery.resume(batch);
    leaving.abort();
    assert.equal(cluster.closed, 1);
    await assert.rejects(delivery.deliver(chunkOf(batch)), Fenced);
    assert.deepEqual([cluster.opened.length, await published()], [1, []]);
  });

  it('takes no chunk of an assignment before the last one', async () => {
    const delivery = cluster.delivery();
    const old = cluster.batch(0, 3);
    await delivery.resume(old);
    cluster.generation += 1;
    await delivery.resume(cluster.batch(0, 3));
    await assert.rejects(delivery.deliver(chunkOf(old)), Fenced);
    assert.deepEqual(await published(), []);
  });

  it('keeps the journal of the other mode until its input is done', async () => {
    const batch = cluster.batch(0, 6);
    const half = { ...chunkOf(batch), records: batch.records.slice(0, 2), end: 2 };
    // The other mode published offsets 0 to 3 and died before it committed them.
    const records = wire.encode(output, batch.records.slice(0, 4).map(messageOf), 0);
    await embedded.publish([{ topic: output, records }]);
    cluster.position = { topic: 'comments', partition: 3, offset: 0, metadata: `${output}:0` };
    const first = cluster.delivery();
    await first.resume(batch);
    await first.deliver({ ...half, outcomes: half.records.map(made) });
    assert.deepEqual(cluster.position, { ...cluster.position, offset: 2, metadata: `${output}:0` });
    // It dies as well. Its successor still knows where to look.
    const rest = cluster.batch(2, 4);
    const second = cluster.delivery();
    await second.resume(rest);
    await second.deliver(chunkOf(rest));
    assert.deepEqual(await published(), ids(0, 6));
    assert.deepEqual(cluster.position, { ...cluster.position, offset: 6, metadata: '' });
  });

  it('asks for a log with transactions', () => {
    const options = { log: embedded, wire, stage: 't', group: 'g', outputTopics: [], now: Date.now };
    assert.throws(() => new TransactionalDelivery(options), Misconfigured);
  });
});
