// The linear trainer end to end: what it learns, that the ONNX file says what the classifier computes, and refusals.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { loadLinearModel } from '../../../processors/inference/linear-model.ts';
import { answer } from '../../../processors/inference/model.ts';
import { Misconfigured } from '../../../schemas/errors.ts';
import type { LoadableModel, ManifestOf } from '../../../schemas/model-manifest.ts';
import { readRows } from '../../../trainers/data-sets/rows.ts';
import { linearTrainer } from '../../../trainers/linear/trainer.ts';
import type { Example, Trained, TrainingData } from '../../../trainers/trainer.ts';

const rows = async (file: string): Promise<readonly Example[]> =>
  (await readRows(`trainers/data/${file}.jsonl.gz`)).map((row) => ({
    text: String(row.text),
    labels: [String(row.label)],
  }));

/** Twelve intents of CLINC and its out-of-scope rows. */
const chosen = ['translate', 'transfer', 'timer', 'definition', 'insurance_change', 'find_phone'];
const clinc = async (kind: 'train' | 'dev') => {
  const all = await rows(`clinc150/${kind}`);
  return all.filter(({ labels }) => chosen.includes(labels[0]!) || labels[0] === 'oos');
};
const inScope = (examples: readonly Example[]) => examples.filter(({ labels }) => labels[0] !== 'oos');

async function fit(
  data: Partial<TrainingData>,
  options: Record<string, unknown> = {},
  seed = 1,
  parent?: LoadableModel,
) {
  const whole: TrainingData = {
    labels: chosen,
    activation: 'softmax',
    train: inScope(await clinc('train')),
    dev: inScope(await clinc('dev')),
    ...data,
  };
  const small = { wordBuckets: 8_192, characterBuckets: 8_192, ...options };
  return linearTrainer.fit(whole, linearTrainer.parameters.parse(small), { seed, parent });
}

const load = (trained: Trained<'linear'>, labels: readonly string[]) =>
  loadLinearModel({
    manifest: {
      ...trained.shape,
      labels,
      emptyLabel: 'none',
      release: 'x@1.0.0',
    } as unknown as ManifestOf<'linear'>,
    files: trained.files,
  });

/** Share of the examples whose leading label holds. */
async function accuracy(trained: Trained<'linear'>, labels: readonly string[], examples: readonly Example[]) {
  const model = await load(trained, labels);
  const probabilities = await answer(
    model,
    examples.map(({ text }) => text),
  );
  await model.close();
  const right = examples.filter((example, row) => {
    const scores = probabilities.subarray(row * labels.length, (row + 1) * labels.length);
    return example.labels.includes(labels[scores.indexOf(Math.max(...scores))]!);
  });
  return right.length / examples.length;
}

/** As a release that training may go on from. */
const released = (trained: Trained<'linear'>, shape: Record<string, unknown> = {}) => ({
  manifest: {
    ...{ ...trained.shape, labels: chosen, activation: 'softmax', emptyLabel: 'none', release: 'x@1.0.0' },
    ...{ parameters: {}, ...shape },
  } as unknown as ManifestOf<'linear'>,
  files: trained.files,
});

const sha = (trained: Trained<'linear'>) =>
  createHash('sha256').update(trained.files.get('model.onnx')!).digest('hex');

test('six intents are told apart, by either loss, and the same seed gives the same bytes', async () => {
  const dev = inScope(await clinc('dev'));
  for (const loss of ['squared-hinge', 'logistic']) {
    const trained = await fit({}, { loss });
    assert.ok((await accuracy(trained, chosen, dev)) > 0.95, loss);
    assert.equal(sha(trained), sha(await fit({}, { loss })));
    assert.notEqual(sha(trained), sha(await fit({}, { loss }, 2)));
  }
});

test('the calibrated confidence is near the share that is right', async () => {
  const trained = await fit({});
  assert.equal(trained.shape.calibration, 'temperature');
  const model = await load(trained, chosen);
  const dev = inScope(await clinc('dev'));
  const probabilities = await answer(
    model,
    dev.map(({ text }) => text),
  );
  await model.close();
  const confidence =
    dev.reduce((sum, _, row) => sum + Math.max(...probabilities.subarray(6 * row, 6 * row + 6)), 0) /
    dev.length;
  assert.ok(Math.abs(confidence - (await accuracy(trained, chosen, dev))) < 0.05, String(confidence));
});

test('out of scope is a score, not a class: foreign questions get it, and few others', async () => {
  const labels = [...chosen, 'oos'];
  const [train, dev] = [await clinc('train'), await clinc('dev')];
  const trained = await fit({ labels, train, dev }, { outOfScope: 'oos', outOfScopeLoss: 0.02 });
  assert.equal(trained.shape.outOfScope?.label, 'oos');
  const foreign = dev.filter((example) => example.labels[0] === 'oos');
  assert.ok((await accuracy(trained, labels, foreign)) > 0.5);
  assert.ok((await accuracy(trained, labels, inScope(dev))) > 0.93);
});

test('several labels: Platt lines and a threshold for each', async () => {
  const train = inScope(await clinc('train'));
  const pairs = (examples: readonly Example[]) =>
    examples.map((example, at) => {
      const other = examples[(at * 7 + 3) % examples.length]!;
      return {
        text: `${example.text} ${other.text}`,
        labels: [...new Set([...example.labels, ...other.labels])],
      };
    });
  const dev = pairs(inScope(await clinc('dev')));
  const trained = await fit({ activation: 'sigmoid', train: pairs(train), dev });
  assert.equal(trained.shape.calibration, 'platt');
  assert.deepEqual(Object.keys(trained.shape.thresholds!), chosen);
  assert.ok((await accuracy(trained, chosen, dev)) > 0.95);
});

test('two labels come of one problem, and weights of rows move the answer', async () => {
  const data = (weight: number) => ({
    labels: ['no', 'yes'],
    dev: [],
    train: [
      { text: 'maybe it is', labels: ['yes'], weight },
      { text: 'maybe it is', labels: ['no'] },
      { text: 'surely', labels: ['yes'] },
      { text: 'never', labels: ['no'] },
    ],
  });
  const leaning = await Promise.all(
    [0.1, 10].map(async (weight) => {
      const model = await load(await fit(data(weight)), ['no', 'yes']);
      const [no, yes] = await answer(model, ['maybe it is']);
      assert.ok(Math.abs(no! + yes! - 1) < 1e-6);
      return yes!;
    }),
  );
  assert.ok(leaning[0]! < 0.5 && leaning[1]! > 0.5, leaning.join(' '));
});

test('a text of nothing gets the empty label', async () => {
  const model = await load(await fit({}), chosen);
  assert.deepEqual([...(await answer(model, ['  …']))], new Array(6).fill(0));
  await model.close();
});

test('what cannot be learned from is refused with a reason', async () => {
  const refused = (code: string) => (error: Error) => error instanceof Misconfigured && error.code === code;
  await assert.rejects(fit({ activation: 'identity' }), refused('wrong-activation'));
  await assert.rejects(fit({ train: [] }), refused('no-training-data'));
  await assert.rejects(fit({ labels: ['translate'] }), refused('unknown-label'));
  await assert.rejects(fit({}, { outOfScope: 'nowhere' }), refused('unknown-label'));
  assert.throws(() => linearTrainer.parameters.parse({ cost: -1 }));
});

test('going on from a release it keeps what that knew, and learns new words', async () => {
  const parent = released(await fit({}));
  const dev = inScope(await clinc('dev'));
  const train = inScope(await clinc('train'));
  const two = train.filter(({ labels }) => ['translate', 'transfer'].includes(labels[0]!));
  const [on, anew] = [await fit({ train: two }, {}, 1, parent), await fit({ train: two })];
  assert.ok((await accuracy(on, chosen, dev)) > 0.9);
  assert.ok((await accuracy(anew, chosen, dev)) < 0.5);
  const unheard = ['blorpify', 'blorpify now', 'please blorpify'].map((text) => ({
    text,
    labels: ['timer'],
  }));
  const taught = await fit({ train: [...unheard, ...two] }, {}, 1, parent);
  assert.equal(await accuracy(taught, chosen, [{ text: 'blorpify this', labels: ['timer'] }]), 1);
  assert.equal(await accuracy(on, chosen, [{ text: 'blorpify this', labels: ['timer'] }]), 0);
});

test('where errors cost nothing it stays the release', async () => {
  const before = await fit({});
  const after = await fit({}, { cost: 1e-9 }, 1, released(before));
  const texts = inScope(await clinc('dev')).map(({ text }) => text);
  const [was, is] = await Promise.all(
    [before, after].map(async (trained) => {
      const model = await load(trained, chosen);
      return answer(model, texts).finally(() => model.close());
    }),
  );
  const worst = was!.reduce((most, value, at) => Math.max(most, Math.abs(value - is![at]!)), 0);
  assert.ok(worst < 0.02, String(worst));
});

for (const [says, shape] of Object.entries({
  'a model of the kind ngram': { kind: 'ngram' },
  'its activation is sigmoid': { activation: 'sigmoid' },
  'calibrated by itself': { calibration: 'platt' },
  'labels that the task lacks: other': { labels: [...chosen, 'other'] },
  'its option wordBuckets is 4096': { featurizer: { wordBuckets: 4_096 } },
}))
  test(`refuses to go on from a release of another shape: ${says}`, async () => {
    const parent = released(await fit({ train: inScope(await clinc('train')).slice(0, 40) }), shape);
    await assert.rejects(fit({}, {}, 1, parent), (error: Error) => error.message.includes(says));
  });
