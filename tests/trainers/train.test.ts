// Training end to end on a tiny task: same bytes from the same seed, no leak of what is judged, abort leaves nothing.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { loadRelease } from '../../connectors/model-store.ts';
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

test('training twice writes the same bytes, and another seed other ones', async () => {
  const [one, two, other] = ['one', 'two', 'other'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  await train(task, { seed: 5, out: one, directories: directories() });
  await train(task, { seed: 5, out: two, directories: directories() });
  const third = await train(task, { seed: 6, out: other, directories: directories() });
  for (const file of ['model.onnx', 'manifest.json', 'baseline.json', 'card.md']) {
    const path = join('language/0.1.0', file);
    assert.deepEqual(await readFile(join(one, path)), await readFile(join(two, path)), file);
  }
  const release = await loadRelease(one, 'language@0.1.0');
  assert.notEqual(release.manifest.files['model.onnx'], third.files['model.onnx']);
  assert.equal(release.manifest.figures[0]!.accuracy, 1);
  assert.deepEqual(
    release.baselines.map(({ feature }) => feature),
    ['label', 'confidence', 'length', 'language'],
  );
  for (const { counts, samples } of release.baselines) {
    assert.equal(samples, 20);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      20,
    );
  }
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

test('an aborted training throws and leaves no release', async () => {
  const out = join(root, 'aborted');
  const controller = new AbortController();
  const seen: number[] = [];
  const running = train(task, {
    seed: 1,
    out,
    directories: directories(),
    signal: controller.signal,
    onProgress: ({ stage, done }) => {
      if (stage !== 'fitting') return;
      seen.push(done);
      controller.abort(new Error('stopped by the test'));
    },
  });
  await assert.rejects(running, /stopped by the test/);
  assert.equal(seen.length, 1);
  await assert.rejects(readdir(out), { code: 'ENOENT' });
});

test('a label that the task does not declare is an error that names it', async () => {
  const wrong = { ...task, labels: ['glad', 'angry'] };
  await assert.rejects(
    train(wrong, { seed: 1, out: join(root, 'wrong'), directories: directories() }),
    /“sad”/,
  );
});
