// `millrace score`: a table in, the same table with scores out, whatever ends it in between.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readTable } from '../../../connectors/tabular/table.ts';
import { finished, jsonLines, Workplace } from './spawned.ts';

type Row = Readonly<Record<string, unknown>>;

let place: Workplace;
before(() => {
  place = new Workplace();
});
after(() => place.close());

const texts = ['I love this', 'I hate this so much', 'The train leaves at nine', 'Das ist ja wunderbar'];
const file = (name: string, content: string) => writeFileSync(join(place.path, name), content);
const read = (name: string) => readFileSync(join(place.path, name), 'utf8');

async function parquetRows(name: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const { row } of readTable(join(place.path, name), 'parquet')) rows.push(row as Row);
  return rows;
}

test('rows keep their columns and their order, and a bad one says why', async () => {
  const rows = [...texts.map((text, at) => ({ n: at, half: at / 2, text, tags: ['a'] })), { n: 4 }];
  file('in.jsonl', `${rows.map((row) => JSON.stringify(row)).join('\n')}\n{broken\n`);
  const { code, stdout } = await place.run(['score', 'in.jsonl', '--out', 'out.parquet', '--json']);
  assert.equal(code, 3);
  assert.deepEqual(JSON.parse(stdout).failed, 2);
  const scored = await parquetRows('out.parquet');
  assert.deepEqual(
    scored.map(({ n, text }) => [n, text]),
    [...rows.map((row) => [row.n, 'text' in row ? row.text : undefined]), [undefined, undefined]],
  );
  assert.deepEqual(scored[0]!.tags, ['a']);
  assert.equal(scored[3]!.half, 1.5);
  assert.deepEqual(
    [scored[0]!.sentiment, scored[1]!.sentiment, scored[3]!.language],
    ['positive', 'negative', 'de'],
  );
  assert.match(String(scored[4]!.error), /no text in column “text”/);
  assert.match(String(scored[5]!.error), /no JSON/);
  assert.equal(existsSync(join(place.path, 'out.parquet.parts')), false);
});

test('a scored table can be scored again: taken names are kept', async () => {
  file('once.csv', `text,sentiment\n"I love this, really",mine\n`);
  const { code } = await place.run(['score', 'once.csv', '--out', 'twice.csv', '--tasks', 'sentiment']);
  assert.equal(code, 0);
  const [names = '', row = ''] = read('twice.csv').split('\n');
  assert.equal(names, 'text,sentiment,scored_sentiment,sentimentConfidence,releases');
  assert.match(row, /^"I love this, really",mine,positive,0\.\d+,sentiment@\d/);
});

test('killed in the middle it goes on, and gives what an uninterrupted run gives', async () => {
  const many = Array.from({ length: 4_000 }, (_, at) =>
    JSON.stringify({ at, text: `${texts[at % 4]} ${at}` }),
  );
  file('many.jsonl', many.join('\n'));
  const whole = await place.run(['score', 'many.jsonl', '--out', 'whole.jsonl']);
  assert.equal(whole.code, 0, whole.stderr);
  const argv = ['score', 'many.jsonl', '--out', 'killed.jsonl', '--part', '500', '--json'];
  const child = place.start(argv);
  const ended = finished(child);
  const parts = join(place.path, 'killed.jsonl.parts');
  while (!existsSync(join(parts, 'part-000001.jsonl'))) {
    assert.equal(child.exitCode, null, 'it ended before it could be killed');
    await sleep(5);
  }
  child.kill('SIGKILL');
  await ended;
  const kept = readdirSync(parts).filter((name) => /^part-\d+\.jsonl$/.test(name)).length;
  const other = await place.run([...argv, '--tasks', 'language']);
  assert.deepEqual([other.code, /another job/.test(other.stderr)], [2, true]);
  const again = await place.run(argv);
  const { rows, scored } = jsonLines<{ rows: number; scored: number }>(again.stdout)[0]!;
  assert.deepEqual([again.code, rows, scored], [0, 4_000, 4_000 - 500 * kept]);
  assert.match(again.stderr, /going on after/);
  assert.equal(read('killed.jsonl'), read('whole.jsonl'));
});

test('rows of a query are scored', async () => {
  const query = `SELECT number AS n, 'I love this' AS text FROM numbers(3)`;
  const { code, stderr } = await place.run(['score', '--query', query, '--out', 'query.jsonl']);
  assert.equal(code, 0, stderr);
  const rows = jsonLines<Row>(read('query.jsonl'));
  assert.deepEqual(
    rows.map(({ n, sentiment }) => [n, sentiment]),
    [0, 1, 2].map((n) => [n, 'positive']),
  );
});

test('wrong use says what to do', async () => {
  file('there.csv', 'text\na\n');
  file('empty.jsonl', '');
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['score', 'there.csv', '--out', 'there.csv'], /there already/],
    [['score', 'there.csv', '--out', 'out.xlsx'], /does not tell its format/],
    [['score', 'missing.csv', '--out', 'out.csv'], /cannot be read/],
    [['score', 'empty.jsonl', '--out', 'out.csv'], /no rows/],
    [['score', '--out', 'out.csv'], /name one input/],
    [['score', 'there.csv', '--out', 'out.csv', '--tasks', 'nonsense'], /nonsense/],
  ];
  for (const [argv, says] of cases) {
    const { code, stderr } = await place.run(argv);
    assert.deepEqual([code, says.test(stderr)], [2, true], `${argv.join(' ')}: ${stderr}`);
  }
});
