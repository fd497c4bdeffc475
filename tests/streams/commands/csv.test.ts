// CSV as records: what a spreadsheet writes is read, and what would be read wrongly is rejected by its line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comments } from '../../../schemas/comment.ts';
import { scores } from '../../../schemas/score.ts';
import { readCsv } from '../../../streams/commands/csv.ts';

async function rowsOf(text: string | Buffer, topic: Parameters<typeof readCsv>[1] = comments) {
  const rows: [number, unknown][] = [];
  async function* source() {
    yield Buffer.from(text);
  }
  for await (const { number, value } of readCsv(source(), topic))
    rows.push([number, Buffer.isBuffer(value) ? JSON.parse(value.toString('utf8')) : value.code]);
  return rows;
}

test('fields go by the names in the first line; empty ones are absent', async () => {
  const text = '\ufeffid, text,author\r\nc1,"Hello, ""world""",\r\n\r\nc2,"two\nlines",me\r\nc3,say "hi"';
  assert.deepEqual(await rowsOf(text), [
    [2, { id: 'c1', text: 'Hello, "world"' }],
    [5, { id: 'c2', text: 'two\nlines', author: 'me' }],
    [6, { id: 'c3', text: 'say "hi"' }],
  ]);
});

test('numbers and times are read as such where the field is one, and nowhere else', async () => {
  const [row] = await rowsOf('id,eventTime,text\n7,1700000000000,42\n');
  assert.deepEqual(row, [2, { id: '7', eventTime: 1_700_000_000_000, text: '42' }]);
  assert.deepEqual(await rowsOf('toxic,toxicity\ntrue,0.5\nperhaps,much\n', scores), [
    [2, { toxic: true, toxicity: 0.5 }],
    [3, { toxic: 'perhaps', toxicity: 'much' }],
  ]);
});

test('a comma too many, bytes that are no UTF-8 and an open quote are rejected by line', async () => {
  const bytes = Buffer.concat([
    Buffer.from('id,text\nc1,one, two\nc2,caf'),
    Buffer.from([0xe9]),
    Buffer.from('\nc3,fine\nc4,"never closed\nc5,lost\n'),
  ]);
  assert.deepEqual(await rowsOf(bytes), [
    [2, 'malformed-csv'],
    [3, 'invalid-utf8'],
    [4, { id: 'c3', text: 'fine' }],
    [5, 'malformed-csv'],
  ]);
});

test('a first line that names no field is an error that lists them', async () => {
  await assert.rejects(rowsOf('id;text\n1;a\n'), { code: 'csv-header', fix: /id, tenant, .*text/ });
  assert.deepEqual(await rowsOf(''), []);
});
