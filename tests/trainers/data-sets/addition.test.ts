// Adding data sets: checked row by row, nothing half, and in bounded memory however large the file is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { addDataSet, type SetDraft } from '../../../trainers/data-sets/addition.ts';
import { openDataSet } from '../../../trainers/data-sets/open.ts';
import { all, draftOf, sentences, writeRows } from './written-set.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-add-'));
});
after(() => rm(root, { recursive: true, force: true }));

const rows = sentences(50).map((text, at) => ({ text, label: at % 2 === 0 ? 'even' : 'odd' }));
const manifestsIn = (store: string) => readdir(join(store, 'manifests')).catch(() => []);

test('CSV, JSON lines and Parquet of the same rows are read alike; splits by file are kept apart', async () => {
  const store = join(root, 'formats');
  const csv = join(root, 'rows.csv');
  await writeFile(csv, `text,label\n${rows.map(({ text, label }) => `"${text}",${label}`).join('\n')}\n`);
  const jsonl = await writeRows(join(root, 'rows.jsonl.gz'), rows);
  const parquet = fileURLToPath(new URL('../../connectors/tabular/zstd.parquet', import.meta.url));
  const { manifest, inspection } = await addDataSet({
    draft: draftOf({ splits: { by: 'file' } }),
    sources: [
      { path: csv, split: 'csv' },
      { path: jsonl, split: 'jsonl' },
      { path: parquet, split: 'parquet' },
    ],
    store,
  });
  assert.deepEqual(
    manifest.files.map(({ rows, format }) => [rows, format]),
    [
      [50, 'csv'],
      [50, 'jsonl'],
      [10, 'parquet'],
    ],
  );
  assert.deepEqual(inspection.splits.csv, inspection.splits.jsonl);
  assert.deepEqual(inspection.splits.parquet, { rows: 9, labels: { even: 5, odd: 4 } });
  assert.equal(inspection.omitted.missing, 1);
  const set = await openDataSet('written', { folders: [], store });
  assert.deepEqual(await all(set.examples('csv')), await all(set.examples('jsonl')));
});

test('rows that cannot be read, constraints that do not hold and wrong columns are said; nothing is added', async () => {
  const store = join(root, 'refused');
  const bad = join(root, 'bad.jsonl');
  await writeFile(bad, '{"text":"a","label":"b"}\nno json\n');
  const path = await writeRows(join(root, 'rows.jsonl'), [...rows, rows[0]!]);
  const wrong: readonly (readonly [changes: Partial<SetDraft>, file: string, code: string, says: RegExp])[] =
    [
      [{}, bad, 'data-bad-row', /1 of 2 rows.*line 2: malformed/],
      [
        { columns: { text: 'body', label: 'label' } },
        path,
        'data-constraints',
        /no row gives an example.*51 of 51 rows have no text/,
      ],
      [{ constraints: { labels: ['even'] } }, path, 'data-constraints', /“odd”/],
      [{ constraints: { wordsMax: 3 } }, path, 'data-constraints', /longest text: \d+, at most 3/],
      [{ constraints: { rowsMin: 100 } }, path, 'data-constraints', /rows: 51, at least 100/],
      [{ constraints: { duplicateShareMax: 0.01 } }, path, 'data-constraints', /came before: 0\.0196/],
      [{}, join(root, 'nothing.jsonl'), 'file-unreadable', /nothing\.jsonl/],
      [{}, join(root, 'rows.xlsx'), 'unknown-format', /rows\.xlsx/],
    ];
  for (const [changes, file, code, says] of wrong)
    await assert.rejects(addDataSet({ draft: draftOf(changes), sources: [{ path: file }], store }), {
      code,
      message: says,
    });
  assert.deepEqual(await manifestsIn(store), []);
});

test('cleaned while it is added: counted, and the same bytes every time', async () => {
  const path = join(root, 'dirty.jsonl');
  const lines = [...rows, rows[3]!, { text: rows[4]!.text.toUpperCase(), label: 'odd' }, { label: 'even' }];
  await writeFile(path, `${lines.map((row) => JSON.stringify(row)).join('\n')}\nno json\n`);
  const add = (store: string) =>
    addDataSet({ draft: draftOf(), sources: [{ path }], store: join(root, store), cleaning: { seed: 1 } });
  const [one, two] = [await add('one'), await add('two')];
  assert.deepEqual(one.cleaned[0]!.left, {
    'invalid-utf8': 0,
    malformed: 1,
    missing: 1,
    unmapped: 0,
    short: 0,
    conflicting: 2,
    duplicate: 1,
    'near-duplicate': 0,
    'balanced-away': 0,
  });
  assert.deepEqual([one.cleaned[0]!.read, one.cleaned[0]!.kept, one.manifest.files[0]!.rows], [54, 49, 49]);
  assert.deepEqual(one.manifest, two.manifest);
  assert.equal(one.manifest.files[0]!.path, 'dirty.jsonl.gz');
});

test('Ctrl-C leaves no manifest', async () => {
  const store = join(root, 'aborted');
  const controller = new AbortController();
  async function* endless() {
    for (let at = 0; ; at += 1) {
      if (at === 5_000) controller.abort(new Error('stopped by the test'));
      yield { text: `text ${at}`, label: 'a' };
    }
  }
  const adding = addDataSet({
    draft: draftOf(),
    sources: [{ name: 'rows', rows: endless() }],
    store,
    signal: controller.signal,
  });
  await assert.rejects(adding);
  assert.deepEqual(await manifestsIn(store), []);
  assert.deepEqual(
    (await readdir(store)).filter((name) => name.endsWith('.part')),
    [],
  );
});

test('200,000 rows are added by a process with less memory for its objects than the rows would take', async () => {
  const path = join(root, 'large.jsonl');
  const filler = 'words that make the row as long as a comment of some people is '.repeat(2);
  function* lines() {
    for (let at = 0; at < 200_000; at++)
      yield `{"text":"${at} ${filler}${at}","label":"${at % 2 === 0 ? 'even' : 'odd'}"}\n`;
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
  assert.ok((await stat(path)).size > 30e6);
  const module = (name: string) =>
    JSON.stringify(new URL(`../../../trainers/data-sets/${name}.ts`, import.meta.url).href);
  const script = `import { addDataSet } from ${module('addition')};
    const { manifest } = await addDataSet({ draft: ${JSON.stringify(draftOf({ name: 'large' }))}, sources: [{ path: ${JSON.stringify(path)} }], store: ${JSON.stringify(join(root, 'large'))} });
    console.log(JSON.stringify({ rows: manifest.files[0].rows, rssMb: process.resourceUsage().maxRSS / 1024 }));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=64',
    '--import',
    import.meta.resolve('tsx'),
    '--input-type=module',
    '-e',
    script,
  ]);
  const { rows, rssMb } = JSON.parse(stdout) as { rows: number; rssMb: number };
  assert.equal(rows, 200_000);
  assert.ok(rssMb < 300, `${rssMb} MB`);
});
