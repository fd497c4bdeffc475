// The model store in a folder: the contract, which release serves, and what becomes of killed writers.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listReleases, loadRelease, loadServing, openModelStore } from '../../connectors/model-store.ts';
import { compiler } from '../../infra/compiled.mjs';
import { binOf } from '../../schemas/baseline.ts';
import { assertMisconfigured, describeModelStore, madeRelease } from '../contract/model-store.ts';

const directories: string[] = [];
const temporary = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-models-'));
  directories.push(directory);
  return directory;
};
after(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

describeModelStore('folder', async () => {
  const directory = await temporary();
  return {
    open: () => openModelStore(directory),
    async tamper(path, bytes) {
      const file = join(directory, path);
      await mkdir(dirname(file), { recursive: true });
      if (bytes === null) await rm(file);
      else await writeFile(file, bytes);
    },
    async files() {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
        .filter((path) => path !== 'half/1.1.0/model.onnx')
        .sort();
    },
    close: async () => {},
  };
});

describe('a folder of models', () => {
  let models: string;
  beforeEach(async () => {
    models = await temporary();
  });
  const publish = (version: string) => openModelStore(models).publish(madeRelease('mood', version));

  test('serves the highest version, unless there is a champion, unless another is pinned', async () => {
    for (const version of ['1.9.0', '1.10.0', '0.3.7']) await publish(version);
    await mkdir(join(models, 'mood', '.1.11.0.writing'));
    const [highest, ...others] = await loadServing(models, ['mood', 'mood']);
    assert.equal(highest!.manifest.release, 'mood@1.10.0');
    assert.deepEqual(others, []);
    await openModelStore(models).changeAliases('mood', () => ({ champion: '1.9.0' }), { by: 'me', why: '' });
    assert.equal((await loadServing(models, ['mood']))[0]!.manifest.version, '1.9.0');
    assert.equal((await loadServing(models, ['mood'], { mood: '0.3.7' }))[0]!.manifest.version, '0.3.7');
    assert.deepEqual(
      (await listReleases(models)).map(({ version }) => version),
      ['1.10.0', '1.9.0', '0.3.7'],
    );
  });

  test('that is missing is named, as is a champion that was deleted', async () => {
    const nowhere = join(models, 'nowhere');
    for (const attempt of [listReleases(nowhere), loadServing(nowhere, ['mood'])])
      await assertMisconfigured(attempt, 'models-unreadable', /nowhere cannot be read/);
    await publish('1.0.0');
    await openModelStore(models).changeAliases('mood', () => ({ champion: '1.0.0' }), { by: 'me', why: '' });
    await rm(join(models, 'mood', '1.0.0'), { recursive: true });
    await assertMisconfigured(loadRelease(models, 'mood'), 'model-missing', /no release mood@1\.0\.0/);
  });

  test('is rid of what killed writers left, and of nothing that others still write', async () => {
    const dead = join(models, 'mood', '.1.0.0.dead.writing');
    const alive = join(models, 'mood', '.1.0.0.alive.writing');
    for (const folder of [dead, alive]) await mkdir(folder, { recursive: true });
    await utimes(dead, 0, 0);
    await publish('1.0.0');
    assert.deepEqual((await readdir(join(models, 'mood'))).sort(), ['.1.0.0.alive.writing', '1.0.0']);
  });

  test('gets over the lock of a dead process and waits for that of a living one', async () => {
    await publish('1.0.0');
    const lock = join(models, 'mood', '.aliases.lock');
    // No process has this number: Linux gives numbers up to 4,194,304.
    await writeFile(lock, JSON.stringify({ host: hostname(), pid: 4_194_305, id: 'x' }));
    const change = () =>
      openModelStore(models).changeAliases(
        'mood',
        ({ aliases }) => ({ champion: aliases.champion ? null : '1.0.0' }),
        {
          by: 'me',
          why: '',
        },
      );
    assert.equal((await change()).aliases.champion, '1.0.0');
    await writeFile(lock, JSON.stringify({ host: hostname(), pid: process.pid, id: 'x' }));
    let changed = false;
    const waiting = change().then(() => {
      changed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(changed, false);
    await rm(lock);
    await waiting;
  });
});

test('a writer killed at any moment leaves whole releases, readable aliases and no lock that holds', async () => {
  const models = await temporary();
  const writer = fileURLToPath(new URL('./model-store-writer.ts', import.meta.url));
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, [compiler, writer, models, `${round}`]);
    await once(child.stdout, 'data');
    await sleep(5 + 23 * round);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = openModelStore(models);
    const releases = await store.list();
    assert.ok(releases.length > 0);
    for (const { release } of releases) await store.load(release);
    const { aliases, history } = await store.changeAliases(
      'mood',
      ({ aliases: { champion } }) => ({ previous: champion ?? null }),
      { by: 'tester', why: `round ${round}` },
    );
    assert.equal(history.filter(({ alias }) => alias === 'champion').at(-1)?.to, aliases.champion);
  }
});

test('bins are half-open: an edge belongs to the bin above it', () => {
  assert.deepEqual(
    [-1, 4.99, 5, 8, 9, 100].map((value) => binOf(value, [5, 9])),
    [0, 0, 1, 1, 2, 2],
  );
});
