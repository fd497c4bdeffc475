// Whatever arrives is scored once or dead-lettered once with a reason, and the rest of the batch goes on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordOf, scratchDirectory, startRunning } from './running.ts';

const cases: readonly {
  readonly name: string;
  readonly value: string | Buffer | object | null;
  readonly code: string | null;
}[] = [
  { name: 'malformed JSON', value: '{"text": "cut off', code: 'malformed-json' },
  { name: 'plain text', value: 'hello', code: 'malformed-json' },
  { name: 'a JSON array', value: '[1,2]', code: 'not-an-object' },
  { name: 'a text of the wrong type', value: { text: 42 }, code: 'wrong-type' },
  { name: 'missing text', value: { id: 'x' }, code: 'missing-field' },
  { name: 'an empty value', value: Buffer.alloc(0), code: 'empty-value' },
  { name: 'no value', value: null, code: 'empty-value' },
  { name: 'a text of 1 MB', value: { text: 'a'.repeat(1_000_000) }, code: 'too-long' },
  { name: 'invalid UTF-8', value: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), code: 'invalid-utf8' },
  { name: 'an unknown schema id', value: Buffer.from([0, 0, 0, 0x27, 0x0f, 1, 2]), code: 'unknown-schema' },
  { name: 'a cut-off frame', value: Buffer.from([0, 0, 0]), code: 'corrupt-avro' },
  { name: 'nothing but white space', value: { text: ' \n\t ' }, code: 'no-text' },
  { name: 'nothing but null bytes', value: { text: '\u0000\u0000' }, code: 'no-text' },
  { name: '100,000 emoji', value: { text: '😀'.repeat(100_000) }, code: 'too-long' },
  { name: '30,000 emoji', value: { text: '😀'.repeat(30_000) }, code: null },
  { name: 'a null byte inside', value: { text: 'good\u0000 morning everyone' }, code: null },
  { name: 'a word of 60,000 letters', value: { text: 'x'.repeat(60_000) }, code: null },
  { name: 'a lone surrogate', value: { text: 'half \ud83d a face' }, code: null },
];

test('bad input ends as a dead letter with its reason; good input beside it is scored', async () => {
  const directory = scratchDirectory();
  const running = await startRunning(directory.path);
  try {
    const { stack } = running;
    const good = Array.from({ length: 50 }, (_, index) =>
      recordOf({ text: `a fine comment number ${index}` }, `good-${index}`),
    );
    const records = cases.map(({ value, name }) => recordOf(value, name));
    await stack.log.publish([
      { topic: 'comments', records: [...good.slice(0, 25), ...records, ...good.slice(25)] },
    ]);
    await running.settled();
    const letters = await stack.clickhouse.query<{
      name: string;
      code: string;
      reason: string;
      stage: string;
    }>('SELECT recordKey AS name, code, reason, stage FROM dead_letters');
    for (const { name, code } of cases) {
      const found = letters.filter((letter) => letter.name === name);
      assert.equal(found.length, code === null ? 0 : 1, name);
      if (code === null) continue;
      assert.equal(found[0]!.code, code, `${name}: ${found[0]!.reason}`);
      assert.equal(found[0]!.stage, 'features');
      assert.ok(found[0]!.reason.length > 5, name);
    }
    const refused = cases.filter(({ code }) => code !== null).length;
    const [scored] = await stack.clickhouse.query<{ n: number }>('SELECT toUInt32(count()) AS n FROM scores');
    assert.equal(scored!.n, records.length - refused + good.length);
  } finally {
    await running.close();
    directory.remove();
  }
});

test('a topic of garbage stops the stream before it is drained into the dead letters', async () => {
  const directory = scratchDirectory();
  const running = await startRunning(directory.path, { MILLRACE_LOOP_INVALID_WINDOW_RECORDS: '200' });
  try {
    const records = Array.from({ length: 2_000 }, (_, index) =>
      recordOf(`garbage ${index}`, `g${index % 7}`),
    );
    await running.stack.log.publish([{ topic: 'comments', records }]);
    await assert.rejects(running.settled(), /features|chain.*invalid|invalid/);
    const ranges = await running.stack.log.ranges(['dead-letters']);
    const letters = ranges.reduce((sum, { end }) => sum + end, 0);
    assert.ok(letters < records.length, `${letters} dead letters`);
  } finally {
    await running.close();
    directory.remove();
  }
});
