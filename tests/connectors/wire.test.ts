// Records to messages and back: every golden example, both formats, evolution, and the fields a producer may leave out.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import avsc from 'avsc';
import type { StoredRecord } from '../../connectors/log.ts';
import { openEmbeddedRegistry } from '../../connectors/registry/embedded.ts';
import type { SchemaRegistry } from '../../connectors/registry.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { openWire, type Wire } from '../../connectors/wire/wire.ts';
import type { Message } from '../../schemas/topic.ts';
import { topics } from '../../schemas/topics.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-wire-'));
let registry: SchemaRegistry;
let avro: Wire;
let json: Wire;

before(async () => {
  registry = await openEmbeddedRegistry({ file: join(directory, 'registry.json') });
  avro = await openWire({ topics, registry, format: 'avro' });
  json = await openWire({ topics, registry, format: 'json' });
});
after(async () => {
  await registry.close();
  rmSync(directory, { recursive: true });
});

const recordOf = (value: Buffer | null, headers: Record<string, string> = {}): StoredRecord => ({
  key: null,
  value,
  offset: 7,
  timestamp: 1_700_000_000_000,
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
});

async function decode(wire: Wire, topic: string, record: StoredRecord): Promise<Message | Refusal> {
  await wire.prepare(topic, [record]);
  return wire.decode(topic, 3, record);
}

interface Examples {
  readonly good: readonly {
    name: string;
    payload: unknown;
    headers?: Record<string, string>;
    message: object;
  }[];
  readonly bad: readonly { name: string; raw?: string; base64?: string; payload?: unknown; code: string }[];
}

const examplesDirectory = new URL('../../schemas/examples/', import.meta.url);
for (const file of readdirSync(examplesDirectory).filter((name) => name.endsWith('.json'))) {
  const topic = file.replace('.json', '');
  const examples = JSON.parse(readFileSync(new URL(file, examplesDirectory), 'utf8')) as Examples;
  describe(`examples of ${topic}`, () => {
    for (const { name, payload, headers, message } of examples.good)
      test(`good: ${name}`, async () => {
        const decoded = await decode(json, topic, recordOf(Buffer.from(JSON.stringify(payload)), headers));
        assert.ok(!(decoded instanceof Refusal), JSON.stringify(decoded));
        const found = plain(decoded) as Record<string, unknown>;
        for (const [field, expected] of Object.entries(message))
          assert.deepEqual(found[field], expected, field);
        for (const wire of [avro, json]) {
          const [record] = wire.encode(topic, [decoded], 1);
          const again = await decode(wire, topic, { ...record!, offset: 0 });
          assert.deepEqual(
            plain(again),
            plain(rounded(decoded, wire)),
            `${name} through ${wire === avro ? 'avro' : 'json'}`,
          );
        }
      });
    for (const { name, raw, base64, payload, code } of examples.bad)
      test(`bad: ${name}`, async () => {
        const value =
          base64 !== undefined ? Buffer.from(base64, 'base64') : Buffer.from(raw ?? JSON.stringify(payload));
        const decoded = await decode(json, topic, recordOf(value));
        assert.ok(decoded instanceof Refusal, `${name} was accepted`);
        assert.equal(decoded.code, code, decoded.reason);
      });
  });
}

/** A message as plain JSON-like data, whatever class its format gave it. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, inner) =>
      inner?.type === 'Buffer' ? Buffer.from(inner.data).toString('base64') : inner,
    ),
  );

/** Avro’s floats have 24 bits: what comes back is the nearest of those. */
function rounded(message: Message, wire: Wire): Message {
  if (wire === json) return message;
  const type = avsc.Type.forSchema(
    JSON.parse(
      readFileSync(new URL(`../../schemas/generated/avro/${topicOf(message)}.avsc`, import.meta.url), 'utf8'),
    ),
  );
  const copy = type.fromBuffer(type.toBuffer(message)) as Record<string, unknown>;
  return { ...copy, traceparent: message.traceparent } as Message;
}

/** The topic whose schema has exactly the message’s fields. */
const topicOf = (message: Message): string => {
  const names = Object.keys(message).sort().join();
  return topics.find(({ fields }) => Object.keys(fields).sort().join() === names)!.name;
};

test('a bare text is a comment: the log’s place names it, its record’s time dates it', async () => {
  const record = recordOf(Buffer.from('{"text":"hi"}'));
  const first = await decode(json, 'comments', record);
  const second = await decode(avro, 'comments', record);
  assert.ok(!(first instanceof Refusal) && !(second instanceof Refusal));
  assert.deepEqual(first, second);
  assert.match(first.id, /^[0-9a-f]{32}$/);
  assert.match(first.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  assert.equal(first.eventTime, record.timestamp);
  assert.equal(first.tenant, 'default');
  const elsewhere = await decode(json, 'comments', { ...record, offset: 8 });
  assert.ok(!(elsewhere instanceof Refusal));
  assert.notEqual(elsewhere.id, first.id);
});

test('CloudEvents headers win over the payload', async () => {
  const headers = { ce_id: 'event-1', ce_source: 'shop', ce_time: '2026-01-02T03:04:05Z' };
  const decoded = await decode(json, 'comments', recordOf(Buffer.from('{"id":"x","text":"hi"}'), headers));
  assert.ok(!(decoded instanceof Refusal));
  assert.equal(decoded.id, 'event-1');
  assert.equal(decoded.source, 'shop');
  assert.equal(decoded.eventTime, Date.UTC(2026, 0, 2, 3, 4, 5));
  const broken = await decode(json, 'comments', recordOf(Buffer.from('{"text":"hi"}'), { ce_time: 'soon' }));
  assert.ok(broken instanceof Refusal && broken.code === 'wrong-type');
});

test('a producer’s own Avro schema is read by name, an unreadable one refused', async () => {
  const writer = avsc.Type.forSchema({
    type: 'record',
    name: 'Comment',
    namespace: 'millrace',
    fields: [{ name: 'text', type: 'string' }],
  });
  const id = await registry.register('elsewhere-value', JSON.stringify(writer));
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, id]), writer.toBuffer({ text: 'short' })]);
  const decoded = await decode(json, 'comments', recordOf(frame));
  assert.ok(!(decoded instanceof Refusal), JSON.stringify(decoded));
  assert.equal(decoded.text, 'short');

  const stranger = avsc.Type.forSchema({
    type: 'record',
    name: 'Order',
    fields: [{ name: 'price', type: 'int' }],
  });
  const strangerId = await registry.register('orders-value', JSON.stringify(stranger));
  const strange = Buffer.concat([Buffer.from([0, 0, 0, 0, strangerId]), stranger.toBuffer({ price: 3 })]);
  const refused = await decode(json, 'comments', recordOf(strange));
  assert.ok(refused instanceof Refusal && refused.code === 'unknown-schema', JSON.stringify(refused));
});

test('an unknown schema id and a cut-off frame are refused', async () => {
  const unknown = await decode(json, 'comments', recordOf(Buffer.from([0, 0, 0x7f, 0xff, 0xff, 1, 2, 3])));
  assert.ok(unknown instanceof Refusal && unknown.code === 'unknown-schema');
  const message = await decode(json, 'comments', recordOf(Buffer.from('{"text":"hello there"}')));
  assert.ok(!(message instanceof Refusal));
  const [whole] = avro.encode('comments', [message], 1);
  for (let length = 1; length < whole!.value!.length; length += 1) {
    const cut = await decode(avro, 'comments', recordOf(whole!.value!.subarray(0, length)));
    assert.ok(cut instanceof Refusal && cut.code === 'corrupt-avro', `cut to ${length} bytes`);
  }
});

test('limits hold in Avro as in JSON', async () => {
  const message = await decode(json, 'comments', recordOf(Buffer.from('{"text":"x"}')));
  assert.ok(!(message instanceof Refusal));
  const [record] = avro.encode('comments', [{ ...message, text: 'x'.repeat(1_000_000) }], 1);
  const refused = await decode(avro, 'comments', { ...record!, offset: 0 });
  assert.ok(refused instanceof Refusal && refused.code === 'too-long');
});

test('a batch that outgrows its slab keeps every message apart', async () => {
  const message = await decode(json, 'comments', recordOf(Buffer.from('{"text":"x"}')));
  assert.ok(!(message instanceof Refusal));
  const texts = Array.from({ length: 400 }, (_, index) =>
    String.fromCharCode(97 + (index % 26)).repeat((index * 37) % 3_000),
  );
  texts[200] = 'y'.repeat(60_000);
  const records = avro.encode(
    'comments',
    texts.map((text) => ({ ...message, text: text || 'z' })),
    1,
  );
  await avro.prepare(
    'comments',
    records.map((record) => ({ ...record, offset: 0 })),
  );
  const decoded = records.map((record) => avro.decode('comments', 0, { ...record, offset: 0 }));
  assert.deepEqual(
    decoded.map((each) => (each as Message).text),
    texts.map((text) => text || 'z'),
  );
});
