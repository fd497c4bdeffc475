// `millrace models` as people use it: promote, roll back, compare, export, import, and every wrong use told in a line.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { openModelStore } from '../../../connectors/model-store.ts';
import { madeRelease } from '../../contract/model-store.ts';
import { execute } from './executed.ts';
import { assertRefused, json, models, place, run } from './models-place.ts';

const figure = (accuracy: number) => ({
  figures: [{ set: 'moods/test', samples: 100, accuracy, macroF1: 0.5, calibrationError: 0.1, perLabel: [] }],
});
const data = (rows: number) => ({
  data: [{ name: 'moods', role: 'train', licence: 'CC0-1.0', source: 'made', rows, shipped: true }],
});

before(async () => {
  const store = openModelStore(models);
  await store.publish(madeRelease('mood', '1.0.0', { ...figure(0.7), ...data(10) }));
  await store.publish(
    madeRelease('mood', '1.1.0', { ...figure(0.75), ...data(20), parameters: { epochs: 5 } }),
  );
  await store.publish(madeRelease('mood', '2.0.0', { ...figure(0.8), labels: ['good', 'bad', 'mixed'] }));
  await store.publish(madeRelease('weather', '1.0.0'));
});

describe('promotion', () => {
  interface Row {
    readonly release: string;
    readonly aliases: readonly string[];
    readonly serves: boolean;
  }
  const served = async () =>
    (await json<Row[]>('models', 'list')).filter(({ serves }) => serves).map(({ release }) => release);

  it('moves the champion and remembers the one before; rollback returns to it, once', async () => {
    assert.deepEqual(await served(), ['mood@2.0.0', 'weather@1.0.0']);
    assert.equal((await run('models', 'promote', 'mood@1.0.0', '--force', '--reason', 'begin')).code, 0);
    assert.deepEqual(await served(), ['mood@1.0.0', 'weather@1.0.0']);
    const set = await run('models', 'aliases', 'mood', '--set', 'candidate=1.1.0');
    assert.match(set.stdout, /candidate +1\.1\.0/);
    const promoted = await json<Record<string, unknown>>(
      'models',
      'promote',
      'mood@candidate',
      '--reason',
      'better',
    );
    assert.deepEqual([promoted.champion, promoted.previous], ['mood@1.1.0', 'mood@1.0.0']);
    const rows = await json<Row[]>('models', 'list');
    assert.deepEqual(
      rows.map(({ release, aliases }) => [release, ...aliases]),
      [['mood@2.0.0'], ['mood@1.1.0', 'champion'], ['mood@1.0.0', 'previous'], ['weather@1.0.0']],
    );
    assert.equal((await json<{ release: string }>('models', 'show', 'mood')).release, 'mood@1.1.0');
    const back = await run('models', 'rollback', 'mood', '--reason', 'worse on Mondays');
    assert.equal(back.stdout, 'mood@1.0.0 is the champion of mood\n');
    await assertRefused(['models', 'rollback', 'mood'], 'no-previous', /no previous release/);
    const history = await json<Record<string, unknown>[]>('models', 'aliases', 'mood', '--history');
    assert.deepEqual(
      history.map(({ alias, version, why }) => [alias, version, why]),
      [
        ['champion', '1.0.0', 'begin'],
        ['previous', '2.0.0', 'begin'],
        ['candidate', '1.1.0', ''],
        ['champion', '1.1.0', 'better'],
        ['candidate', null, 'better'],
        ['previous', '1.0.0', 'better'],
        ['champion', '1.0.0', 'worse on Mondays'],
        ['previous', null, 'worse on Mondays'],
      ],
    );
  });

  it('of what answers otherwise needs --force', async () => {
    await assertRefused(
      ['models', 'promote', 'mood@2.0.0'],
      'promotion-incompatible',
      /mood@2\.0\.0 answers otherwise than mood@1\.0\.0.*labels added: mixed/,
    );
    assert.deepEqual((await served())[0], 'mood@1.0.0');
  });

  it('of what is not there or damaged is refused', async () => {
    await assertRefused(['models', 'promote', 'mood@9.9.9'], 'model-missing', /no release mood@9\.9\.9/);
    await assertRefused(
      ['models', 'promote', 'nothing'],
      'model-missing',
      /no release of the task “nothing”/,
    );
    await assertRefused(['models', 'rollback', 'weather'], 'no-previous', /“weather” has no previous/);
    await assertRefused(['models', 'aliases', 'nothing'], 'model-missing', /“nothing”/);
    writeFileSync(join(models, 'mood', '1.1.0', 'model.onnx'), 'changed');
    await assertRefused(['models', 'promote', 'mood@1.1.0'], 'model-damaged', /model\.onnx is damaged/);
    writeFileSync(join(models, 'mood', '1.1.0', 'model.onnx'), 'model of mood@1.1.0');
  });

  it('gets over a champion that was deleted', async () => {
    const store = openModelStore(models);
    for (const version of ['1.0.0', '1.0.1']) await store.publish(madeRelease('lost', version));
    assert.equal((await run('models', 'promote', 'lost@1.0.1')).code, 0);
    rmSync(join(models, 'lost', '1.0.1'), { recursive: true });
    await assertRefused(['models', 'show', 'lost'], 'model-missing', /no release lost@1\.0\.1/);
    const promoted = await json<Record<string, unknown>>('models', 'promote', 'lost@1.0.0');
    assert.deepEqual([promoted.champion, promoted.previous], ['lost@1.0.0', null]);
    rmSync(join(models, 'lost'), { recursive: true });
  });

  it('is not what --set is for', async () => {
    for (const wrong of ['champion=1.0.0', 'king=1.0.0', 'candidate', 'candidate=x']) {
      const { code, stderr } = await run('models', 'aliases', 'mood', '--set', wrong);
      assert.equal(code, 2, wrong);
      assert.match(stderr, /promote|candidate/);
    }
    await assertRefused(['models', 'aliases', '--set', 'candidate=1.0.0'], 'no-task', /no task is named/);
    await assertRefused(
      ['models', 'aliases', 'mood', '--set', 'candidate=7.0.0'],
      'model-missing',
      /mood@7\.0\.0/,
    );
  });
});

describe('Ctrl-C', () => {
  it('ends what reads a store, with its own exit code', async () => {
    const surroundings = { env: { MILLRACE_MODELS_DIRECTORY: models }, workingDirectory: place };
    for (const argv of [
      ['models', 'list'],
      ['models', 'promote', 'mood@1.1.0'],
      ['models', 'export', 'mood@1.0.0', 'interrupted.tar.gz'],
    ]) {
      const { code, stdout } = await execute(argv, { ...surroundings, signal: AbortSignal.abort() });
      assert.deepEqual([code, stdout], [130, ''], argv.join(' '));
    }
    assert.equal(existsSync(join(place, 'interrupted.tar.gz')), false);
    assert.equal((await openModelStore(models).aliases('mood')).aliases.champion, '1.0.0');
  });
});

describe('the address of the store', () => {
  const at = (env: Readonly<Record<string, string>>, ...argv: readonly string[]) =>
    execute(argv, { env, workingDirectory: place });

  it('is a folder or a bucket with credentials; anything else is told, no secret is', async () => {
    const wrong = [
      [{ MILLRACE_MODELS_DIRECTORY: 'gs://bucket/x' }, /has to be a folder, or `s3:\/\/bucket\/prefix`/],
      [{ MILLRACE_MODELS_DIRECTORY: 's3://B/x' }, /has to be a folder, or `s3:/],
      [{ MILLRACE_MODELS_DIRECTORY: 's3://bucket/x' }, /need credentials.*AWS_ACCESS_KEY_ID/],
      [{ AWS_ENDPOINT_URL: 'minio:9000' }, /s3\.endpoint has to be an address/],
      [{ MLFLOW_TRACKING_URI: 'sqlite:///x.db' }, /mlflow\.trackingUri has to be an address/],
      [{ MLFLOW_TRACKING_USERNAME: 'me' }, /MLflow has a user or a password, but not both/],
    ] as const;
    for (const [env, says] of wrong) {
      const { code, stderr } = await at(env, 'models', 'list');
      assert.equal(code, 2);
      assert.match(stderr, says);
    }
    const env = {
      AWS_SECRET_ACCESS_KEY: 'hush-1',
      MLFLOW_TRACKING_TOKEN: 'hush-2',
      AWS_SESSION_TOKEN: 'hush-3',
    };
    const { stdout } = await at(env, 'config', 'show', '--json');
    assert.match(stdout, /AWS_SECRET_ACCESS_KEY/);
    assert.doesNotMatch(stdout, /hush/);
  });
});

describe('help', () => {
  it('has an example for every command, and --json where something is printed', async () => {
    const commands = ['list', 'show', 'diff', 'export', 'import', 'promote', 'rollback', 'aliases'];
    for (const argv of [...commands.map((name) => ['models', name]), ['runs', 'list'], ['runs', 'show']]) {
      const { code, stdout } = await run(...argv, '--help');
      assert.equal(code, 0);
      assert.match(stdout, /\nExamples?:\n {2}millrace \S/, argv.join(' '));
      assert.match(stdout, /--json/, argv.join(' '));
    }
    assert.match((await run('models', '--help')).stdout, /task@champion/);
  });
});

describe('comparison', () => {
  it('says what changed: parameters, data, labels, figures with their difference, files', async () => {
    interface Change {
      readonly what: string;
      readonly a: unknown;
      readonly b: unknown;
      readonly difference?: number;
    }
    type Difference = Record<'parameters' | 'data' | 'figures' | 'files' | 'model', Change[]> & {
      labels: string[];
    };
    const found = await json<Difference>('models', 'diff', 'mood@1.0.0', 'mood@1.1.0');
    assert.deepEqual(found.parameters, [{ what: 'epochs', a: 3, b: 5 }]);
    assert.deepEqual(found.data, [{ what: 'moods (train)', a: '10 rows', b: '20 rows' }]);
    assert.deepEqual([found.model, found.labels], [[], []]);
    const accuracy = found.figures.find(({ what }) => what === 'moods/test/accuracy');
    assert.deepEqual(accuracy, { what: 'moods/test/accuracy', a: 0.7, b: 0.75, difference: 0.05 });
    assert.deepEqual(
      found.files.map(({ what }) => what),
      ['model.onnx', 'baseline.json'],
    );
    const { labels } = await json<Difference>('models', 'diff', 'mood@1.0.0', 'mood@2.0.0');
    assert.deepEqual(labels, ['labels added: mixed']);
    const people = await run('models', 'diff', 'mood@1.0.0', 'mood@1.1.0');
    assert.match(people.stdout, /Parameters\nwhat +mood@1\.0\.0 +mood@1\.1\.0\n/);
    assert.match(people.stdout, /Labels: the same/);
  });
});

describe('export and import', () => {
  const elsewhere = (directory: string, ...argv: readonly string[]) =>
    execute(argv, { env: { MILLRACE_MODELS_DIRECTORY: join(place, directory) }, workingDirectory: place });

  it('carry a release whole: tar reads the bundle, twice the same bytes', async () => {
    const first = await json<{ sha256: string }>('models', 'export', 'mood@1.1.0', 'mood.tar.gz');
    const second = await json<{ sha256: string }>('models', 'export', 'mood@1.1.0', 'again.tgz');
    assert.equal(first.sha256, second.sha256);
    execFileSync('tar', ['xzf', 'mood.tar.gz'], { cwd: place });
    const sums = readFileSync(join(place, 'mood-1.1.0', 'SHA256SUMS'), 'utf8')
      .trimEnd()
      .split('\n');
    assert.deepEqual(
      sums,
      ['manifest.json', 'card.md', 'model.onnx', 'baseline.json'].map((file) => {
        const bytes = readFileSync(join(place, 'mood-1.1.0', file));
        return `${createHash('sha256').update(bytes).digest('hex')}  ${file}`;
      }),
    );
    mkdirSync(join(place, 'other'));
    const taken = await elsewhere('other', 'models', 'import', 'mood.tar.gz');
    assert.equal(taken.code, 0, taken.stderr);
    assert.match(taken.stdout, /^mood@1\.1\.0 is now in /);
    assert.match((await elsewhere('other', 'models', 'import', 'mood.tar.gz')).stdout, /was already in/);
    const original = await openModelStore(models).whole('mood@1.1.0');
    assert.deepEqual(await openModelStore(join(place, 'other')).whole('mood'), original);
  });

  it('carry it in a folder as well', async () => {
    assert.equal((await run('models', 'export', 'mood@1.0.0', 'folder')).code, 0);
    mkdirSync(join(place, 'third'));
    const taken = await elsewhere('third', 'models', 'import', 'folder');
    assert.match(taken.stdout, /^mood@1\.0\.0 is now in /, taken.stderr);
  });

  it('carry what GNU tar packed', async () => {
    rmSync(join(place, 'mood-1.1.0'), { recursive: true, force: true });
    execFileSync('tar', ['xzf', 'mood.tar.gz'], { cwd: place });
    execFileSync('tar', ['czf', 'gnu.tar.gz', 'mood-1.1.0'], { cwd: place });
    mkdirSync(join(place, 'fourth'));
    const taken = await elsewhere('fourth', 'models', 'import', 'gnu.tar.gz');
    assert.equal(taken.code, 0, taken.stderr);
  });

  it('refuse what is damaged, foreign, missing or in the way', async () => {
    const bytes = readFileSync(join(place, 'mood.tar.gz'));
    writeFileSync(join(place, 'cut.tar.gz'), bytes.subarray(0, bytes.length - 20));
    writeFileSync(join(place, 'text.tar.gz'), 'hello');
    const unreadable = [
      ['cut.tar.gz', /cannot be unzipped/],
      ['text.tar.gz', /cannot be unzipped/],
    ] as const;
    for (const [file, says] of unreadable)
      await assertRefused(['models', 'import', file], 'bundle-unreadable', says);
    execFileSync('tar', ['czf', 'foreign.tar.gz', 'text.tar.gz'], { cwd: place });
    await assertRefused(['models', 'import', 'foreign.tar.gz'], 'bundle-unreadable', /no SHA256SUMS/);
    cpSync(join(place, 'mood-1.1.0'), join(place, 'tampered'), { recursive: true });
    writeFileSync(join(place, 'tampered', 'card.md'), 'another card');
    execFileSync('tar', ['czf', 'tampered.tar.gz', 'tampered'], { cwd: place });
    await assertRefused(['models', 'import', 'tampered.tar.gz'], 'bundle-unreadable', /checksum of card\.md/);
    rmSync(join(place, 'tampered', 'SHA256SUMS'));
    await assertRefused(
      ['models', 'import', 'tampered'],
      'release-exists',
      /already, with other bytes in card\.md/,
    );
    await assertRefused(['models', 'import', 'nowhere.tar.gz'], 'file-unreadable', /no such file/);
    await assertRefused(['models', 'export', 'mood', 'mood.tar.gz'], 'file-exists', /there already/);
    await assertRefused(['models', 'export', 'mood@8.0.0', 'x.tar.gz'], 'model-missing', /no release/);
    await assertRefused(
      ['models', 'export', 'mood', 'no/such/folder/x.tgz'],
      'file-unwritable',
      /no such file/,
    );
    assert.equal(existsSync(join(place, 'x.tar.gz')), false);
  });
});
