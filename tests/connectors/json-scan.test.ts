// The byte path into JSON against `JSON.parse`: whatever it says yes to, it finds what JSON.parse finds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldReader } from '../../connectors/wire/field-reader.ts';
import { absent, isNull, isOther, isText, JsonScan } from '../../connectors/wire/json-scan.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { createRandom } from '../../trainers/random.ts';

const names = ['text', 'id', 'größe'];
const random = createRandom(17);
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

const strings = [
  '""',
  '"abc"',
  '"ä 漢 👍"',
  '"a\\nb"',
  '"\\u00e4\\ud83d"',
  '"\\ud83d\\udc4d"',
  '"a\\"b"',
  '"\\\\"',
];
const scalars = ['0', '-0', '12.5e-3', '1E9', 'true', 'false', 'null', '-7', '1.0'];
const nested = ['{}', '[]', '{"text":"inner"}', '[1,"id",[]]', '{"a":{"b":[null]}}'];
const broken = [
  '01',
  '+1',
  '.5',
  '1.',
  '1e',
  'nul',
  'True',
  "'a'",
  '"\\x"',
  '"\\u12g4"',
  '"a\nb"',
  '"a',
  '',
  '{',
  '[1,]',
];
const keys = ['"text"', '"id"', '"größe"', '"te\\u0078t"', '"other"', '""', '"__proto__"', '"text "', 'text'];
const blanks = ['', ' ', '\n\t', '\r\n  ', '\u00a0'];

function value(): string {
  const of = random();
  if (of < 0.55) return pick(strings);
  if (of < 0.8) return pick(scalars);
  return of < 0.9 ? pick(nested) : pick(broken);
}

const blank = (): string => (random() < 0.9 ? '' : pick(blanks));

function document(): Buffer {
  const members = Array.from(
    { length: Math.floor(random() * 5) },
    () => `${blank()}${pick(keys)}${blank()}:${blank()}${value()}${blank()}`,
  );
  const bytes = Buffer.from(
    `${blank()}{${members.join(',')}}${blank()}${random() < 0.03 ? pick(['x', '}', ',']) : ''}`,
  );
  return random() < 0.2 ? mutated(bytes) : bytes;
}

/** A few bytes of it changed, cut off or doubled: not even UTF-8 any more. */
function mutated(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = Math.floor(random() * copy.length);
  const kind = random();
  if (kind < 0.3) return copy.subarray(0, at);
  if (kind < 0.5) return Buffer.concat([copy.subarray(0, at), copy]);
  for (let n = 0; n < 3 && copy.length > 0; n++)
    copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
  return copy;
}

const kindOf = (given: unknown): number =>
  given === undefined ? absent : given === null ? isNull : typeof given === 'string' ? isText : isOther;

test('what the scan finds is what JSON.parse finds', () => {
  const scan = new JsonScan(names);
  let found = 0;
  for (let round = 0; round < 200_000; round++) {
    const bytes = document();
    if (!scan.scan(bytes)) continue;
    found++;
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const parsed = JSON.parse(text) as Record<string, unknown>;
    for (const [field, name] of names.entries()) {
      const given = Object.hasOwn(parsed, name) ? parsed[name] : undefined;
      assert.equal(scan.kinds[field], kindOf(given), text);
      const piece = bytes.toString('utf8', scan.starts[field], scan.ends[field]);
      if (typeof given === 'string') assert.equal(piece, given, text);
      else if (given !== undefined) assert.deepEqual(JSON.parse(piece), given, text);
    }
  }
  assert.ok(found > 50_000, `only ${found} documents were plain`);
});

test('plain records are taken by the scan and not left to JSON.parse', () => {
  const scan = new JsonScan(['text', 'id']);
  const plain = { id: 'c1', text: 'Größe: 漢字 👍', ts: 1_764_000_000_000, ok: true, none: null, n: -1.5e3 };
  assert.equal(scan.scan(Buffer.from(JSON.stringify(plain))), true);
  assert.equal(scan.scan(Buffer.from(JSON.stringify(plain, null, 2))), true);
  assert.equal(scan.scan(Buffer.from('{"other":"a \\"quoted\\" word \\u00e4","text":"t"}')), true);
});

test('a record is read alike by bytes and exactly, or refused alike', async () => {
  const bytePath = new FieldReader({ text: 'text', id: 'id' }, { schema: async () => null });
  const exact = new FieldReader({ text: 'text', id: 'id' }, { schema: async () => null });
  let read = 0;
  for (let round = 0; round < 100_000; round++) {
    const bytes = document();
    if (bytes.length === 0 || bytes[0] === 0) continue;
    const refusal = bytePath.read(bytes);
    const exactRefusal = exact.readExactly(bytes);
    assert.deepEqual(refusal, exactRefusal, bytes.toString('latin1'));
    if (refusal) continue;
    read++;
    assert.equal(textOf(bytePath, bytes), textOf(exact, bytes));
    assert.equal(idOf(bytePath, bytes), idOf(exact, bytes));
  }
  assert.ok(read > 5_000, `only ${read} records could be read`);
});

const textOf = (reader: FieldReader, bytes: Buffer): string =>
  reader.textStart < 0 ? reader.text : bytes.toString('utf8', reader.textStart, reader.textEnd);

const idOf = (reader: FieldReader, bytes: Buffer): string | number | null =>
  reader.idStart < 0 ? reader.id : bytes.toString('utf8', reader.idStart, reader.idEnd);

test('a text that is too long in characters is refused, one that is only long in bytes is not', () => {
  const reader = new FieldReader({ text: 'text', id: 'id' }, { schema: async () => null });
  const record = (text: string) => reader.read(Buffer.from(JSON.stringify({ text })));
  assert.equal(record('a'.repeat(65_536)), null);
  assert.equal(record('ä'.repeat(65_536)), null);
  for (const long of ['a'.repeat(65_537), 'ä'.repeat(65_537), `${'a'.repeat(65_536)}\n`]) {
    const refusal = record(long);
    assert.ok(refusal instanceof Refusal);
    assert.equal(refusal.code, 'too-long');
  }
});
