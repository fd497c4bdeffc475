// `millrace data` as people use it: every command end to end, wrong input told in a line with its exit code.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sentences } from '../../trainers/data-sets/written-set.ts';
import { DataWorkplace } from './data-workplace.ts';

let place: DataWorkplace;
const rows = sentences(300).map((text, at) => ({ text, label: at % 3 === 0 ? 'rare' : 'most' }));
before(() => {
  place = new DataWorkplace();
  writeFileSync(
    join(place.path, 'rows.jsonl.gz'),
    gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
  );
  writeFileSync(
    join(place.path, 'rows.csv'),
    `body,stars\n${rows.map(({ text }, at) => `${text},${at}`).join('\n')}\nx,400\n`,
  );
});
after(() => place.close());

const json = async <T>(...argv: string[]): Promise<T> => {
  const { code, stdout, stderr } = await place.run(['data', ...argv, '--json']);
  assert.deepEqual([code, stderr], [0, '']);
  return JSON.parse(stdout) as T;
};

test('a set is added, listed, shown, verified, parted and reported', async () => {
  const added = await place.run(['data', 'add', 'moods', 'rows.jsonl.gz', '--licence', 'CC0-1.0']);
  assert.deepEqual([added.code, added.stderr], [0, '']);
  assert.match(added.stdout, /moods@1\.0\.0: 300 rows, manifest .*moods@1\.0\.0\.json\n$/);
  const listed = await json<readonly { name: string; rows: number; licence: string; from: string }[]>('list');
  const mine = listed.find(({ name }) => name === 'moods')!;
  assert.deepEqual([mine.rows, mine.licence, mine.from], [300, 'CC0-1.0', 'this machine']);
  assert.ok(listed.some(({ name, from }) => name === 'goemotions' && from === 'repository'));
  const shown = await place.run(['data', 'show', 'moods']);
  assert.match(shown.stdout, /splits +\{"by":"hash","seed":1/);
  assert.ok(shown.stdout.includes(rows[0]!.text));
  assert.deepEqual(
    (await json<readonly { state: string }[]>('verify', 'moods')).map(({ state }) => state),
    ['right'],
  );
  const { parts } = await json<{
    parts: readonly { part: string; rows: number; labels: { rare: number } }[];
  }>(...['split', 'moods', '--stratified', '--shares', 'train=0.5,test=0.5', '--as', 'halves@2.0.0']);
  assert.deepEqual(
    parts.map(({ part, rows, labels }) => [part, rows, labels.rare]),
    [
      ['train', 150, 50],
      ['test', 150, 50],
    ],
  );
  const halves = await json<{
    manifest: { version: string; files: readonly { split: string; rows: number }[] };
  }>('show', 'halves');
  assert.deepEqual(
    halves.manifest.files.map(({ split, rows }) => [split, rows]),
    [
      ['train', 150],
      ['test', 150],
    ],
  );
  const report = await place.run(['data', 'report', 'halves', '--out', 'quality']);
  assert.equal(report.code, 0);
  assert.deepEqual(readdirSync(join(place.path, 'quality')).sort(), ['quality.html', 'quality.json']);
  assert.match(
    readFileSync(join(place.path, 'quality', 'quality.html'), 'utf8'),
    /Data quality of halves@2\.0\.0/,
  );
});

test('a damaged file is found, with exit code 3', async () => {
  const { manifest } = await json<{ manifest: { files: readonly { sha256: string }[] } }>(
    'add',
    'fragile',
    'rows.jsonl.gz',
    '--slice',
    'source',
  );
  const { sha256 } = manifest.files[0]!;
  const blob = join(place.path, 'data', 'sets', sha256.slice(0, 2), sha256);
  const whole = readFileSync(blob);
  writeFileSync(blob, gzipSync('{"text":"other","label":"rare"}\n'));
  const { code, stdout } = await place.run(['data', 'verify', 'fragile']);
  assert.equal(code, 3);
  assert.match(stdout, /WRONG[\s\S]*is not what the manifest names: its SHA-256 is/);
  writeFileSync(blob, whole);
});

test('columns, splits by file, cleaning and a draft', async () => {
  const { manifest, cleaned } = await json<{
    manifest: { kind: string; files: readonly { rows: number; split: string }[] };
    cleaned: readonly { clipped: number; left: Record<string, number> }[];
  }>(
    ...[
      'add',
      'graded',
      'train=rows.csv',
      '--text',
      'body',
      '--score',
      'stars',
      '--clip-scores',
      '--words-min',
      '3',
      '--clean',
    ],
  );
  assert.deepEqual(
    [manifest.kind, manifest.files[0]!.rows, manifest.files[0]!.split],
    ['score', 300, 'train'],
  );
  assert.deepEqual([cleaned[0]!.clipped, cleaned[0]!.left.short], [199, 1]);
  mkdirSync(join(place.path, 'own'));
  writeFileSync(join(place.path, 'own', 'all.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  writeFileSync(
    join(place.path, 'draft.json'),
    JSON.stringify({
      doc: 'Mine.',
      files: [{ path: 'all.jsonl', split: 'all' }],
      constraints: { labels: ['most', 'rare'] },
    }),
  );
  const own = await json<{ path: string; manifest: { doc: string } }>(
    'add',
    'own',
    '--draft',
    'draft.json',
    '--into',
    'own',
  );
  assert.deepEqual([own.path, own.manifest.doc], [join(place.path, 'own', 'manifest.json'), 'Mine.']);
  assert.equal((await json<readonly { state: string }[]>('verify', './own'))[0]!.state, 'right');
});

test('rows of a query and of a range of a topic', async () => {
  const query =
    "SELECT number AS id, concat('a text of number ', toString(number)) AS text, if(number % 2 = 0, 'even', 'odd') AS label, if(number = 3, NULL, 1) AS gap FROM numbers(60000)";
  const { manifest } = await json<{ manifest: { files: readonly { rows: number; path: string }[] } }>(
    'add',
    'numbers',
    '--sql',
    query,
    '--id',
    'id',
  );
  assert.deepEqual(
    manifest.files.map(({ rows, path }) => [rows, path]),
    [[60_000, 'query.jsonl.gz']],
  );
  const published = await place.run(['publish', 'comments'], {
    input: rows
      .slice(0, 40)
      .map((row, at) => `{"id":"m${at}","text":${JSON.stringify(row.text)}}\n`)
      .join(''),
  });
  assert.equal(published.code, 0, published.stderr);
  const topic = (...more: string[]) =>
    json<{ manifest: { files: readonly { rows: number }[] } }>(
      'add',
      ...more,
      '--topic',
      'comments',
      '--kind',
      'unlabelled',
      '--id',
      'id',
    );
  assert.equal((await topic('comments-all')).manifest.files[0]!.rows, 40);
  assert.equal((await topic('comments-new', '--from', '2020-01-01T00:00:00Z')).manifest.files[0]!.rows, 40);
  const early = await place.run([
    'data',
    'add',
    'comments-old',
    '--topic',
    'comments',
    '--kind',
    'unlabelled',
    '--to',
    '2020-01-01',
  ]);
  assert.equal(early.code, 2);
  assert.match(early.stderr, /no row gives an example/);
  const refused = await place.run(['data', 'add', 'wrong', '--sql', 'SELECT FROM']);
  assert.deepEqual([refused.code, refused.stdout], [2, '']);
});

test('a set is written by a language model', async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    const content = JSON.stringify(sentences(200).slice(asked * 10, asked * 10 + 10));
    response.end(JSON.stringify({ choices: [{ message: { content } }] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  writeFileSync(
    join(place.path, 'prompts.yaml'),
    'advice: Write {count} requests for advice.\ncoding: Write {count} requests for code.\n',
  );
  const argv = [
    'data',
    'synthesize',
    'written',
    '--prompts',
    'prompts.yaml',
    '--endpoint',
    endpoint,
    '--model',
    'small',
    '--licence',
    'Apache-2.0',
    '--per-label',
    '15',
    '--requests-per-minute',
    '6000',
  ];
  const { code, stdout, stderr } = await place.run(argv);
  server.close();
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /advice +15\ncoding +15/);
  const { manifest } = await json<{ manifest: { source: string; doc: string } }>('show', 'written');
  assert.match(manifest.source, /small at 127\.0\.0\.1/);
  assert.match(manifest.doc, /synthetic/);
  const away = await place.run([...argv.slice(0, 2), 'again', ...argv.slice(3), '--retries', '0']);
  assert.equal(away.code, 4, away.stderr);
});

test('wrong use is told in a line and leaves nothing', async () => {
  const wrong: readonly (readonly [argv: readonly string[], says: RegExp])[] = [
    [['add', 'x'], /nothing was named/],
    [['add', 'x', 'nothing.csv'], /nothing\.csv cannot be read: there is no such file/],
    [['add', 'x', 'rows.csv', '--sql', 'SELECT 1'], /named together/],
    [['add', 'x', 'rows.csv'], /no row gives an example.*301 of 301 rows/],
    [['add', 'X Y', 'rows.jsonl.gz'], /a name has small letters/],
    [
      ['add', 'x', 'train=rows.csv', 'rows.csv', '--text', 'body', '--label', 'stars'],
      /some files have a split/,
    ],
    [['add', 'x', 'rows.csv', '--near-duplicates', '0.9'], /parts of cleaning/],
    [['add', 'x', 'rows.csv', '--shares', 'a=0.5,b=0.6'], /sum up to 1/],
    [['add', 'x', '--topic', 'comments', '--from', 'yesterday'], /neither an offset nor a time/],
    [['add', 'x', '--draft', 'nothing.json'], /nothing\.json cannot be read/],
    [['show', 'nothing'], /no data set “nothing”/],
    [['verify', 'nothing'], /no data set “nothing”/],
    [['report', 'moods', '--near-duplicates', '0.1'], /number from 0\.65 to 1/],
    [['split', 'moods', '--folds', '5', '--shares', 'a=1'], /--folds goes without/],
    [
      ['synthesize', 'x', '--prompts', 'rows.csv', '--endpoint', 'nowhere', '--model', 'm', '--licence', 'l'],
      /no address/,
    ],
  ];
  const results = [];
  for (const [argv] of wrong) results.push(await place.run(['data', ...argv]));
  for (const [at, { code, stdout, stderr }] of results.entries()) {
    const [argv, says] = wrong[at]!;
    assert.deepEqual([code, stdout], [2, ''], `${argv.join(' ')}: ${stderr}`);
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
  assert.ok(
    !readdirSync(join(place.path, 'data', 'sets', 'manifests')).some((name) => name.startsWith('x@')),
  );
});

test('Ctrl-C ends an addition with 130 and leaves nothing half', async () => {
  const controller = new AbortController();
  const query = "SELECT concat('text ', toString(number)) AS text, 'a' AS label FROM numbers(60000)";
  const running = place.run(['data', 'add', 'endless', '--sql', query], {
    signal: controller.signal,
    columns: 80,
    stderr: {
      // The first sign of progress: some of the rows are read.
      write: async () => controller.abort(),
    },
  });
  const { code, stdout } = await running;
  assert.deepEqual([code, stdout], [130, '']);
  const left = readdirSync(join(place.path, 'data', 'sets'), { recursive: true }) as string[];
  assert.deepEqual(
    left.filter((name) => /endless|\.part$/.test(name)),
    [],
  );
});
