// Opening data sets: by name, version and path; their files beside them, in the store, collected or fetched; checked.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addDataSet } from '../../../trainers/data-sets/addition.ts';
import { findManifest, listManifests, type SetPlaces } from '../../../trainers/data-sets/catalog.ts';
import { openDataSet } from '../../../trainers/data-sets/open.ts';
import { loadSet } from '../../../trainers/data-sets/split.ts';
import { verifySet } from '../../../trainers/data-sets/verification.ts';
import { all, draftOf, sentences, writeRows } from './written-set.ts';

let root: string;
const rows = sentences(60).map((text, at) => ({
  text,
  label: at % 2 === 0 ? 'even' : 'odd',
  source: 'test',
}));
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-sets-'));
});
after(() => rm(root, { recursive: true, force: true }));

const at = (...parts: string[]) => join(root, ...parts);
const places = (changes: Partial<SetPlaces> = {}): SetPlaces => ({
  folders: [at('repository')],
  store: at('store'),
  ...changes,
});

test('a set in a folder: its splits by file, examples mapped, cleaned and with slices', async () => {
  const folder = at('repository', 'moods');
  const train = await writeRows(join(folder, 'train.jsonl.gz'), [
    ...rows,
    { text: ' a\u0000 b ', label: 'odd' },
    { text: 'x', label: 'none' },
  ]);
  const held = await writeRows(join(folder, 'held.jsonl'), rows.slice(0, 7));
  const draft = draftOf({
    name: 'moods',
    splits: { by: 'file' },
    columns: { text: 'text', label: 'label', slices: ['source'] },
    labelMap: { odd: 'strange', none: null },
  });
  const sources = [
    { path: train, split: 'train' },
    { path: held, split: 'held' },
  ];
  const { manifest, path } = await addDataSet({ draft, sources, store: at('store'), folder });
  assert.equal(path, join(folder, 'manifest.json'));
  assert.deepEqual(
    manifest.files.map(({ path, rows, split }) => [path, rows, split]),
    [
      ['train.jsonl.gz', 62, 'train'],
      ['held.jsonl', 7, 'held'],
    ],
  );
  const set = await openDataSet('moods', places());
  assert.deepEqual(set.splits, ['train', 'held']);
  assert.deepEqual(await all(set.rows('held')), rows.slice(0, 7));
  const examples = await all(set.examples());
  assert.equal(examples.length, 68);
  assert.deepEqual(examples[1], { text: rows[1]!.text, labels: ['strange'], slices: { source: 'test' } });
  assert.deepEqual(examples[60], { text: 'a b', labels: ['strange'] });
  for (const other of ['moods@1.0.0', folder, path])
    assert.equal((await openDataSet(other, places())).hash, set.hash);
  await assert.rejects(all(set.rows('test')), { code: 'unknown-split', fix: /train, held/ });
  const loaded = await loadSet(
    {
      file: 'moods/held',
      role: 'test',
      licence: '',
      source: '',
      shipped: true,
      examples: (row) => [{ text: String(row.text), labels: [String(row.label)] }],
    },
    { data: at('repository'), samples: '' },
  );
  assert.deepEqual([loaded.rows, loaded.sha256], [7, manifest.files[1]!.sha256]);
});

test('split by hash: every row once, and adding rows moves none of them', async () => {
  const sets = [];
  for (const [version, count] of [
    ['1.0.0', 40],
    ['1.1.0', 60],
  ] as const) {
    const path = await writeRows(at('grown', version, 'rows.jsonl'), rows.slice(0, count));
    await addDataSet({ draft: draftOf({ name: 'grown', version }), sources: [{ path }], store: at('store') });
    sets.push(await openDataSet(`grown@${version}`, places()));
  }
  const [before, grown] = await Promise.all(
    sets.map(async (set) => ({ train: await all(set.rows('train')), test: await all(set.rows('test')) })),
  );
  assert.equal(before!.train.length + before!.test.length, 40);
  for (const split of ['train', 'test'] as const)
    assert.deepEqual(
      grown![split].filter((row) => rows.findIndex(({ text }) => text === row.text) < 40),
      before![split],
    );
  assert.equal((await openDataSet('grown', places())).manifest.version, '1.1.0');
  assert.deepEqual(
    (await listManifests(places())).map(({ manifest }) => `${manifest.name}@${manifest.version}`).slice(0, 2),
    ['grown@1.0.0', 'grown@1.1.0'],
  );
});

test('a version never changes, and the same again is fine', async () => {
  const path = await writeRows(at('once', 'rows.jsonl'), rows);
  const add = (doc: string) =>
    addDataSet({ draft: draftOf({ name: 'once', doc }), sources: [{ path }], store: at('store') });
  await add('One.');
  await add('One.');
  await assert.rejects(add('Two.'), { code: 'data-version-taken', message: /once@1\.0\.0/ });
});

test('collected files are named where they are, and without the directory they are missing', async () => {
  const path = await writeRows(at('collected', 'secret', 'test.jsonl.gz'), rows);
  const draft = draftOf({
    name: 'secret',
    ships: false,
    splits: { by: 'file' },
    source: 'the archive of tests',
  });
  const folder = at('repository', 'secret');
  await addDataSet({
    draft,
    sources: [{ path, split: 'test' }],
    store: at('store'),
    folder,
    collected: at('collected'),
  });
  const set = await openDataSet('secret', places({ collected: at('collected') }));
  assert.equal((await all(set.rows('test'))).length, 60);
  await assert.rejects(
    openDataSet('secret', places()).then(({ rows }) => all(rows())),
    {
      code: 'data-missing',
      message: /may not be passed on/,
      fix: /secret\/test\.jsonl\.gz.*--data.*the archive of tests/,
    },
  );
  const found = (await findManifest('secret', places()))!;
  assert.deepEqual((await verifySet(found, places())).state, 'absent');
  assert.deepEqual((await verifySet(found, places({ collected: at('collected') }))).state, 'right');
  await writeRows(path, rows.slice(1));
  await assert.rejects(all((await openDataSet('secret', places({ collected: at('collected') }))).rows()), {
    code: 'data-mismatch',
  });
  const { state, problems } = await verifySet(found, places({ collected: at('collected') }));
  assert.equal(state, 'wrong');
  assert.match(problems.join(), /SHA-256/);
});

test('a file is fetched from its address once, and then the server is not needed', async () => {
  const path = await writeRows(at('served.jsonl.gz'), rows);
  let requests = 0;
  const server = createServer(async (_, response) => {
    requests += 1;
    response.end(await readFile(path));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/served.jsonl.gz`;
  await addDataSet({ draft: draftOf({ name: 'served' }), sources: [{ url }], store: at('first') });
  assert.equal(requests, 1);
  // Another machine: the manifest alone.
  const manifest = await readFile(at('first', 'manifests', 'served@1.0.0.json'));
  const { mkdir } = await import('node:fs/promises');
  await mkdir(at('second', 'manifests'), { recursive: true });
  await writeFile(at('second', 'manifests', 'served@1.0.0.json'), manifest);
  const there = places({ store: at('second') });
  for (let time = 0; time < 2; time += 1)
    assert.equal((await all((await openDataSet('served', there)).rows())).length, 60);
  assert.equal(requests, 2);
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  assert.equal((await all((await openDataSet('served', there)).rows())).length, 60);
  await rm(at('second'), { recursive: true });
  await mkdir(at('second', 'manifests'), { recursive: true });
  await writeFile(at('second', 'manifests', 'served@1.0.0.json'), manifest);
  await assert.rejects(
    openDataSet('served', there).then(({ rows }) => all(rows())),
    { name: 'Retryable', code: 'data-offline' },
  );
});

test('without a manifest: a file, a folder, and the kind that the first row tells', async () => {
  const scored = await writeRows(at('bare', 'graded.jsonl'), [{ text: 'one prompt', score: 55 }]);
  const set = await openDataSet(scored, places());
  assert.deepEqual(await all(set.examples()), [{ text: 'one prompt', labels: [], values: [55] }]);
  await writeRows(at('bare', 'test.jsonl.gz'), [{ text: 'a', score: 1 }]);
  const folder = await openDataSet(at('bare'), places());
  assert.deepEqual(folder.splits, ['graded', 'test']);
  for (const name of ['nothing', './nothing', 'nothing@1.0.0', at('nothing.jsonl'), at('bare', 'graded.txt')])
    await assert.rejects(openDataSet(name, places()), { code: 'unknown-data-set' });
  await writeFile(at('bare', 'manifest.json'), '{');
  await assert.rejects(openDataSet(at('bare'), places()), { code: 'data-manifest' });
});
