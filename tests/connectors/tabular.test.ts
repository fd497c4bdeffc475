// Tables: every format gives the same rows, what is no row is said to be none, and memory stays bounded.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { BadRow, type NumberedRow } from '../../connectors/tabular/row.ts';
import { formatOf, readTable } from '../../connectors/tabular/table.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-tables-'));
});
after(() => rm(root, { recursive: true, force: true }));

async function rowsOf(name: string, content: string | Buffer): Promise<readonly NumberedRow[]> {
  const path = join(root, name);
  await writeFile(path, content);
  return allOf(path);
}

async function allOf(path: string): Promise<readonly NumberedRow[]> {
  const rows: NumberedRow[] = [];
  for await (const row of readTable(path, formatOf(path)!)) rows.push(row);
  return rows;
}

const problems = (rows: readonly NumberedRow[]) =>
  rows.map(({ line, row }) => [line, row instanceof BadRow ? row.problem : row]);

test('the name tells the format', () => {
  const names = ['a.jsonl', 'a.ndjson.gz', 'B.CSV', 'b.csv.gz', 'c.parquet', 'd.txt', 'e.gz'];
  assert.deepEqual(names.map(formatOf), ['jsonl', 'jsonl', 'csv', 'csv', 'parquet', null, null]);
});

test('JSON lines: a byte order mark, empty lines, no last newline, bytes that are not UTF-8, no objects', async () => {
  const content = Buffer.concat([
    Buffer.from('\ufeff{"text":"naïve\\n"}\n\n[1]\n{"text":\n{"text":"caf'),
    Buffer.from([0xe9]),
    Buffer.from('"}\r\n{"text":"last"}'),
  ]);
  const expected = [
    [1, { text: 'naïve\n' }],
    [3, 'malformed'],
    [4, 'malformed'],
    [5, 'invalid-utf8'],
    [6, { text: 'last' }],
  ];
  assert.deepEqual(problems(await rowsOf('mixed.jsonl', content)), expected);
  assert.deepEqual(problems(await rowsOf('mixed.jsonl.gz', gzipSync(content))), expected);
});

test('a line that lies across many pieces is one row', async () => {
  const text = 'wörter '.repeat(200_000);
  const rows = await rowsOf('long.jsonl', `${JSON.stringify({ text })}\n{"text":"next"}\n`);
  assert.deepEqual(
    rows.map(({ row }) => (row as { text: string }).text.length),
    [text.length, 4],
  );
});

test('CSV: quotes, line breaks, missing values, too many values, a quote that is never closed', async () => {
  const rows = await rowsOf(
    'a.csv',
    'text,label\n"one, ""two""\nthree",a\n,b\nfour,c,d\nfive\n"six,e\nseven,f\n',
  );
  assert.deepEqual(problems(rows), [
    [3, { text: 'one, "two"\nthree', label: 'a' }],
    [4, { label: 'b' }],
    [5, 'malformed'],
    [6, { text: 'five' }],
    [7, 'malformed'],
  ]);
  await assert.rejects(rowsOf('twice.csv', 'text,text\na,b\n'), { code: 'csv-header' });
  await assert.rejects(rowsOf('unnamed.csv', 'text,\na,b\n'), { code: 'csv-header' });
});

test('Parquet: every codec, over row groups, with the types of JSON', async () => {
  for (const codec of ['none', 'snappy', 'gzip', 'zstd']) {
    const rows = await allOf(fileURLToPath(new URL(`./tabular/${codec}.parquet`, import.meta.url)));
    assert.equal(rows.length, 10, codec);
    assert.deepEqual(rows[3], {
      line: 4,
      row: { label: 'odd', score: 0.75, id: 2 ** 40 + 3, tags: ['a', 'b3'], at: '2026-11-21T12:03:00.000Z' },
    });
    assert.equal((rows[9]!.row as { text: string }).text, 'zeile 9 – größer');
  }
});

test('a file that is missing, cut off or of another format is an error that names it', async () => {
  const whole = gzipSync('{"text":"a"}\n'.repeat(1_000));
  for (const [name, content] of [
    ['cut.jsonl.gz', whole.subarray(0, whole.length - 12)],
    ['plain.jsonl.gz', Buffer.from('{"text":"a"}\n')],
    ['none.parquet', Buffer.from('no parquet at all')],
  ] as const)
    await assert.rejects(rowsOf(name, content), (error: Error & { code: string }) => {
      assert.equal(error.code, 'data-unreadable');
      assert.ok(error.message.includes(join(root, name)), error.message);
      return true;
    });
  await assert.rejects(allOf(join(root, 'nothing.csv')), { code: 'data-unreadable' });
});
