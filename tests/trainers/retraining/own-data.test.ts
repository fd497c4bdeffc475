// What a release was learned from is found again by name and hash, and named where it is not; which releases can be
// trained anew, and in which ways.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { openModelStore } from '../../../connectors/model-store.ts';
import type { ModelManifest } from '../../../schemas/model-manifest.ts';
import { addDataSet } from '../../../trainers/data-sets/addition.ts';
import { openDataSet } from '../../../trainers/data-sets/open.ts';
import { writeLabelled } from '../../../trainers/retraining/labelled-file.ts';
import { ownData } from '../../../trainers/retraining/own-data.ts';
import { untrainable, type Variant, variantsOf } from '../../../trainers/retraining/variants.ts';

let root: string;
let sets: string;
let hash: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-own-data-'));
  sets = join(root, 'sets');
  await addDataSet({
    draft: {
      name: 'moods',
      version: '1.0.0',
      doc: 'Moods.',
      licence: 'CC0-1.0',
      source: 'written for this test',
      ships: true,
      kind: 'classification',
      columns: { text: 'text', label: 'label' },
      splits: { by: 'hash', seed: 1, shares: { train: 0.8, dev: 0.1, test: 0.1 } },
    },
    sources: [
      {
        name: 'rows.jsonl',
        rows: Readable.from(
          Array.from({ length: 200 }, (_, at) => ({
            text: `row number ${at}`,
            label: at % 2 ? 'sad' : 'glad',
          })),
        ),
      },
    ],
    store: sets,
  });
  ({ hash } = await openDataSet('moods@1.0.0', { folders: [], store: sets }));
});
after(() => rm(root, { recursive: true, force: true }));

const models = openModelStore(new URL('../../../models', import.meta.url).pathname);
const source = (name: string, sha256: string, role: 'train' | 'test' = 'train') => ({
  name,
  role,
  sha256,
  licence: 'x',
  source: 'x',
  rows: 1,
  shipped: false,
});
async function manifestWith(data: ModelManifest['data']): Promise<ModelManifest> {
  const { groups: _, ...manifest } = await models.manifest('sentiment');
  return { ...manifest, task: 'mood', labels: ['sad', 'glad'], data } as ModelManifest;
}
const places = () => ({
  sets: { folders: [], store: sets },
  unshipped: undefined,
  labelledOf: (request: string) => join(root, `${request}.jsonl.gz`),
});

describe('the data of a release', () => {
  it('is the set its manifest names, while that has the same hash', async () => {
    const data = [source('moods@1.0.0', hash), source('moods@1.0.0', hash, 'test')];
    const { task, split, missing } = await ownData(await manifestWith(data), places());
    assert.deepEqual(missing, []);
    assert.deepEqual(task?.labels, ['sad', 'glad']);
    const total = split.train.length + split.calibration.length + split.tests[0]!.examples.length;
    assert.equal(total, 200);
    const changed = await ownData(await manifestWith([source('moods@1.0.0', 'f'.repeat(64))]), places());
    assert.deepEqual([changed.task, changed.split.train, changed.missing], [null, [], ['moods@1.0.0']]);
    const elsewhere = await ownData(await manifestWith([source('their-set', hash)]), places());
    assert.deepEqual(elsewhere.missing, ['their-set']);
  });

  it('is the labels of earlier requests too, where they are what they were', async () => {
    const labelled = ['glad', 'sad', 'angry'].map((label, at) =>
      JSON.stringify({
        messageId: `m${at}`,
        text: `said ${at}`,
        kind: 'comment',
        tenant: 'default',
        label,
        value: null,
        eventTime: at,
      }),
    );
    await writeLabelled(places().labelledOf('r1'), Buffer.from(labelled.join('\n').concat('\n')));
    const sha256 = createHash('sha256')
      .update(await readFile(places().labelledOf('r1')))
      .digest('hex');
    const data = [
      source('feedback/r1', sha256),
      source('feedback/r2', sha256),
      source('feedback/r1/recent', sha256, 'test'),
    ];
    const { split, missing } = await ownData(await manifestWith(data), places());
    assert.deepEqual(
      split.train.map(({ text, labels }) => [text, labels]),
      [
        ['said 0', ['glad']],
        ['said 1', ['sad']],
      ],
    );
    assert.deepEqual(missing, ['feedback/r2']);
    const other = await ownData(await manifestWith([source('feedback/r1', 'f'.repeat(64))]), places());
    assert.deepEqual(other.missing, ['feedback/r1']);
  });
});

describe('a training anew', () => {
  it('is refused where feedback cannot teach', async () => {
    const why = async (task: string) => untrainable(await models.manifest(task));
    for (const task of ['sentiment', 'toxicity', 'banking-intent']) assert.equal(await why(task), null);
    for (const task of ['language', 'ranking', 'expansion'])
      assert.match((await why(task))!, /does not learn from labels of single messages/);
    assert.match((await why('prompt-quality'))!, /answers 5 values, and feedback gives one/);
    const several = { ...(await models.manifest('toxicity')), activation: 'sigmoid' as const };
    assert.match(untrainable(several as ModelManifest)!, /several labels/);
  });

  it('goes on from linear and n-gram models, and follows what was trained elsewhere by a linear one', async () => {
    const linear = await models.manifest('sentiment');
    const variants: readonly Variant[] = variantsOf(linear);
    assert.deepEqual(
      variants.map(({ name, training }) => [
        name,
        training.kind,
        (training.parameters as { cost?: number }).cost,
      ]),
      [
        ['incremental', 'linear', 0.08],
        ['scratch', 'linear', 0.08],
      ],
    );
    const older = { ...linear, parameters: { ...linear.parameters, forgotten: true } } as ModelManifest;
    assert.deepEqual(
      variantsOf(older).map(({ name }) => name),
      ['scratch'],
    );
    const ngram = {
      ...linear,
      kind: 'ngram',
      parameters: { epochs: 9, dimensions: 4 },
    } as unknown as ModelManifest;
    const told = variantsOf(ngram).map(({ name, training }) => [
      name,
      training.kind,
      (training.parameters as { epochs: number }).epochs,
    ]);
    assert.deepEqual(told, [
      ['incremental', 'ngram', 4],
      ['scratch', 'ngram', 9],
    ]);
    const imported = {
      ...linear,
      kind: 'transformer',
      purpose: 'classification',
      parameters: { licence: 'mit' },
    };
    assert.deepEqual(variantsOf(imported as unknown as ModelManifest), [
      { name: 'scratch', training: { kind: 'linear', parameters: {} } },
    ]);
  });
});
