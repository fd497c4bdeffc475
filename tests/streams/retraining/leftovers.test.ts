// What is left of requests goes: models once a request is over, texts when they were kept long enough, nothing of an open one.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { folderOf } from '../../../streams/retraining/folders.ts';
import { removeLeftovers } from '../../../streams/retraining/leftovers.ts';

const path = mkdtempSync(join(tmpdir(), 'millrace-leftovers-'));
after(() => rmSync(path, { recursive: true, force: true }));
const configuration = loadConfiguration({
  env: { MILLRACE_DATA_DIRECTORY: path, MILLRACE_RETRAINING_KEEP_MS: '30d' },
});
const now = Date.now();
const day = 86_400_000;

function fill(request: string, age: number): void {
  const folder = folderOf(configuration, 'mood', request);
  mkdirSync(join(folder.releases, 'mood'), { recursive: true });
  mkdirSync(folder.trained('scratch'), { recursive: true });
  const at = new Date(now - age);
  for (const name of ['plan.json', 'progress.json', 'labelled.jsonl.gz']) {
    writeFileSync(join(folder.path, name), '{}');
    utimesSync(join(folder.path, name), at, at);
  }
  utimesSync(folder.path, at, at);
}

const namesOf = (request: string) => readdirSync(folderOf(configuration, 'mood', request).path).sort();

test('models go with their request, texts after the time that they are kept, and an open request loses nothing', async () => {
  fill('open', 40 * day);
  fill('over', day);
  fill('old', 40 * day);
  fill('just-now', 60_000);
  const all = namesOf('open');
  assert.deepEqual(all, ['labelled.jsonl.gz', 'plan.json', 'progress.json', 'releases', 'trained']);
  const retraining = { request: 'open' } as never;
  await removeLeftovers(configuration, () => ({ retraining }), now);
  assert.deepEqual(namesOf('open'), all);
  assert.deepEqual(namesOf('over'), ['labelled.jsonl.gz', 'plan.json', 'progress.json']);
  // Another process may work on it for a decision that this one has not read yet.
  assert.deepEqual(namesOf('just-now'), all);
  // Texts of old go at the next look: the folder was changed a moment ago.
  await removeLeftovers(configuration, () => ({ retraining }), now + 2 * 3_600_000);
  assert.deepEqual(namesOf('old'), ['plan.json', 'progress.json']);
  assert.deepEqual(namesOf('over'), ['labelled.jsonl.gz', 'plan.json', 'progress.json']);
});
