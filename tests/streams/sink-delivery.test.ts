// What the sink's chunks can become at most: one insert is one block, whatever records come.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { RowEncoder } from '../../connectors/clickhouse/row-encoder.ts';
import { openEmbeddedRegistry } from '../../connectors/registry/embedded.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { openWire } from '../../connectors/wire/wire.ts';
import type { Field, Fields } from '../../schemas/field.ts';
import type { Message, Topic } from '../../schemas/topic.ts';
import { topics } from '../../schemas/topics.ts';
import { sinkLimits } from '../../streams/sink-delivery.ts';

/** A row is at most `growth` times as large as its record's value, and so many bytes more. */
const growth = 3;
const fixedBytes = 768;
/** One block (connectors/clickhouse/insert-statement.ts). */
const block = { rows: 1_000_000, bytes: 128 * 1_024 * 1_024 };

const directory = await mkdtemp(join(tmpdir(), 'millrace-sink-limits-'));
after(() => rm(directory, { recursive: true, force: true }));
const registry = await openEmbeddedRegistry({ file: join(directory, 'registry.json') });

/** A value as small as the field allows, or with `length` items. */
function sampleOf(field: Field, length: number): unknown {
  switch (field.type) {
    case 'text':
      return 'a'.repeat(Math.max(1, Math.min(length, field.maxLength ?? length)));
    case 'label':
      return field.values?.[0] ?? 'a';
    case 'flag':
      return false;
    case 'count':
    case 'float':
    case 'double':
      return 0;
    case 'time':
      return 1;
    case 'bytes':
      return Buffer.alloc(length);
    case 'labels':
    case 'texts':
      return Array.from({ length }, () => '');
    case 'floats':
      return Array.from({ length }, () => 0);
    case 'texts-by-name':
      return Object.fromEntries(Array.from({ length }, (_, index) => [String(index), '']));
    case 'numbers-by-name':
      return Object.fromEntries(Array.from({ length }, (_, index) => [String(index), 0]));
    case 'vector':
      return field.items.map(() => 0);
    case 'records':
      return Array.from({ length }, () => messageOf(field.fields, 0));
  }
}

const messageOf = (fields: Fields, length: number): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      field.optional && length === 0 ? null : sampleOf(field, length),
    ]),
  );

async function rowOf(topic: Topic, format: 'avro' | 'json', length: number, spoil: boolean) {
  const wire = await openWire({ topics, registry, format });
  const [sent] = wire.encode(topic.name, [messageOf(topic.fields, length) as Message], 1);
  // Bytes that are no UTF-8 become characters of three bytes.
  const value = spoil
    ? Buffer.from(sent!.value!.map((byte, at) => (byte === 97 && at > 5 ? 255 : byte)))
    : sent!.value!;
  const record = { ...sent!, value, offset: 2 ** 52, timestamp: 1 };
  await wire.prepare(topic.name, [record]);
  const message = wire.decode(topic.name, 4_000_000_000, record);
  if (message instanceof Refusal) return null;
  const encoder = new RowEncoder(topic);
  encoder.add(message, { topic: topic.name, partition: 4_000_000_000, offset: 2 ** 52, time: 1 });
  return { recordBytes: value.length, rowBytes: encoder.take().rows.length };
}

describe('an insert of the sink', () => {
  for (const topic of topics)
    it(`is bounded by its records: ${topic.name}`, async () => {
      let seen = 0;
      for (const format of ['avro', 'json'] as const)
        for (const length of [0, 2_000])
          for (const spoil of [false, true]) {
            const row = await rowOf(topic, format, length, spoil);
            if (!row) continue;
            seen += 1;
            const { recordBytes, rowBytes } = row;
            assert.ok(
              rowBytes <= growth * recordBytes + fixedBytes,
              `${format}, ${length} items: ${recordBytes} bytes became ${rowBytes}`,
            );
          }
      assert.ok(seen >= 2, 'no record of this topic could be read');
    });

  it('is one block at the limits of a chunk', () => {
    const { recordsMax, bytesMax } = sinkLimits;
    assert.ok(recordsMax <= block.rows);
    assert.ok(growth * bytesMax + fixedBytes * recordsMax <= block.bytes);
    const largest = Math.max(...topics.map(({ recordBytesMax }) => recordBytesMax ?? 0));
    assert.ok(largest <= bytesMax, 'a larger record would be a chunk of its own, beyond the limit');
  });
});
