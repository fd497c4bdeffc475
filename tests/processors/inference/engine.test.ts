// The engine on the shipped models: order under concurrency, bounds, dying threads, damaged models, closing.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { loadServing } from '../../../connectors/model-store.ts';
import { type Answers, createEngine, type EngineOptions } from '../../../processors/inference/engine.ts';
import { loadModel } from '../../../processors/inference/load-model.ts';
import { answer } from '../../../processors/inference/model.ts';
import { startWorker } from '../../../processors/inference/thread.ts';
import { Misconfigured, Overloaded } from '../../../schemas/errors.ts';
import { readRows, textOf } from '../../../trainers/data-sets/rows.ts';

const models = await loadServing('models', ['language', 'sentiment', 'toxicity', 'prompt-intent']);
/** The language model takes three seconds in every thread. */
const light = models.filter(({ manifest }) => manifest.task !== 'language');
const sentiment = models.filter(({ manifest }) => manifest.task === 'sentiment');
const texts = (await readRows('samples/comments.jsonl.gz')).slice(0, 1_000).map(textOf);

async function openEngine(options: Partial<EngineOptions> = {}) {
  const started: Worker[] = [];
  const engine = await createEngine({
    models: light,
    workers: 2,
    startWorker: (start) => {
      const worker = startWorker(start);
      started.push(worker);
      return worker;
    },
    ...options,
  });
  after(() => engine.close());
  return { engine, started };
}

/** What the model says when it is asked directly, on this thread. */
async function expectedOf(task: string, asked: readonly string[]): Promise<Float32Array> {
  const model = await loadModel(models.find(({ manifest }) => manifest.task === task)!);
  const probabilities = await answer(model, asked);
  await model.close();
  return probabilities;
}

function assertClose(actual: Float32Array, expected: Float32Array): void {
  assert.equal(actual.length, expected.length);
  const worst = actual.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at]!)), 0);
  assert.ok(worst < 1e-5, `probabilities differ by ${worst}`);
}

test('answers stand in the order of texts and tasks, however calls overlap', async () => {
  const { engine } = await openEngine({ textsPerRunMax: 64 });
  const calls: { tasks: string[]; from: number; to: number; answers: Promise<readonly Answers[]> }[] = [];
  const mixes = [['toxicity', 'sentiment'], ['prompt-intent', 'toxicity'], ['sentiment']];
  for (let from = 0, turn = 0; from < texts.length; turn++) {
    const to = Math.min(texts.length, from + 1 + ((turn * 37) % 200));
    const tasks = mixes[turn % mixes.length]!;
    calls.push({ tasks, from, to, answers: engine.predict(tasks, texts.slice(from, to)) });
    from = to;
  }
  const expected = new Map<string, Float32Array>();
  for (const task of ['toxicity', 'sentiment', 'prompt-intent'])
    expected.set(task, await expectedOf(task, texts));
  for (const { tasks, from, to, answers } of calls) {
    const got = await answers;
    assert.deepEqual(
      got.map(({ task }) => task),
      tasks,
    );
    for (const { task, labels, release, probabilities } of got) {
      assert.equal(release, models.find(({ manifest }) => manifest.task === task)!.manifest.release);
      assertClose(probabilities, expected.get(task)!.subarray(from * labels.length, to * labels.length));
    }
  }
});

test('a text without words gets the empty label, and disturbs no neighbour', async () => {
  const { engine } = await openEngine({ models, workers: 1 });
  const [language, sentiment] = await engine.predict(['language', 'sentiment'], ['', 'Das ist gut.', ' … ']);
  assert.equal(language!.emptyLabel, 'und');
  const rows = [0, 1, 2].map((row) => language!.probabilities.slice(row * 79, (row + 1) * 79));
  assert.ok(rows[0]!.every((value) => value === 0) && rows[2]!.every((value) => value === 0));
  assert.equal(language!.labels[rows[1]!.indexOf(Math.max(...rows[1]!))], 'de');
  assert.equal(sentiment!.probabilities[sentiment!.labels.indexOf('neutral')], 1);
  assert.deepEqual(
    await engine.predict(['sentiment'], []).then(([answers]) => answers!.probabilities.length),
    0,
  );
});

test('a full queue is Overloaded, and what was accepted is still answered', async () => {
  const { engine } = await openEngine({
    models: sentiment,
    workers: 1,
    textsPerRunMax: 16,
    queueTextsMax: 100,
  });
  const accepted = [engine.predict(['sentiment'], texts.slice(0, 500))];
  await assert.rejects(engine.predict(['sentiment'], texts.slice(0, 10)), (error) => {
    assert.ok(error instanceof Overloaded);
    assert.equal(error.code, 'inference-queue-full');
    return true;
  });
  const [answers] = (await Promise.all(accepted))[0]!;
  assert.equal(answers!.probabilities.length, 500 * 3);
  assert.equal(engine.queuedTexts, 0);
});

test('a thread that dies is replaced and its texts are answered all the same', async () => {
  const { engine, started } = await openEngine({ models: sentiment, workers: 2, textsPerRunMax: 32 });
  const answers = engine.predict(['sentiment'], texts);
  await started[0]!.terminate();
  assertClose((await answers)[0]!.probabilities, await expectedOf('sentiment', texts));
  await engine.predict(['sentiment'], texts.slice(0, 10));
  assert.equal(started.length, 3);
});

test('a model ONNX Runtime refuses and a task without a model are misconfigurations that name them', async () => {
  const broken = {
    manifest: models[0]!.manifest,
    files: new Map([['model.onnx', Uint8Array.of(1, 2, 3)]]),
  };
  await assert.rejects(createEngine({ models: [broken], workers: 1 }), (error) => {
    assert.ok(error instanceof Misconfigured);
    assert.match(error.message, /language/);
    return true;
  });
  const { engine } = await openEngine({ models: sentiment, workers: 1 });
  await assert.rejects(engine.predict(['weather'], ['x']), { name: 'Misconfigured', code: 'unknown-task' });
});

test('closing finishes what was accepted and refuses the rest', async () => {
  const { engine } = await openEngine({ models: sentiment, workers: 1, textsPerRunMax: 64 });
  const accepted = engine.predict(['sentiment'], texts);
  const closed = engine.close();
  await assert.rejects(engine.predict(['sentiment'], ['late']), { code: 'engine-closed' });
  assert.equal((await accepted)[0]!.probabilities.length, 3_000);
  await closed;
});
