// Personal data on its way through the wire: read, written and in dead letters.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { deadLetterOf } from '../../connectors/dead-letters.ts';
import type { StoredRecord } from '../../connectors/log.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { openWire, type WireFormat } from '../../connectors/wire/wire.ts';
import type { Redactable } from '../../processors/redaction/redaction.ts';
import type { DeadLetter } from '../../schemas/dead-letter.ts';
import type { Message } from '../../schemas/topic.ts';
import { topics } from '../../schemas/topics.ts';
import { redactingWire } from '../../streams/redacting-wire.ts';

const registered: string[] = [];
const registry = {
  register: async (_: string, schema: string) => registered.push(schema),
  schema: async (id: number) => registered[id - 1]!,
  subjects: async () => [],
  close: async () => {},
};
const kinds: readonly Redactable[] = ['email', 'phone', 'card', 'ip'];
const stored = (value: Buffer | null, changes: Partial<StoredRecord> = {}): StoredRecord => ({
  key: null,
  value,
  headers: {},
  timestamp: 5,
  offset: 3,
  ...changes,
});
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

async function open(format: WireFormat, counts: Record<string, number> = {}) {
  const wire = await openWire({ topics, registry, format });
  const count = (kind: string, found: number) => {
    counts[kind] = (counts[kind] ?? 0) + found;
  };
  return { wire, redacting: redactingWire(wire, kinds, count) };
}

it('messages are read without personal data; what is no free text is left alone', async () => {
  const counts = {};
  const { redacting } = await open('json', counts);
  const text = 'ask jane@example.com at 10.0.0.1';
  const record = stored(json({ id: '10.0.0.1', text, author: 'jane@example.com', source: 'a@b.co' }));
  const message = redacting.decode('comments', 0, record) as Message;
  const { id, source, author } = message;
  assert.deepEqual(
    { id, source, author, text: message.text },
    { id: '10.0.0.1', source: 'a@b.co', author: '[email]', text: 'ask [email] at [ip]' },
  );
  assert.deepEqual(counts, { email: 2, ip: 1 });
  assert.ok(redacting.decode('comments', 0, stored(null)) instanceof Refusal);
});

it('the wire is the same where nothing is to be redacted', async () => {
  const { wire } = await open('json');
  assert.equal(
    redactingWire(wire, [], () => {}),
    wire,
  );
});

it('dead letters are written without personal data, and without bytes that are no text', async () => {
  for (const format of ['json', 'avro'] as const) {
    const { wire, redacting } = await open(format);
    const written = async (record: StoredRecord): Promise<DeadLetter> => {
      const letter = deadLetterOf({
        stage: 'features',
        topic: 'comments',
        partition: 0,
        record,
        code: 'malformed-json',
        reason: 'unexpected "jane@example.com"',
      });
      const [encoded] = redacting.encode('dead-letters', [letter], 7);
      const back = stored(encoded!.value, { headers: encoded!.headers });
      // Read by a wire that redacts nothing: what is in the log itself counts.
      await wire.prepare('dead-letters', [back]);
      return wire.decode('dead-letters', 0, back) as DeadLetter;
    };
    const text = '{"text":"call +49 30 901820 or 4111 1111 1111 1111"';
    const headers = { 'x-from': Buffer.from('10.1.2.3') };
    const letter = await written(
      stored(Buffer.from(text), { key: Buffer.from('jane@example.com'), headers }),
    );
    assert.equal(Buffer.from(letter.recordValue!).toString(), '{"text":"call [phone] or [card]"');
    assert.equal(letter.recordBytes, text.length);
    assert.equal(Buffer.from(letter.recordKey!).toString(), '[email]');
    assert.equal(letter.recordHeaders['x-from'], '[ip]');
    assert.equal(letter.reason, 'unexpected "[email]"');
    for (const binary of [Buffer.from([0, 0, 0, 0, 1, 65]), Buffer.from([0xff, 0xfe, 65])]) {
      const { recordValue, recordBytes } = await written(stored(binary));
      assert.deepEqual([recordValue, recordBytes], [null, binary.length]);
    }
  }
});
