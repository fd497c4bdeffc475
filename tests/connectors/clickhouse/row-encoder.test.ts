// Rows that the encoder writes are read by ClickHouse as what was said, whatever kind of field it is.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import { RowEncoder } from '../../../connectors/clickhouse/row-encoder.ts';
import { printClickhouse, tableName } from '../../../schemas/print/clickhouse.ts';
import { envelope, type Message, type MessageOf, type Topic, topic } from '../../../schemas/topic.ts';

const root = await mkdtemp(join(tmpdir(), 'millrace-rows-'));
const clickhouse = await openEmbeddedClickhouse({ directory: root });
after(async () => {
  await clickhouse.close();
  await rm(root, { recursive: true, force: true });
});

const doc = 'Tried.';
const everything = topic({
  name: 'everything',
  title: 'Everything',
  version: 1,
  doc,
  key: 'id',
  fields: {
    ...envelope,
    flag: { type: 'flag', doc },
    maybeFlag: { type: 'flag', doc, optional: true },
    count: { type: 'count', doc },
    float: { type: 'float', doc, optional: true },
    double: { type: 'double', doc },
    label: { type: 'label', doc, optional: true },
    bytes: { type: 'bytes', doc, optional: true },
    time: { type: 'time', doc, optional: true },
    labels: { type: 'labels', doc, optional: true },
    texts: { type: 'texts', doc },
    floats: { type: 'floats', doc },
    named: { type: 'texts-by-name', doc },
    numbers: { type: 'numbers-by-name', doc, optional: true },
    hidden: { type: 'text', doc, stored: false },
    vector: {
      type: 'vector',
      doc,
      items: [
        { name: 'first', unit: 'words', doc },
        { name: 'second', unit: 'words', doc },
      ],
    },
    parts: {
      type: 'records',
      name: 'Part',
      doc,
      fields: {
        name: { type: 'label', doc },
        words: { type: 'texts', doc },
        maybe: { type: 'float', doc, optional: true },
      },
    },
  },
  orderBy: ['id'],
  producers: [],
  consumers: [],
});
type Everything = MessageOf<typeof everything>;

const full: Everything = {
  id: 'full',
  tenant: 'default',
  eventTime: -1,
  ingestTime: 1_763_722_800_123,
  source: 'test',
  traceparent: '00-a-b-01',
  flag: true,
  maybeFlag: false,
  count: 4_294_967_295,
  float: 0.5,
  double: -1.25e300,
  label: 'ж',
  bytes: new Uint8Array([65, 66, 0, 67]),
  time: 0,
  labels: ['a', '', 'a'],
  texts: ['😀'.repeat(50), 'x'.repeat(127), 'x'.repeat(128), 'é'.repeat(127), 'y'.repeat(70_000)],
  floats: [0, -0.5],
  named: { 'a"b': "c'd", n: '\n\u0000' },
  numbers: { one: 1 },
  hidden: 'not stored',
  vector: [1.5, -2],
  parts: [
    { name: 'p', words: ['u', 'v'], maybe: null },
    { name: 'q', words: [], maybe: 2 },
  ],
};
const bare: Everything = {
  ...full,
  id: 'bare',
  maybeFlag: null,
  float: null,
  label: null,
  bytes: null,
  time: null,
  labels: null,
  numbers: null,
  texts: [],
  floats: [],
  named: {},
  parts: [],
};

async function stored(
  declared: Topic,
  messages: readonly Message[],
): Promise<readonly Record<string, unknown>[]> {
  const encoder = new RowEncoder(declared);
  const origin = {
    topic: declared.name,
    partition: 3,
    offset: 9_007_199_254_740_000,
    time: 1_763_722_800_999,
  };
  for (const message of messages) encoder.add(message, origin);
  const table = tableName(declared);
  await clickhouse.command(printClickhouse(declared).replace(/;$/, ''));
  await clickhouse.insert({
    table,
    columns: encoder.columns,
    ...encoder.take(),
    token: table,
    deadline: Date.now() + 60_000,
  });
  return clickhouse.query(`SELECT * FROM ${table} ORDER BY id DESC`);
}

describe('row encoder', { timeout: 60_000 }, () => {
  it('writes every kind of value, present and absent', async () => {
    const { hidden: _, vector: __, parts: ___, ...plain } = full;
    const common = {
      eventTime: '1969-12-31 23:59:59.999',
      ingestTime: '2025-11-21 11:00:00.123',
      first: 1.5,
      second: -2,
      _topic: 'everything',
      _partition: 3,
      _offset: 9_007_199_254_740_000,
      _time: '2025-11-21 11:00:00.999',
    };
    assert.deepEqual(await stored(everything, [full, bare]), [
      {
        ...plain,
        ...common,
        bytes: 'AB\u0000C',
        time: '1970-01-01 00:00:00.000',
        'parts.name': ['p', 'q'],
        'parts.words': [['u', 'v'], []],
        'parts.maybe': [null, 2],
      },
      {
        ...plain,
        ...common,
        id: 'bare',
        maybeFlag: null,
        float: null,
        label: null,
        bytes: null,
        time: null,
        labels: [],
        numbers: {},
        texts: [],
        floats: [],
        named: {},
        'parts.name': [],
        'parts.words': [],
        'parts.maybe': [],
      },
    ]);
  });

  it('gives its bytes away: what is written later does not change them', () => {
    const encoder = new RowEncoder(everything);
    const origin = { topic: 'everything', partition: 0, offset: 0, time: 0 };
    encoder.add(full, origin);
    const first = encoder.take();
    const before = Buffer.from(first.rows);
    encoder.add(bare, origin);
    const second = encoder.take();
    assert.deepEqual(first.rows, before);
    assert.equal(first.rowCount + second.rowCount, 2);
    assert.notDeepEqual(second.rows, before);
    assert.deepEqual(encoder.take(), { rows: Buffer.alloc(0), rowCount: 0 });
  });

  it('writes lone surrogates as the replacement character instead of failing the whole block', async () => {
    const declared = { ...everything, name: 'surrogates' };
    const [row] = await stored(declared, [{ ...full, source: 'a\ud800b' }]);
    assert.equal(row!.source, 'a\ufffdb');
  });
});
