// Pruning: what is kept, what the smaller file answers, and that too great a loss is refused.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadRelease, openModelStore } from '../../../connectors/model-store.ts';
import { loadModel } from '../../../processors/inference/load-model.ts';
import { answer } from '../../../processors/inference/model.ts';
import { Misconfigured } from '../../../schemas/errors.ts';
import type { LoadableModel, ModelRelease } from '../../../schemas/model-manifest.ts';
import { readRows } from '../../../trainers/data-sets/rows.ts';
import type { Split } from '../../../trainers/data-sets/split.ts';
import { linearTrainer } from '../../../trainers/linear/trainer.ts';
import { ngramTrainer } from '../../../trainers/ngram/trainer.ts';
import { type OptimisationOptions, optimise } from '../../../trainers/optimisation/optimise.ts';
import {
  bucketsToKeep,
  frequenciesOf,
  openTable,
  unseenShare,
} from '../../../trainers/optimisation/pruning.ts';
import { slotsFrom } from '../../../trainers/optimisation/slots.ts';
import type { Example, Trainer } from '../../../trainers/trainer.ts';

const place = mkdtempSync(join(tmpdir(), 'millrace-optimisation-'));
after(() => rmSync(place, { recursive: true, force: true }));

const labels = ['translate', 'transfer', 'timer', 'definition', 'insurance_change', 'find_phone'];
const clinc = async (kind: 'train' | 'dev'): Promise<readonly Example[]> =>
  (await readRows(`trainers/data/clinc150/${kind}.jsonl.gz`))
    .map((row) => ({ text: String(row.text), labels: [String(row.label)] }))
    .filter((example) => labels.includes(example.labels[0]!));
const [train, dev] = [await clinc('train'), await clinc('dev')];
const set = {
  file: 'clinc150/dev',
  role: 'test' as const,
  licence: 'CC-BY-3.0',
  source: 'clinc/oos-eval',
  shipped: true,
  examples: () => [],
};
const split: Split = {
  train,
  calibration: [],
  tests: [{ set, examples: dev }],
  used: [],
};

async function releaseBy<Kind extends 'ngram' | 'linear', Options>(
  trainer: Trainer<Kind, Options>,
  options: Record<string, unknown> = {},
): Promise<ModelRelease> {
  const parameters = trainer.parameters.parse({ wordBuckets: 8_192, characterBuckets: 16_384, ...options });
  const { shape, files } = await trainer.fit({ labels, activation: 'softmax', train, dev }, parameters, {
    seed: 1,
  });
  const manifest = {
    ...shape,
    task: 'intents',
    version: '1.0.0',
    release: 'intents@1.0.0',
    doc: 'six intents',
    labels,
    activation: 'softmax',
    emptyLabel: 'none',
    files: {},
    data: [],
    figures: [],
    targets: [],
    limits: [],
    seed: 1,
    parameters,
  };
  // As the store gives them: buffers, whose slices share memory.
  const read = new Map([...files].map(([name, bytes]) => [name, Buffer.from(bytes)]));
  return { manifest, files: read, baselines: [] } as unknown as ModelRelease;
}

const releases = new Map([
  ['ngram', await releaseBy(ngramTrainer)],
  ['ngram in 8 dimensions', await releaseBy(ngramTrainer, { dimensions: 8, learningRate: 0.3, epochs: 10 })],
  ['linear', await releaseBy(linearTrainer)],
]);

const answersOf = async (release: LoadableModel, file?: Uint8Array) => {
  const files = file === undefined ? release.files : new Map([['model.onnx', file]]);
  const model = await loadModel({ ...release, files } as LoadableModel);
  const answers = await answer(
    model,
    dev.map(({ text }) => text),
  );
  await model.close();
  return answers;
};

for (const [name, release] of releases) {
  test(`${name}: dropping what weighs nothing changes no answer, and the file is no larger`, async () => {
    const table = openTable(release);
    const kept = Uint8Array.from(table.norms, (norm) => (norm > 0 ? 1 : 0));
    const file = table.write(kept);
    assert.deepEqual(await answersOf(release, file), await answersOf(release));
    assert.ok(file.length <= release.files.get('model.onnx')!.length);
  });

  test(`${name}: what was pruned can be read, and pruned, again`, async () => {
    const table = openTable(release);
    const half = table.write(bucketsToKeep(table.norms, 0.5, table.norms));
    assert.ok(half.length < 0.7 * release.files.get('model.onnx')!.length || name === 'linear');
    const again = openTable({ ...release, files: new Map([['model.onnx', half]]) } as LoadableModel);
    const same = again.write(Uint8Array.from(again.norms, (norm) => (norm > 0 ? 1 : 0)));
    assert.deepEqual(await answersOf(release, same), await answersOf(release, half));
    const quarter = again.write(bucketsToKeep(again.norms, 0.75, again.norms));
    assert.ok(quarter.length < half.length);
  });
}

test('the least important go first, and what weighs nothing goes always', () => {
  const norms = Float64Array.of(3, 0, 1, 2, 5, 4, 0.5, 6);
  // Seven weigh anything: 0.5, 1 and 2 and 3 are the lightest.
  assert.deepEqual([...bucketsToKeep(norms, 4 / 7, norms)], [0, 0, 0, 0, 1, 1, 0, 1]);
  assert.deepEqual([...bucketsToKeep(norms, 0, norms)], [1, 0, 1, 1, 1, 1, 1, 1]);
  const seen = Int32Array.of(0, 9, 5, 5, 1, 1, 7, 0);
  assert.deepEqual([...bucketsToKeep(norms, 3 / 7, seen)], [0, 0, 1, 1, 1, 0, 1, 0]);
});

test('buckets that no training text has are counted as unseen', () => {
  const { featurizer, norms } = openTable(releases.get('ngram in 8 dimensions')!);
  const frequencies = frequenciesOf([{ text: 'one two', labels: [] }], featurizer);
  assert.equal(
    frequencies.reduce((sum, count) => sum + count, 0),
    frequencies.filter((count) => count > 0).length,
  );
  assert.ok(unseenShare(norms, frequencies) > 0.99 && unseenShare(norms, frequencies) < 1);
});

test('bits give ranks', () => {
  assert.deepEqual([...slotsFrom(Uint8Array.of(0b1000_0101, 0b1), 10)], [1, 0, 2, 0, 0, 0, 0, 3, 4, 0]);
  assert.deepEqual([...slotsFrom(undefined, 3)], [0, 1, 2]);
});

const options = (changes: Partial<OptimisationOptions> = {}): OptimisationOptions => ({
  method: 'prune',
  version: '1.1.0',
  dropLimit: 3,
  store: openModelStore(place),
  data: 'trainers/data',
  language: null,
  ...changes,
});
const task = { reference: [] };

test('a release is written with its figures, its parent and what was lost', async () => {
  const report = await optimise(releases.get('linear')!, task, split, options({ sparsity: 0.3 }));
  assert.equal(report.released, true);
  assert.ok(report.after.bytes < report.before.bytes && report.after.buckets < report.before.buckets);
  assert.ok(report.before.textsPerSecond > 0 && report.after.accuracy > 0.9);
  const { manifest, baselines } = await loadRelease(place, 'intents@1.1.0');
  assert.equal(manifest.parent, 'intents@1.0.0');
  assert.equal(manifest.figures[0]?.accuracy, report.after.accuracy);
  assert.match(manifest.limits.at(-1)!, /Pruned from intents@1\.0\.0: 30 % of the buckets/);
  assert.equal(baselines[0]?.release, 'intents@1.1.0');
  await assert.rejects(
    optimise(releases.get('linear')!, task, split, options()),
    (error) => error instanceof Misconfigured && error.code === 'release-exists',
  );
});

test('buckets no training text has go without loss', async () => {
  const changes = { method: 'buckets', version: '1.2.0', dropLimit: 0 } as const;
  const report = await optimise(releases.get('ngram in 8 dimensions')!, task, split, options(changes));
  assert.ok(report.sparsity > 0.05, String(report.sparsity));
  assert.equal(report.released, report.drop <= 0);
  assert.ok(report.after.bytes < report.before.bytes);
  assert.ok(Math.abs(report.drop) < 2, String(report.drop));
});

test('a loss above the limit is refused, and a dry run writes nothing', async () => {
  const release = releases.get('ngram')!;
  const lossy = await optimise(
    release,
    task,
    split,
    options({ sparsity: 0.99, version: '9.0.0', dropLimit: 0.5 }),
  );
  assert.ok(lossy.drop > 0.5 && !lossy.released, String(lossy.drop));
  const dry = await optimise(
    release,
    task,
    split,
    options({ sparsity: 0.1, version: '9.0.0', dryRun: true }),
  );
  assert.equal(dry.released, false);
  assert.ok(!existsSync(join(place, 'intents', '9.0.0')));
});

test('what cannot be pruned or judged is refused with a reason', async () => {
  const release = releases.get('ngram')!;
  const refused = (code: string) => (error: Error) => error instanceof Misconfigured && error.code === code;
  const forest = { ...release, manifest: { ...release.manifest, kind: 'forest' } } as unknown as ModelRelease;
  await assert.rejects(
    optimise(forest, task, split, options({ version: '9.1.0' })),
    refused('nothing-to-prune'),
  );
  const blind = { ...split, tests: [] };
  await assert.rejects(
    optimise(release, task, blind, options({ version: '9.1.0' })),
    refused('no-test-data'),
  );
});
