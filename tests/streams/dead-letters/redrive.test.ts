// Redriving on the embedded log with the streams running: the original record, once, whatever happens.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deadLetterOf } from '../../../connectors/dead-letters.ts';
import type { LogRecord } from '../../../connectors/log.ts';
import { derivedId } from '../../../schemas/identity.ts';
import { afterlifeOf } from '../../../streams/dead-letters/afterlife.ts';
import { thisClaimant } from '../../../streams/dead-letters/claimant.ts';
import { endsOf, Ledger, placesOf } from '../../../streams/dead-letters/ledger.ts';
import { type Letter, readLetters } from '../../../streams/dead-letters/letters.ts';
import { type Fate, redrive } from '../../../streams/dead-letters/redrive.ts';
import { redriveHeaders } from '../../../streams/dead-letters/republication.ts';
import { type Running, recordOf, scratchDirectory, startRunning } from '../../e2e/running.ts';

const directory = scratchDirectory();
let running: Running;
before(async () => {
  running = await startRunning(directory.path, { KAFKA_PARTITIONS: '2' });
});
after(async () => {
  await running.close();
  directory.remove();
});

const signal = new AbortController().signal;

async function redriven(ids: readonly string[], more: { force?: boolean; attemptsMax?: number } = {}) {
  const fates: Fate[] = [];
  await redrive(running.stack, {
    filter: { ids: new Set(ids) },
    isDry: false,
    attemptsMax: 3,
    force: false,
    signal,
    onLetter: (fate) => fates.push(fate),
    onProgress: () => {},
    ...more,
  });
  return fates;
}

/** A letter as a stage would write it about a record that is a good message, as after an outage of the registry. */
async function letterAbout(record: LogRecord, offset: number, code = 'unknown-schema' as const) {
  const { log, wire, now } = running.stack;
  const letter = deadLetterOf({
    stage: 'features',
    topic: 'comments',
    partition: 1,
    record: { ...record, offset },
    code,
    reason: 'made by a test',
  });
  await log.publish([{ topic: 'dead-letters', records: wire.encode('dead-letters', [letter], now()) }]);
  return letter.id;
}

async function recordsWith(origin: string) {
  const { log } = running.stack;
  const ranges = await log.ranges(['comments']);
  const from = new Map(ranges.map(({ partition, start }) => [partition, start]));
  const to = new Map(ranges.map(({ partition, end }) => [partition, end]));
  const found: { readonly partition: number; readonly record: LogRecord & { readonly offset: number } }[] =
    [];
  for await (const { partition, records } of log.read('comments', { from, to }))
    for (const record of records)
      if (record.headers[redriveHeaders.origin]?.toString() === origin) found.push({ partition, record });
  return found;
}

const rowsOf = async (table: string, column: string, id: string) => {
  const [row] = await running.stack.clickhouse.query<{ n: number }>(
    `SELECT toUInt32(count()) AS n FROM ${table} WHERE ${column} = {id:String}`,
    { id },
  );
  return row!.n;
};

test('bytes, key, headers, id, time and trace are the original ones; twice is once; the fate can be told', async () => {
  const value = Buffer.from('{ "text" : "a lovely day, with its own spaces" }');
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const time = Date.UTC(2026, 2, 1);
  const original = {
    key: Buffer.from([0xff, 0, 1]),
    value,
    headers: { traceparent: Buffer.from(traceparent), own: Buffer.from('kept') },
    timestamp: time,
  };
  const id = await letterAbout(original, 1_000_000);
  assert.deepEqual(
    (await redriven([id])).map(({ kind }) => kind),
    ['sent'],
  );
  assert.deepEqual(
    (await redriven([id])).map(({ kind }) => kind),
    ['before'],
  );
  const [only, ...more] = await recordsWith('comments/1/1000000');
  assert.equal(more.length, 0);
  const { record } = only!;
  assert.deepEqual([record.key, record.value], [original.key, value]);
  const headers = Object.fromEntries(
    Object.entries(record.headers).map(([name, held]) => [name, held.toString()]),
  );
  const messageId = derivedId('comments', '1', '1000000');
  assert.deepEqual(headers, {
    traceparent,
    own: 'kept',
    ce_id: messageId,
    ce_time: new Date(time).toISOString(),
    'millrace-redrive': id,
    'millrace-redrive-origin': 'comments/1/1000000',
    'millrace-redrives': '1',
  });
  await running.settled();
  assert.deepEqual(
    [await rowsOf('comments', 'id', messageId), await rowsOf('scores', 'messageId', messageId)],
    [1, 1],
  );
  const [row] = await running.stack.clickhouse.query<{ ms: number; trace: string }>(
    `SELECT toUnixTimestamp64Milli(eventTime) AS ms, traceparent AS trace FROM comments WHERE id = {messageId:String}`,
    { messageId },
  );
  assert.deepEqual({ ...row, ms: Number(row!.ms) }, { ms: time, trace: traceparent });
  const fate = await afterlifeOf(running.stack, (await letterOf(id)).letter, signal);
  assert.equal(fate?.place, `comments/${only!.partition}/${record.offset}`);
  assert.equal(fate?.score?.messageId, messageId);
});

async function letterOf(id: string): Promise<Letter> {
  for await (const letters of readLetters(running.stack, { signal }))
    for (const each of letters) if (each.letter.id === id) return each;
  return assert.fail(`no letter ${id}`);
}

test('what fails again is a new letter that counts, until it was tried too often', async () => {
  await running.stack.log.publish([
    { topic: 'comments', records: [recordOf({ id: 'blank', text: ' \n ' }, 'blank')] },
  ]);
  await running.settled();
  let ids = await idsAbout('blank');
  assert.equal(ids.length, 1);
  for (const attempt of [1, 2]) {
    const fates = await redriven(ids, { attemptsMax: 2 });
    assert.deepEqual(
      fates.filter(({ kind }) => kind === 'sent').map((fate) => 'attempt' in fate && fate.attempt),
      [attempt],
    );
    await running.settled();
    ids = await idsAbout('blank');
    assert.equal(ids.length, attempt + 1);
  }
  const fates = await redriven(ids, { attemptsMax: 2 });
  const refusals = fates.flatMap((fate) => ('refusal' in fate ? [fate.refusal.code] : []));
  assert.deepEqual([refusals, fates.filter(({ kind }) => kind === 'before').length], [['too-often'], 2]);
});

async function idsAbout(key: string): Promise<string[]> {
  const found: string[] = [];
  for await (const letters of readLetters(running.stack, { signal }))
    for (const { letter } of letters)
      if (letter.recordKey && Buffer.from(letter.recordKey).toString() === key) found.push(letter.id);
  return found;
}

test('letters that cannot be put back as they were are refused one by one', async () => {
  const good = recordOf({ text: 'good' });
  const ids = [
    await letterAbout({ ...good, value: Buffer.from('{"text": "cut') }, 2_000_000),
    await letterAbout({ ...good, headers: { odd: Buffer.from([0xff, 0xfe]) } }, 2_000_001),
    await letterAbout({ ...good, value: Buffer.alloc(1_048_577, 32) }, 2_000_002),
    await letterAbout(good, 2_000_003),
  ];
  const fates = await redriven(ids);
  const told = new Map(
    fates.map((fate) => [fate.letter.id, 'refusal' in fate ? fate.refusal.code : fate.kind]),
  );
  assert.deepEqual(
    ids.map((id) => told.get(id)),
    ['unreadable', 'headers-lost', 'cut', 'sent'],
  );
  const forced = await redriven([ids[0]!], { force: true });
  assert.deepEqual(
    forced.map(({ kind }) => kind),
    ['sent'],
  );
});

test('four redrives at once put each record back once', async () => {
  const offsets = Array.from({ length: 40 }, (_, index) => 3_000_000 + index);
  const ids: string[] = [];
  for (const offset of offsets)
    ids.push(await letterAbout(recordOf({ id: `at-once-${offset}`, text: 'x' }), offset));
  const runs = await Promise.all([1, 2, 3, 4].map(() => redriven(ids)));
  const sent = runs.flat().filter(({ kind }) => kind === 'sent');
  const before = runs.flat().filter(({ kind }) => kind === 'before');
  assert.deepEqual([sent.length, before.length], [40, 120]);
  for (const offset of offsets) assert.equal((await recordsWith(`comments/1/${offset}`)).length, 1);
});

test('a claim that its process left open is settled by what arrived', async () => {
  const { log, now } = running.stack;
  const ids = [
    await letterAbout(recordOf({ id: 'arrived', text: 'x' }), 4_000_000),
    await letterAbout(recordOf({ id: 'missing', text: 'x' }), 4_000_001),
  ];
  const origins = ['comments/1/4000000', 'comments/1/4000001'];
  const ledger = new Ledger(log);
  await ledger.create();
  const from = (await endsOf(log, ['comments'])).print();
  const entry = {
    state: 'open',
    run: 'killed',
    chunk: 1,
    claimant: thisClaimant(),
    at: now(),
    from,
  } as const;
  await ledger.write({ ...entry, origins: placesOf(origins) });
  const headers = { [redriveHeaders.origin]: Buffer.from(origins[0]!) };
  await log.publish([
    { topic: 'comments', records: [{ ...recordOf({ id: 'arrived', text: 'x' }), headers }] },
  ]);
  const fates = await redriven(ids);
  assert.deepEqual(
    new Map(fates.map(({ kind, letter }) => [letter.id, kind])),
    new Map([
      [ids[0]!, 'before'],
      [ids[1]!, 'sent'],
    ]),
  );
  for (const origin of origins) assert.equal((await recordsWith(origin)).length, 1);
});
