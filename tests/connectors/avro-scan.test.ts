// The byte path into Avro against avsc: whatever it says yes to, it finds what avsc finds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import avsc from 'avsc';
import type { StoredRecord } from '../../connectors/log.ts';
import { AvroScan } from '../../connectors/wire/avro-scan.ts';
import { FieldReader } from '../../connectors/wire/field-reader.ts';
import { isNull, isText } from '../../connectors/wire/json-scan.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { comments } from '../../schemas/comment.ts';
import { printAvro } from '../../schemas/print/avro.ts';
import { createRandom } from '../../trainers/random.ts';

const random = createRandom(23);
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
const strings = ['', 'a', 'ä 漢 👍', 'x'.repeat(300), 'quote " and \\', 'line\n'];

const wide = {
  type: 'record',
  name: 'Wide',
  fields: [
    { name: 'flag', type: 'boolean' },
    { name: 'count', type: 'int' },
    { name: 'id', type: ['null', 'string'] },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'share', type: 'float' },
    { name: 'exact', type: 'double' },
    { name: 'raw', type: 'bytes' },
    { name: 'colour', type: { type: 'enum', name: 'Colour', symbols: ['red', 'green'] } },
    { name: 'mark', type: { type: 'fixed', name: 'Mark', size: 3 } },
    { name: 'inner', type: { type: 'record', name: 'Inner', fields: [{ name: 'text', type: 'string' }] } },
    { name: 'either', type: ['string', 'null', 'long'] },
    { name: 'text', type: 'string' },
  ],
} as const;

const wideValue = () => ({
  flag: random() < 0.5,
  count: Math.floor((random() - 0.5) * 2 ** pick([4, 12, 31])),
  id: pick([null, ...strings]),
  at: Math.floor(random() * 2e12),
  share: random(),
  exact: random(),
  raw: Buffer.from(pick(strings)),
  colour: pick(['red', 'green']),
  mark: Buffer.from('abc'),
  inner: { text: pick(strings) },
  either: pick([null, 'text', 5]),
  text: pick(strings),
});

/** Some bytes changed, cut off or added. */
function mutated(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const kind = random();
  if (kind < 0.2) return copy.subarray(0, Math.floor(random() * copy.length));
  if (kind < 0.3) return Buffer.concat([copy, Buffer.from([0])]);
  copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
  return copy;
}

const place = (scan: AvroScan, bytes: Buffer, field: number): string | null =>
  scan.kinds[field] === isText ? bytes.toString('utf8', scan.starts[field], scan.ends[field]) : null;

test('what the scan finds is what avsc finds', () => {
  const type = avsc.Type.forSchema(wide as unknown as avsc.Schema, { wrapUnions: false });
  const scan = AvroScan.of(JSON.stringify(wide), ['text', 'id'])!;
  let whole = 0;
  let broken = 0;
  for (let round = 0; round < 100_000; round++) {
    const value = wideValue();
    const isMutated = random() < 0.3;
    const bytes = isMutated ? mutated(type.toBuffer(value)) : type.toBuffer(value);
    if (!scan.scan(bytes, 0)) {
      assert.ok(isMutated, JSON.stringify(value));
      continue;
    }
    if (isMutated) broken++;
    else whole++;
    const decoded = type.fromBuffer(bytes) as { readonly text: string; readonly id: string | null };
    assert.equal(place(scan, bytes, 0), decoded.text);
    assert.equal(place(scan, bytes, 1), decoded.id);
    assert.equal(scan.kinds[1] === isNull, decoded.id === null);
  }
  assert.ok(whole > 50_000 && broken > 1_000, `${whole} whole, ${broken} broken ones were taken`);
});

test('schemas with lists, maps, named types or a text of another type are left to avsc', () => {
  const of = (type: unknown) =>
    AvroScan.of(JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'text', type }] }), ['text']);
  assert.ok(of('string') && of(['string', 'null']) && of({ type: 'string', logicalType: 'uuid' }));
  for (const type of ['long', ['null', 'long'], ['null', 'string', 'long'], 'Other'])
    assert.equal(of(type), null, JSON.stringify(type));
  const beside = { name: 'list', type: { type: 'array', items: 'string' } };
  const fields = [beside, { name: 'text', type: 'string' }];
  assert.equal(AvroScan.of(JSON.stringify({ type: 'record', name: 'R', fields }), ['text']), null);
});

const framed = (id: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, payload]);
};
const recordOf = (value: Buffer): StoredRecord => ({
  key: null,
  value,
  headers: {},
  timestamp: 0,
  offset: 0,
});

test('records of several schemas are read, by bytes where it goes and exactly elsewhere', async () => {
  const schema = printAvro(comments);
  const type = avsc.Type.forSchema(schema as avsc.Schema);
  const listed = {
    type: 'record',
    name: 'Listed',
    fields: [
      { name: 'tags', type: { type: 'array', items: 'string' } },
      { name: 'text', type: 'string' },
      { name: 'id', type: 'long' },
    ],
  };
  const listedType = avsc.Type.forSchema(listed as unknown as avsc.Schema);
  const schemas = new Map([
    [1, JSON.stringify(schema)],
    [2, JSON.stringify(listed)],
    [3, '"string"'],
  ]);
  const reader = new FieldReader(
    { text: 'text', id: 'id' },
    { schema: async (id) => schemas.get(id) ?? null },
  );
  const comment = {
    ...{ id: 'c1', tenant: 'default', eventTime: 1, ingestTime: 1, source: 'test' },
    ...{ text: 'Größe', author: null, thread: null },
  };
  const first = recordOf(framed(1, type.toBuffer(comment)));
  const second = recordOf(framed(2, listedType.toBuffer({ tags: ['a'], text: 'two', id: 7 })));
  const others = [recordOf(framed(3, Buffer.from([2, 97]))), recordOf(framed(4, Buffer.from([0])))];
  await reader.prepare([first, second, ...others]);

  assert.equal(reader.read(first.value), null);
  assert.equal(first.value!.toString('utf8', reader.textStart, reader.textEnd), 'Größe');
  assert.equal(first.value!.toString('utf8', reader.idStart, reader.idEnd), 'c1');

  assert.equal(reader.read(second.value), null);
  assert.deepEqual([reader.textStart, reader.text, reader.id], [-1, 'two', 7]);

  for (const { value } of others) {
    const refusal = reader.read(value);
    assert.ok(refusal instanceof Refusal && refusal.code === 'unknown-schema');
  }
  const cut = reader.read(first.value!.subarray(0, 20));
  assert.ok(cut instanceof Refusal && cut.code === 'corrupt-avro');
});

test('a text that is not UTF-8 is read as avsc reads it', async () => {
  const schema = { type: 'record', name: 'R', fields: [{ name: 'text', type: 'string' }] };
  const reader = new FieldReader({ text: 'text', id: 'id' }, { schema: async () => JSON.stringify(schema) });
  const record = recordOf(framed(1, Buffer.from([4, 0xff, 0x61])));
  await reader.prepare([record]);
  assert.equal(reader.read(record.value), null);
  assert.deepEqual([reader.textStart, reader.text], [-1, '\ufffda']);
});
