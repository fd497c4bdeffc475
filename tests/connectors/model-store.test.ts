// The model store: the highest version serves, and whatever is damaged is named.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { listReleases, loadRelease, loadServing } from '../../connectors/model-store.ts';
import { binOf } from '../../schemas/baseline.ts';
import { Misconfigured } from '../../schemas/errors.ts';

const directories: string[] = [];
let models: string;

beforeEach(async () => {
  models = await mkdtemp(join(tmpdir(), 'millrace-models-'));
  directories.push(models);
});
after(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

const onnx = 'not looked into here';
const baseline = JSON.stringify([
  {
    release: 'mood@1.0.0',
    feature: 'length',
    kind: 'numeric',
    edges: [5, 9],
    bins: ['0', '1', '2'],
    counts: [1, 2, 3],
    samples: 6,
  },
]);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

async function release(version: string, changes: object = {}): Promise<string> {
  const folder = join(models, 'mood', version);
  await mkdir(folder, { recursive: true });
  const manifest = {
    task: 'mood',
    version,
    release: `mood@${version}`,
    kind: 'ngram',
    doc: 'A test.',
    labels: ['good', 'bad'],
    activation: 'softmax',
    emptyLabel: 'good',
    featurizer: {
      words: 1,
      charactersMin: 2,
      charactersMax: 3,
      leadingWords: 0,
      wordBuckets: 2,
      characterBuckets: 2,
      idsMax: 64,
    },
    temperature: 1,
    files: { 'model.onnx': sha256(onnx), 'baseline.json': sha256(baseline) },
    data: [],
    figures: [],
    targets: [],
    limits: [],
    seed: 1,
    parameters: {},
    ...changes,
  };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  await writeFile(join(folder, 'model.onnx'), onnx);
  await writeFile(join(folder, 'baseline.json'), baseline);
  return folder;
}

async function assertDamaged(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof Misconfigured);
    assert.match(error.message, message);
    assert.ok(error.fix.length > 0);
    return true;
  });
}

test('the highest version serves, by number, unless another is pinned', async () => {
  for (const version of ['1.9.0', '1.10.0', '0.3.7']) await release(version);
  await mkdir(join(models, 'mood', '.1.11.0.writing'));
  const [highest] = await loadServing(models, ['mood', 'mood']);
  assert.equal(highest!.manifest.release, 'mood@1.10.0');
  assert.equal(Buffer.from(highest!.files.get('model.onnx')!).toString(), onnx);
  assert.equal(highest!.baselines[0]!.samples, 6);
  assert.equal((await loadServing(models, ['mood'], { mood: '0.3.7' }))[0]!.manifest.version, '0.3.7');
  assert.deepEqual(
    (await listReleases(models)).map(({ version }) => version),
    ['1.10.0', '1.9.0', '0.3.7'],
  );
});

test('missing things are named: directory, task, release, file', async () => {
  await assertDamaged(listReleases(join(models, 'nowhere')), /nowhere cannot be read/);
  const folder = await release('1.0.0');
  await assertDamaged(loadServing(models, ['weather']), /no release of the task “weather”/);
  await assertDamaged(
    loadRelease(models, 'mood@2.0.0'),
    /no release mood@2\.0\.0: .*manifest\.json is missing/,
  );
  await assertDamaged(loadRelease(models, 'mood'), /names no release/);
  await rm(join(folder, 'model.onnx'));
  await assertDamaged(loadRelease(models, 'mood@1.0.0'), /model\.onnx.*ENOENT/);
});

test('damaged things are named: bytes, manifest, baseline, folder', async () => {
  const folder = await release('1.0.0');
  await writeFile(join(folder, 'model.onnx'), 'changed');
  await assertDamaged(loadRelease(models, 'mood@1.0.0'), /model\.onnx is damaged: its SHA-256/);
  await release('1.0.0', { labels: [], temperature: -1 });
  await assertDamaged(loadRelease(models, 'mood@1.0.0'), /labels[\s\S]*temperature|temperature[\s\S]*labels/);
  await writeFile(join(folder, 'manifest.json'), '{');
  await assertDamaged(loadRelease(models, 'mood@1.0.0'), /it is no JSON/);
  await release('1.0.0', { files: { 'model.onnx': sha256(onnx), 'baseline.json': sha256('[{}]') } });
  await writeFile(join(folder, 'baseline.json'), '[{}]');
  await assertDamaged(loadRelease(models, 'mood@1.0.0'), /baseline\.json is damaged/);
  await release('1.0.0', { version: '1.0.1', release: 'mood@1.0.1' });
  await assertDamaged(loadRelease(models, 'mood@1.0.0'), /its folder says mood@1\.0\.0/);
});

test('bins are half-open: an edge belongs to the bin above it', () => {
  assert.deepEqual(
    [-1, 4.99, 5, 8, 9, 100].map((value) => binOf(value, [5, 9])),
    [0, 0, 1, 1, 2, 2],
  );
});
