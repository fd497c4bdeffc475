// Streams from topic to topic in Kafka transactions, on a real broker (KAFKA_BROKERS): killed and stopped between
// the last record and the commit, taken over, aborted, read by the sink.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import type { Batch, Log, LogRecord } from '../../connectors/log.ts';
import { compiler } from '../../infra/compiled.mjs';
import { Fenced, Misconfigured, Retryable } from '../../schemas/errors.ts';
import { derivedId } from '../../schemas/identity.ts';
import { ok } from '../../schemas/outcome.ts';
import { printClickhouse, quoteName, tableName } from '../../schemas/print/clickhouse.ts';
import { decodeThen } from '../../streams/stage.ts';
import { openSink } from '../connectors/clickhouse/sink.ts';
import { allRecords, newName, reached, record, subscribing, textOf } from '../contract/log/subject.ts';
import { kafkaBrokers } from './addresses.ts';
import type { Fate } from './echo-process.ts';
import {
  commentsTopic,
  deliveryOf,
  echo,
  openEchoWire,
  type Route,
  startEcho,
  startLoop,
} from './echo-stream.ts';

const inputs = 45;
let log: Log;
before(async () => {
  log = await openKafkaLog({ brokers: kafkaBrokers(), clientId: 'test' });
});
after(() => log?.close());

const commentIds = (count = inputs): string[] => Array.from({ length: count }, (_, n) => `c${n}`);
const commentRecords = (count = inputs): LogRecord[] =>
  commentIds(count).map((id) => record('k', JSON.stringify({ id, text: `text of ${id}` })));

/** A route of its own with one partition, and comments waiting in it. */
async function newRoute(count = inputs): Promise<Route> {
  const route = { group: newName('g'), from: newName('in'), to: newName('out') };
  await log.createTopics([route.from, route.to].map((name) => ({ name, partitions: 1 })));
  await log.publish([{ topic: route.from, records: commentRecords(count) }]);
  return route;
}

async function startProcess(route: Route, fate: Fate): Promise<ChildProcess> {
  const file = fileURLToPath(new URL('echo-process.ts', import.meta.url));
  const options = JSON.stringify({ ...route, fate, brokers: kafkaBrokers() });
  const child = spawn(process.execPath, [compiler, file, options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

const committed = async ({ group, from }: Route): Promise<number> =>
  (await log.positions(group, [from]))[0]?.offset ?? 0;

const outputsOf = async ({ to }: Route): Promise<string[]> =>
  (await allRecords(log, to)).map(([, one]) => (JSON.parse(textOf(one)) as { id: string }).id);

const expected = (count = inputs): string[] => commentIds(count).map((id) => derivedId('echo', id));

const stateOf = ({ pid }: ChildProcess): string =>
  spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).stdout;

/** Records the partition was given, with those of aborted transactions and the markers. */
const written = async ({ to }: Route): Promise<number> => (await log.ranges([to]))[0]!.end;

describe('a stream in transactions', { timeout: 180_000 }, () => {
  it('that is killed between its records and their commit repeats nothing that anyone sees', async () => {
    const route = await newRoute();
    const victim = await startProcess(route, 'killed before commit');
    await once(victim, 'exit');
    assert.equal(victim.signalCode, 'SIGKILL');
    assert.equal(await committed(route), 10);
    const close = await startEcho(kafkaBrokers(), route);
    await reached(async () => (await committed(route)) === inputs);
    await close();
    assert.deepEqual(await outputsOf(route), expected());
    assert.equal(await written(route), 10 + 1 + 10 + 1 + 35 + 4); // ten that nobody sees, the marker of their abort, the rest
  });

  it('that is killed once the broker has committed does not do it again', async () => {
    const route = await newRoute();
    const victim = await startProcess(route, 'killed after commit');
    await once(victim, 'exit');
    const close = await startEcho(kafkaBrokers(), route);
    await reached(async () => (await committed(route)) === inputs);
    await close();
    assert.deepEqual(await outputsOf(route), expected());
    assert.equal(await written(route), inputs + 5);
  });

  it('that stands still while another takes over is refused when it wakes', async () => {
    const route = await newRoute();
    const zombie = await startProcess(route, 'stopped before commit');
    try {
      await reached(() => stateOf(zombie).startsWith('T'));
      const close = await startEcho(kafkaBrokers(), route);
      await reached(async () => (await committed(route)) === inputs);
      zombie.kill('SIGCONT');
      await close(); // what comes next is the zombie's, once it has joined again
      await log.publish([{ topic: route.from, records: commentRecords(inputs + 5).slice(inputs) }]);
      await reached(async () => (await committed(route)) === inputs + 5);
      assert.deepEqual(await outputsOf(route), expected(inputs + 5));
    } finally {
      zombie.kill('SIGKILL');
      await once(zombie, 'exit');
    }
  });
});

/** A sink for one topic of comments into a ClickHouse of its own. */
async function openEchoSink(name: string) {
  const topic = commentsTopic(name);
  const sink = await openSink();
  await sink.clickhouse.command(printClickhouse(topic).replace(/;$/, ''));
  const memory = { marks: async () => ({}), remembers: async () => true };
  return {
    delivery: () => sink.deliveryOf({ topics: [topic], memory, repairViews: async () => {} }),
    ids: async () => {
      const sql = `SELECT id FROM ${quoteName(tableName(topic))}`;
      return (await sink.clickhouse.query<{ id: string }>(sql)).map(({ id }) => id);
    },
    close: () => sink.close(),
  };
}

describe('the sink behind a stream in transactions', { timeout: 180_000 }, () => {
  it('stores once what is seen once, though it dies before it commits, and is left with no lag', async () => {
    const route = await newRoute();
    const victim = await startProcess(route, 'killed before commit');
    await once(victim, 'exit');
    const close = await startEcho(kafkaBrokers(), route);
    await reached(async () => (await committed(route)) === inputs);
    await close();

    const sinking = { group: newName('sink'), from: route.to };
    const sink = await openEchoSink(route.to);
    const wire = await openEchoWire(route);
    const messages = decodeThen(
      wire,
      (message) => message,
      async (all) => all.map((one) => ok(one)),
    );
    // The first sink dies after each insert and before the commit; what follows has only the journal to go by.
    const dying = sink.delivery();
    const first = await startLoop(log, sinking, messages, {
      resume: (batch) => dying.resume(batch),
      deliver: (chunk) => {
        const commit = (offset: number, metadata: string) =>
          metadata === ''
            ? Promise.reject(new Error('the sink is gone'))
            : chunk.batch.commit(offset, metadata);
        return dying.deliver({ ...chunk, batch: { ...chunk.batch, commit } });
      },
    });
    await assert.rejects(first.done, /the sink is gone/);
    assert.equal((await sink.ids()).length, 10);
    const second = await startLoop(log, sinking, messages, sink.delivery());
    const end = await written(route);
    await reached(async () => (await log.positions(sinking.group, [route.to]))[0]!.offset === end);
    await second.close();
    assert.deepEqual((await sink.ids()).sort(), expected().sort());
    await sink.close();
  });
});

describe('a transactional id', { timeout: 60_000 }, () => {
  it('shuts its earlier holder out', async (t) => {
    const { group, from: topic, to } = await newRoute();
    const position = (offset: number) => ({ group, topic, partition: 0, offset, metadata: `m${offset}` });
    const id = newName('id');
    const [first, second] = [await log.transactional!(id), await log.transactional!(id)];
    t.after(() => Promise.all([first.close(), second.close()]));
    await assert.rejects(first.publish([{ topic: to, records: [record('k', 'late')] }], position(1)), Fenced);
    await assert.rejects(first.publish([], position(1)), Retryable);
    await second.publish([{ topic: to, records: [record('k', 'kept')] }], position(2));
    const visible = async () => (await allRecords(log, to)).map(([, one]) => textOf(one));
    // The broker has promised the commit; it writes its markers a moment later.
    await reached(async () => (await visible()).length > 0);
    assert.deepEqual(await visible(), ['kept']);
    await reached(async () => (await log.positions(group, [topic]))[0]?.metadata === 'm2');
  });

  it('makes nothing visible of a publish that fails half way', async () => {
    const { group, from: topic, to } = await newRoute();
    const position = { group, topic, partition: 0, offset: 3, metadata: '' };
    const id = newName('id');
    const publisher = await log.transactional!(id);
    const tooLarge = [record('k', 'small'), record('k', 'x'.repeat(2_000_000))];
    await assert.rejects(publisher.publish([{ topic: to, records: tooLarge }], position), Misconfigured);
    await publisher.close();
    await reached(async () => (await log.ranges([to]))[0]!.end === 2); // `small` and the marker of its abort
    assert.deepEqual(await allRecords(log, to), []);
    assert.deepEqual(await log.positions(group, [topic]), []);
  });
});

describe('a change of mode', { timeout: 180_000 }, () => {
  /** Lets a loop of `kind` die after publishing its second chunk and before committing it. */
  async function dieInSecondChunk(kind: 'transactional' | 'topics', route: Route): Promise<void> {
    const wire = await openEchoWire(route);
    const delivery = deliveryOf(kind, log, wire, route);
    const process = echo(wire, route.to);
    let [chunks, died] = [0, false];
    const subscription = await log.subscribe(subscribing(route.group, route.from), async (batch) => {
      const dying: Batch = {
        ...batch,
        commit: (offset, metadata) => {
          if (offset === 20) died = true;
          return died ? Promise.reject(new Error('the process is gone')) : batch.commit(offset, metadata);
        },
      };
      await delivery.resume(dying);
      for (; chunks < 2; chunks += 1) {
        const records = batch.records.slice(10 * chunks, 10 * chunks + 10);
        const outcomes = await process(dying, records);
        await delivery.deliver({ batch: dying, records, outcomes, end: 10 * chunks + 10 });
      }
    });
    await subscription.done.catch(() => undefined);
    assert.ok(died);
  }

  it('from journals to transactions repeats nothing', async () => {
    const route = await newRoute();
    await dieInSecondChunk('topics', route);
    assert.equal((await outputsOf(route)).length, 20);
    assert.equal(await committed(route), 10);
    const close = await startEcho(kafkaBrokers(), route);
    await reached(async () => (await committed(route)) === inputs);
    await close();
    assert.deepEqual(await outputsOf(route), expected());
    assert.equal((await log.positions(route.group, [route.from]))[0]!.metadata, '');
  });

  it('from transactions to journals repeats nothing', async () => {
    const route = await newRoute();
    const victim = await startProcess(route, 'killed before commit');
    await once(victim, 'exit');
    const wire = await openEchoWire(route);
    const subscription = await startLoop(
      log,
      route,
      echo(wire, route.to),
      deliveryOf('topics', log, wire, route),
    );
    await reached(async () => (await committed(route)) === inputs);
    await subscription.close();
    // The dead transaction holds up readers until the broker gives it up, after 30 s.
    await reached(async () => (await outputsOf(route)).length >= inputs, 90_000);
    assert.deepEqual(await outputsOf(route), expected());
  });
});
