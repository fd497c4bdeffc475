// The engine over models that read tokens: every answer is the one its text gets alone, whatever runs beside it and
// wherever it runs; threads that die over tokens are handled as over texts.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { loadServing } from '../../../connectors/model-store.ts';
import type { RunRecord } from '../../../processors/inference/batching/run-ledger.ts';
import { ModelCrashed } from '../../../processors/inference/call.ts';
import { createEngine, type EngineOptions } from '../../../processors/inference/engine.ts';
import { loadModel } from '../../../processors/inference/load-model.ts';
import { answer, type Input, isTokenModel, type TokenRows } from '../../../processors/inference/model.ts';
import type { LoadableModel } from '../../../schemas/model-manifest.ts';
import { readRows, textOf } from '../../../trainers/data-sets/rows.ts';
import { createRandom } from '../../../trainers/random.ts';
import { loadable } from './transformer/golden.ts';

const classifier = loadable('bert');
const pairs = loadable('roberta');
const embedder = loadable('embedder');
const samples = (await readRows('samples/comments.jsonl.gz')).slice(0, 80).map(textOf);
const random = createRandom(4);
/** From a word to many, an empty one among them. */
const texts = samples.map((text, at) => (at === 7 ? '' : text.slice(0, 3 + Math.floor(400 * random() ** 2))));

async function openEngine(options: Partial<EngineOptions> = {}) {
  const runs: RunRecord[] = [];
  const engine = await createEngine({
    models: [classifier, pairs, embedder],
    workers: 2,
    observe: (run) => runs.push(run),
    ...options,
  });
  after(() => engine.close());
  return { engine, runs };
}

/** What a model says about each input when it is alone in its batch. */
async function aloneOf(release: LoadableModel, inputs: readonly Input[]): Promise<Float32Array[]> {
  const model = await loadModel(release);
  const rows: Float32Array[] = [];
  for (const input of inputs) rows.push(await answer(model, [input]));
  await model.close();
  return rows;
}

function assertRows(values: Float32Array, expected: readonly Float32Array[]): void {
  const width = expected[0]!.length;
  assert.equal(values.length, width * expected.length);
  for (const [row, wanted] of expected.entries())
    for (let at = 0; at < width; at++) {
      const distance = Math.abs(values[row * width + at]! - wanted[at]!);
      assert.ok(distance < 1e-4, `text ${row}: ${values[row * width + at]} is not ${wanted[at]}`);
    }
}

const expectedOf = await aloneOf(classifier, texts);
const vectorsOf = await aloneOf(embedder, texts);

for (const [where, inlineMsMax] of [
  ['thread', 0],
  ['inline', Number.POSITIVE_INFINITY],
] as const) {
  describe(where, () => {
    test('calls that overlap get what each text gets alone', async () => {
      const { engine, runs } = await openEngine({ inlineMsMax });
      const order = createRandom(8);
      const calls = Array.from({ length: 30 }, () => {
        const places = Array.from({ length: 1 + Math.floor(40 * order()) }, () =>
          Math.floor(texts.length * order()),
        );
        const priority = order() < 0.3 ? 'request' : 'stream';
        return { places, priority } as const;
      });
      const answers = await Promise.all(
        calls.map(async ({ places, priority }, at) => {
          // Some while others run, some at the same moment.
          if (at % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 5 * order()));
          const asked = places.map((place) => texts[place]!);
          return engine.predict(['bert', 'embedder'], asked, { priority });
        }),
      );
      for (const [at, [classes, vectors]] of answers.entries()) {
        const { places } = calls[at]!;
        assertRows(
          classes!.probabilities,
          places.map((place) => expectedOf[place]!),
        );
        assertRows(
          vectors!.probabilities,
          places.map((place) => vectorsOf[place]!),
        );
      }
      const asked = 2 * calls.reduce((sum, { places }) => sum + places.length, 0);
      assert.equal(
        runs.reduce((sum, run) => sum + run.texts, 0),
        asked,
      );
      assert.deepEqual([...new Set(runs.map((run) => run.where))], [where]);
      assert.ok(runs.every(({ tokens, padded }) => padded! >= tokens!));
      // What a run costs may be spent on padding; taken together it stays small.
      const sumOf = (of: 'tokens' | 'padded') => runs.reduce((sum, run) => sum + run[of]!, 0);
      assert.ok(sumOf('padded') <= 1.5 * sumOf('tokens'), `${sumOf('padded')} for ${sumOf('tokens')} tokens`);
      assert.equal(engine.queuedTexts, 0);
    });

    test('pairs of texts know which token belongs to which', async () => {
      const inputs: Input[] = texts.slice(0, 40).map((text, at) => [text, texts[(at * 7) % 40]!]);
      const { engine } = await openEngine({ inlineMsMax });
      const expected = await aloneOf(pairs, inputs);
      const [mixed] = await engine.predict(['roberta'], inputs);
      assertRows(mixed!.probabilities, expected);
      const both: Input[] = [inputs[0]!, 'one text alone', inputs[1]!];
      const [types] = await engine.predict(['bert'], both);
      assertRows(types!.probabilities, await aloneOf(classifier, both));
    });

    test('tokens that the caller made get the same answers, chunk beside chunk', async () => {
      const { engine } = await openEngine({ inlineMsMax });
      const model = await loadModel(classifier);
      assert.ok(isTokenModel(model));
      const chunks = Array.from({ length: 12 }, (_, at) => texts.slice(at * 5, at * 5 + 30));
      const rows: TokenRows[] = chunks.map((chunk) => model.tokenize(chunk));
      const values = await Promise.all(rows.map((chunk) => engine.predictTokens('bert', chunk)));
      for (const [at, chunk] of chunks.entries())
        assertRows(values[at]!, expectedOf.slice(at * 5, at * 5 + chunk.length));
      assert.equal((await engine.predictTokens('bert', model.tokenize([]))).length, 0);
      await model.close();
    });
  });
}

test('models that read texts and models that read tokens answer one call, in the order of its tasks', async () => {
  const [sentiment] = await loadServing('models', ['sentiment']);
  const { engine } = await openEngine({ models: [classifier, embedder, sentiment!], workers: 1 });
  const asked = texts.slice(0, 30);
  const answers = await engine.predict(['embedder', 'sentiment', 'bert'], asked, { withinMs: 5_000 });
  assert.deepEqual(
    answers.map(({ task }) => task),
    ['embedder', 'sentiment', 'bert'],
  );
  assertRows(answers[0]!.probabilities, vectorsOf.slice(0, 30));
  assertRows(answers[1]!.probabilities, await aloneOf(sentiment!, asked));
  assertRows(answers[2]!.probabilities, expectedOf.slice(0, 30));
  const none = { ids: new Int32Array(0), ends: new Int32Array(0) };
  await assert.rejects(engine.predictTokens('weather', none), { code: 'unknown-task' });
  await assert.rejects(engine.predictTokens('sentiment', none), { code: 'reads-no-tokens' });
});

test('more threads and fewer threads answer the same, and the load says how many', async () => {
  const { engine } = await openEngine({ workers: 1, inlineMsMax: 0 });
  assert.equal(engine.load.workers, 1);
  engine.resize(3);
  const first = engine.predict(['bert'], texts);
  engine.setTokenBudget(64);
  const second = engine.predict(['bert'], texts);
  assertRows((await first)[0]!.probabilities, expectedOf);
  assertRows((await second)[0]!.probabilities, expectedOf);
  engine.resize(1);
  assertRows((await engine.predict(['bert'], texts))[0]!.probabilities, expectedOf);
  const { workers, tokenBudget, paddingShare, queuedTexts, inlineTasks } = engine.load;
  assert.deepEqual([workers, tokenBudget, queuedTexts, inlineTasks], [1, 64, 0, []]);
  assert.ok(paddingShare >= 0 && paddingShare < 1 / 3);
});

// Says of every row how many tokens it has. Ends its thread over one token.
const deadly = 1;
const modelOfThread = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ extent: { rows, width }, memory: { buffer, size } }) => {
    const ids = new BigInt64Array(buffer, 0, rows * width);
    if (ids.includes(${deadly}n)) process.exit(139);
    const lengths = new Int32Array(buffer, 16 * size.tokens, rows);
    const values = new Float32Array(buffer, 16 * size.tokens + 4 * size.rows, size.values);
    for (let row = 0; row < rows; row++) values.fill(lengths[row], row * 3, row * 3 + 3);
    parentPort.postMessage({ kind: 'ran', ms: 0.1, memory: { buffer, size } }, [buffer]);
  });
  parentPort.postMessage({ kind: 'ready' });`;

test('an input over which threads die again and again is found among tokens; calls beside it are answered', async () => {
  const { engine } = await openEngine({
    models: [classifier],
    startWorker: () => new Worker(modelOfThread, { eval: true }),
  });
  const rowsOf = (lengths: readonly number[], poisoned: readonly number[] = []): TokenRows => {
    let end = 0;
    const ends = Int32Array.from(lengths, (length) => {
      end += length;
      return end;
    });
    const ids = new Int32Array(end).fill(5);
    for (const row of poisoned) ids[ends[row]! - 1] = deadly;
    return { ids, ends };
  };
  const lengths = Array.from({ length: 90 }, (_, at) => 1 + ((at * 13) % 40));
  const beside = engine.predictTokens('bert', rowsOf(lengths));
  await assert.rejects(engine.predictTokens('bert', rowsOf(lengths, [3, 71])), (error) => {
    assert.ok(error instanceof ModelCrashed);
    assert.deepEqual(error.places, [3, 71]);
    return true;
  });
  assert.deepEqual(
    [...(await beside)],
    lengths.flatMap((length) => [length, length, length]),
  );
});
