// Threads that die or hang over texts, in real threads whose model does so on demand.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { loadServing } from '../../../connectors/model-store.ts';
import { ModelCrashed } from '../../../processors/inference/call.ts';
import { createEngine, type EngineOptions } from '../../../processors/inference/engine.ts';

const models = await loadServing('models', ['sentiment']);
const labels = models[0]!.manifest.labels.length;

// Says of every label of a text how long the text is. Starts in no time, where the shipped models take seconds.
const modelOfThread = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ tasks, texts }) => {
    if (texts.some((text) => text.includes('deadly'))) process.exit(139);
    if (texts.some((text) => text.includes('hang'))) for (;;);
    const rows = tasks.map(() => Float32Array.from(texts.flatMap((text) => Array(${labels}).fill(text.length))));
    parentPort.postMessage({ kind: 'answered', probabilities: rows });
  });
  parentPort.postMessage({ kind: 'ready' });`;

async function openEngine(options: Partial<EngineOptions> = {}) {
  const started: Worker[] = [];
  const engine = await createEngine({
    models,
    workers: 1,
    startWorker: () => {
      const worker = new Worker(modelOfThread, { eval: true });
      started.push(worker);
      return worker;
    },
    ...options,
  });
  after(() => engine.close());
  return { engine, started };
}

async function assertAnswered(
  { engine }: Awaited<ReturnType<typeof openEngine>>,
  texts: readonly string[],
): Promise<void> {
  const [answers] = await engine.predict(['sentiment'], texts);
  assert.deepEqual(
    [...answers!.probabilities],
    texts.flatMap((text) => Array(labels).fill(text.length)),
  );
}

const textsTo = (count: number): string[] => Array.from({ length: count }, (_, index) => 'x'.repeat(index));

test('a text over which threads die again and again is found and named; calls beside it are answered', async () => {
  const crew = await openEngine({ textsPerRunMax: 64 });
  const asked = textsTo(300);
  asked[137] = 'a deadly text';
  const beside = assertAnswered(crew, textsTo(20));
  await assert.rejects(crew.engine.predict(['sentiment'], asked), (error) => {
    assert.ok(error instanceof ModelCrashed);
    assert.deepEqual([error.code, error.places], ['model-crashed', [137]]);
    return true;
  });
  assert.ok(crew.started.length <= 14, `${crew.started.length} threads`);
  await beside;
  await assertAnswered(
    crew,
    asked.filter((text) => !text.includes('deadly')),
  );
});

test('several such texts of one call are named together', async () => {
  const { engine } = await openEngine({ workers: 2, textsPerRunMax: 32 });
  const asked = textsTo(100);
  for (const place of [0, 31, 32, 99]) asked[place] = `deadly ${place}`;
  await assert.rejects(engine.predict(['sentiment'], asked), (error) => {
    assert.ok(error instanceof ModelCrashed);
    assert.deepEqual(error.places, [0, 31, 32, 99]);
    return true;
  });
});

test('a thread that dies twice over the same texts is nobody’s fault when the third answers', async () => {
  let deaths = 2;
  const started: Worker[] = [];
  const engine = await createEngine({
    models,
    workers: 1,
    startWorker: () => {
      const worker = new Worker(modelOfThread, { eval: true });
      const post = worker.postMessage.bind(worker);
      worker.postMessage = (message: unknown) => {
        deaths -= 1;
        if (deaths >= 0) void worker.terminate();
        else post(message);
      };
      started.push(worker);
      return worker;
    },
  });
  after(() => engine.close());
  await assertAnswered({ engine, started }, ['hello']);
  assert.equal(started.length, 3);
});

test('threads that die over text after text are a misconfiguration, not a matter of texts', async () => {
  const crew = await openEngine();
  await assert.rejects(
    crew.engine.predict(
      ['sentiment'],
      textsTo(12).map((text) => `deadly ${text}`),
    ),
    { name: 'Misconfigured', code: 'model-crashes' },
  );
  await assertAnswered(crew, ['alive again']);
});

test('a thread that hangs is ended, and the text it hangs over is found like one that ends threads', async () => {
  const crew = await openEngine({ runMsMax: 1_000 });
  await assert.rejects(crew.engine.predict(['sentiment'], ['fine', 'hang', 'fine too']), (error) => {
    assert.ok(error instanceof ModelCrashed);
    assert.deepEqual(error.places, [1]);
    assert.match(error.message, /did not answer within/);
    return true;
  });
  await assertAnswered(crew, ['fine', 'fine too']);
});

test('an engine closes while threads die over its last texts', async () => {
  const { engine } = await openEngine();
  const refused = assert.rejects(engine.predict(['sentiment'], ['deadly']), ModelCrashed);
  await engine.close();
  await refused;
});

test('an engine closes in bounded time although a thread hangs, and tells who waits', async () => {
  const { engine } = await openEngine();
  const refused = ['hang', 'behind it'].map((text) =>
    assert.rejects(engine.predict(['sentiment'], [text]), { name: 'Retryable', code: 'engine-closed' }),
  );
  await engine.close(50);
  await Promise.all(refused);
});
