// Training end to end on a tiny task: same bytes from the same seed, no leak of what is judged, abort leaves nothing.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openExperimentLog } from '../../connectors/experiment-log.ts';
import { listRuns } from '../../connectors/experiment-runs.ts';
import { openModelStore } from '../../connectors/model-store.ts';
import { featureItems } from '../../schemas/features.ts';
import { sketchFile, textSketchSchema } from '../../schemas/text-sketch.ts';
import { splitData } from '../../trainers/data-sets/split.ts';
import type { DataSet, Task } from '../../trainers/task.ts';
import { train } from '../../trainers/train.ts';

let root: string;
const subjects = ['the cat', 'my dog', 'our neighbour', 'this train', 'a letter', 'every song'];
const rows = (verbs: readonly string[], label: string) =>
  subjects.flatMap((subject) => verbs.map((verb) => ({ text: `${subject} ${verb} today`, label })));
const learned = [
  ...rows(['sings', 'laughs', 'shines', 'dances', 'smiles', 'wins'], 'glad'),
  ...rows(['weeps', 'rots', 'fails', 'bleeds', 'breaks', 'dies'], 'sad'),
];
const judged = [
  { text: 'the weather shines and smiles', label: 'glad' },
  { text: 'a heart breaks and bleeds', label: 'sad' },
];

const set = (file: string, role: DataSet['role']): DataSet => ({
  file,
  role,
  licence: 'CC0-1.0',
  source: 'written for this test',
  shipped: true,
  examples: (row) => [{ text: String(row.text), labels: [String(row.label)] }],
});

const task: Task = {
  task: 'language',
  version: '0.1.0',
  doc: 'Tells glad from sad.',
  labels: ['glad', 'sad'],
  activation: 'softmax',
  emptyLabel: 'und',
  training: {
    kind: 'ngram',
    parameters: {
      charactersMax: 4,
      wordBuckets: 512,
      characterBuckets: 1_024,
      idsMax: 128,
      dimensions: 4,
      epochs: 20,
      learningRate: 0.2,
      dropout: 0.2,
    },
  },
  balancePower: 0.5,
  augment: ({ text, labels }, random) => [
    {
      text: text
        .split(' ')
        .slice(random() < 0.5 ? 0 : 1)
        .join(' '),
      labels,
    },
  ],
  calibrationShare: 0.2,
  dataSets: [set('tiny/train', 'train'), set('tiny/test', 'test')],
  reference: ['comments'],
  targets: [],
  limits: ['Knows twelve verbs.'],
};

async function writeRows(path: string, content: readonly object[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, gzipSync(content.map((row) => `${JSON.stringify(row)}\n`).join('')));
}

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-train-'));
  await writeRows(join(root, 'data/tiny/train.jsonl.gz'), [...learned, ...judged]);
  await writeRows(join(root, 'data/tiny/test.jsonl.gz'), judged);
  for (const name of ['comments', 'prompts']) {
    await writeRows(join(root, `data/reference/${name}.jsonl.gz`), learned.slice(0, 20));
    await writeRows(join(root, `samples/${name}.jsonl.gz`), [{ text: 'MY DOG — wins, today!' }]);
  }
  await writeRows(join(root, 'samples/shifted.jsonl.gz'), []);
});
after(() => rm(root, { recursive: true, force: true }));

const directories = () => ({ data: join(root, 'data'), samples: join(root, 'samples') });

const trained = (seed: number, changes: Partial<Parameters<typeof train>[1]> = {}) =>
  train(task, { seed, stores: [], directories: directories(), ...changes });

test('training twice gives the same bytes, and another seed other ones', async () => {
  const [one, two, other] = [await trained(5), await trained(5), await trained(6)];
  assert.deepEqual(one, two);
  assert.notEqual(one.manifest.files['model.onnx'], other.manifest.files['model.onnx']);
  const store = openModelStore(join(root, 'models'));
  assert.equal(await store.publish(one), true);
  assert.equal(await store.publish(two), false);
  await assert.rejects(store.publish(other), { name: 'Misconfigured' });
  const release = await store.load('language@0.1.0');
  assert.deepEqual([...release.files.keys()], ['model.onnx']);
  const sketch = JSON.parse(Buffer.from((await store.file('language', sketchFile('comment')))!).toString());
  assert.equal(textSketchSchema.parse(sketch).texts, 20);
  assert.equal(release.manifest.figures[0]!.accuracy, 1);
  assert.deepEqual(
    release.baselines.map(({ feature }) => feature),
    ['label', 'confidence', 'length', 'language', ...featureItems.map(({ name }) => name)],
  );
  for (const { counts, samples, messages } of release.baselines) {
    assert.equal(messages, 'comment');
    assert.equal(samples, 20);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      20,
    );
  }
});

test('a run is noted with its parameters, its figures and its release', async () => {
  const directory = join(root, 'runs');
  await trained(5, { log: openExperimentLog({ directory, warn: assert.fail }) });
  const [run] = await listRuns(directory);
  assert.equal(run!.status, 'finished');
  assert.equal(run!.release, 'language@0.1.0');
  assert.equal(run!.parameters.epochs, 20);
  assert.ok(run!.data.some(({ name, rows }) => name === 'tiny/test' && rows === judged.length));
});

test('a missing language model is found before anything is learned', async () => {
  const seen: string[] = [];
  await assert.rejects(
    train(
      { ...task, task: 'mood' },
      {
        seed: 1,
        stores: [join(root, 'nowhere')],
        directories: directories(),
        onProgress: ({ stage }) => seen.push(stage),
      },
    ),
    { name: 'Misconfigured' },
  );
  assert.deepEqual(seen, ['reading']);
});

test('what is judged, sampled or referred to is never learned from', async () => {
  const split = await splitData(task, directories(), 1);
  const known = new Set([...split.train, ...split.calibration].map(({ text }) => text));
  for (const { text } of [...judged, ...learned.slice(0, 20), { text: 'my dog wins today' }]) {
    assert.ok(!known.has(text), text);
  }
  assert.ok(split.calibration.length > 0);
  assert.ok(split.train.every(({ text }) => !split.calibration.some((kept) => kept.text === text)));
});

test('an aborted training throws, and its run is noted as stopped', async () => {
  const directory = join(root, 'aborted');
  const controller = new AbortController();
  const seen: number[] = [];
  const running = trained(1, {
    signal: controller.signal,
    log: openExperimentLog({ directory, warn: assert.fail }),
    onProgress: ({ stage, done }) => {
      if (stage !== 'fitting') return;
      seen.push(done);
      controller.abort(new Error('stopped by the test'));
    },
  });
  await assert.rejects(running, /stopped by the test/);
  assert.equal(seen.length, 1);
  assert.equal((await listRuns(directory))[0]!.status, 'stopped');
});

test('a label that the task does not declare is an error that names it', async () => {
  const wrong = { ...task, labels: ['glad', 'angry'] };
  await assert.rejects(train(wrong, { seed: 1, stores: [], directories: directories() }), /“sad”/);
});
