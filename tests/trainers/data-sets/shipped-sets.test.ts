// The manifests of the repository: every one verifies, and the tasks name sets that they have.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { listManifests, repositorySets } from '../../../trainers/data-sets/catalog.ts';
import { shipsFile, splitNames } from '../../../trainers/data-sets/manifest.ts';
import { verifySet } from '../../../trainers/data-sets/verification.ts';
import { tasks } from '../../../trainers/tasks/tasks.ts';

const places = { folders: [repositorySets] };

test('every manifest verifies: what ships is here and right, the rest is absent', async () => {
  const sets = await listManifests(places);
  assert.ok(sets.length >= 14);
  for (const found of sets) {
    const { manifest } = found;
    const { state, problems } = await verifySet(found, places);
    assert.deepEqual(problems, [], manifest.name);
    assert.equal(
      state,
      manifest.files.every((file) => shipsFile(manifest, file)) ? 'right' : 'absent',
      manifest.name,
    );
  }
});

test('every data file of the repository is named by a manifest, and its licence stands in NOTICE.md', async () => {
  const sets = await listManifests(places);
  const named = new Set(
    sets.flatMap(({ manifest }) => manifest.files.map(({ path }) => `${manifest.name}/${path}`)),
  );
  const files = (await readdir(repositorySets, { recursive: true })).filter((file) =>
    /\.(jsonl|csv|parquet)/.test(file),
  );
  const notice = await readFile(`${repositorySets}/NOTICE.md`, 'utf8');
  for (const file of files) {
    assert.ok(named.has(file), `${file}: no manifest names it; “millrace data add … --into” writes one`);
    assert.ok(
      notice.includes(`\`${file.split('/')[0]}/\``),
      `${file}: trainers/data/NOTICE.md does not name its set`,
    );
  }
});

test('what a task says about a set is what its manifest says', async () => {
  const sets = new Map((await listManifests(places)).map(({ manifest }) => [manifest.name, manifest]));
  for (const { task, dataSets } of tasks)
    for (const { file, shipped } of dataSets) {
      const [name = '', split = ''] = file.split('/');
      const manifest = sets.get(name);
      assert.ok(manifest, `${task}: ${file} has no manifest`);
      assert.ok(splitNames(manifest).includes(split), `${task}: ${file}`);
      const files = manifest.files.filter((other) => other.split === split);
      for (const other of files) assert.equal(shipsFile(manifest, other), shipped, `${task}: ${file}`);
    }
});
