// The answer cache before a real engine, and before one that answers when it is told to.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openMemoryCache } from '../../connectors/cache/memory.ts';
import { openRedisCache } from '../../connectors/cache/redis.ts';
import type { Cache } from '../../connectors/cache.ts';
import { createMetrics } from '../../connectors/metrics.ts';
import { ModelCrashed } from '../../processors/inference/call.ts';
import type { Answers, Engine } from '../../processors/inference/engine.ts';
import type { Input } from '../../processors/inference/model.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { type Answering, cached } from '../../streams/answer-cache.ts';
import { answerKindOf } from '../../streams/answer-question.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { openEngine } from '../../streams/models.ts';

const memory = () => openMemoryCache({ entriesMax: 1_000, bytesMax: 1_000_000 });
const request = { priority: 'request' } as const;
const texts = ['I love this', 'This is terrible', 'I love this', '', 'It is a table.'];

/** An engine that notes what it is asked. */
function noted(engine: Answering) {
  const calls: { readonly tasks: readonly string[]; readonly texts: readonly Input[] }[] = [];
  return {
    calls,
    get manifests() {
      return engine.manifests;
    },
    predict(...[tasks, asked, asking]: Parameters<Answering['predict']>) {
      calls.push({ tasks, texts: asked });
      return engine.predict(tasks, asked, asking);
    },
  };
}

describe('before a real engine', () => {
  const tasks = ['sentiment', 'toxicity'];
  let engine: Engine;
  before(async () => {
    engine = await openEngine(loadConfiguration({ env: { MILLRACE_INFERENCE_WORKERS: '1' } }), tasks);
  });
  after(() => engine.close());

  it('answers are the engine’s own, made once for each distinct text, and had the second time', async () => {
    const source = noted(engine);
    const metrics = createMetrics();
    const answering = cached(source, { shared: memory(), metrics });
    const expected = await engine.predict(tasks, texts);
    assert.deepEqual(await answering.predict(tasks, texts, request), expected);
    assert.deepEqual(source.calls, [
      { tasks, texts: ['I love this', 'This is terrible', '', 'It is a table.'] },
    ]);
    assert.deepEqual(await answering.predict(tasks, texts.toReversed(), request), reversed(expected));
    assert.equal(source.calls.length, 1);
    const printed = await metrics.print();
    assert.match(printed, /millrace_answer_cache_total\{kind="response",outcome="miss"\} 8/);
    assert.match(printed, /millrace_answer_cache_total\{kind="response",outcome="hit"\} 8/);
    assert.match(printed, /millrace_answer_cache_hit_ratio\{kind="response"\} 0\.5/);
  });

  it('only what is missing is asked, of those who lack it', async () => {
    const source = noted(engine);
    const answering = cached(source, { shared: memory(), metrics: createMetrics() });
    await answering.predict(['sentiment'], ['a b', 'c d'], request);
    const both = await answering.predict(tasks, ['c d', 'e f'], request);
    assert.deepEqual(both, await engine.predict(tasks, ['c d', 'e f']));
    assert.deepEqual(source.calls[1]!.tasks, tasks);
    await answering.predict(tasks, ['c d', 'e f', 'g'], request);
    assert.deepEqual(source.calls[2], { tasks, texts: ['g'] });
  });

  it('streams go by, unless they have a cache of their own', async () => {
    const source = noted(engine);
    const without = cached(source, { shared: memory(), metrics: createMetrics() });
    for (let n = 0; n < 2; n++) await without.predict(tasks, ['a']);
    assert.equal(source.calls.length, 2);
    const local = cached(source, { shared: memory(), local: memory(), metrics: createMetrics() });
    for (let n = 0; n < 2; n++) await local.predict(tasks, ['a'], { priority: 'stream' });
    assert.equal(source.calls.length, 3);
    await local.predict(tasks, ['a'], request);
    assert.equal(source.calls.length, 4, 'each has its own');
  });

  it('a task that nobody serves is what the engine says it is', async () => {
    const answering = cached(engine, { shared: memory(), metrics: createMetrics() });
    await assert.rejects(answering.predict(['nothing'], ['a'], request), /no model is loaded/);
  });

  it('a cache that is down, throws, or holds rubbish costs no answer', async () => {
    const silent = { warn: () => {}, info: () => {} };
    const down = openRedisCache({ url: 'redis://127.0.0.1:1', logger: silent });
    const throwing: Cache = {
      get: async () => assert.fail('no'),
      set: async () => assert.fail('no'),
      shed: () => {},
      close: async () => {},
    };
    const rubbish: Cache = { ...memory(), get: async () => Buffer.from('?') };
    const expected = await engine.predict(tasks, texts);
    for (const shared of [down, throwing, rubbish]) {
      const answering = cached(engine, { shared, metrics: createMetrics() });
      assert.deepEqual(await answering.predict(tasks, texts, request), expected);
    }
    await down.close();
  });
});

describe('before an engine that takes its time', () => {
  it('equal texts that are asked for at once are computed once', async () => {
    const slow = slowEngine();
    const metrics = createMetrics();
    const answering = cached(slow, { shared: memory(), metrics });
    const first = answering.predict(['length'], ['aa', 'bbb'], request);
    await slow.asked(1);
    const second = answering.predict(['length'], ['bbb', 'c'], request);
    await slow.asked(2);
    assert.deepEqual(slow.calls, [['aa', 'bbb'], ['c']]);
    for (const call of slow.calls.keys()) slow.answer(call);
    assert.deepEqual(valuesOf(await first), [2, 3]);
    assert.deepEqual(valuesOf(await second), [3, 1]);
    assert.match(await metrics.print(), /outcome="shared"\} 1/);
  });

  it('who waited for a call that failed asks for itself', async () => {
    const slow = slowEngine();
    const answering = cached(slow, { shared: memory(), metrics: createMetrics() });
    const first = answering.predict(['length'], ['aa'], request);
    await slow.asked(1);
    const second = answering.predict(['length'], ['aa'], request);
    slow.fail(0, new Error('broken'));
    await assert.rejects(first, /broken/);
    await slow.asked(2);
    slow.answer(1);
    assert.deepEqual(valuesOf(await second), [2]);
  });

  it('a text that crashes a model is named by its places in the call', async () => {
    const slow = slowEngine();
    const answering = cached(slow, { shared: memory(), metrics: createMetrics() });
    const call = answering.predict(['length'], ['aa', 'bad', 'aa', 'bad'], request);
    await slow.asked(1);
    slow.fail(0, new ModelCrashed(['length'], [1], new Error('dead')));
    await assert.rejects(call, (error) => error instanceof ModelCrashed && `${error.places}` === '1,3');
  });

  it('rows of two releases are never mixed', async () => {
    const slow = slowEngine();
    const answering = cached(slow, { shared: memory(), metrics: createMetrics() });
    const warm = answering.predict(['length'], ['aa'], request);
    await slow.asked(1);
    slow.answer(0);
    await warm;
    const call = answering.predict(['length'], ['aa', 'b'], request);
    await slow.asked(2);
    slow.release = 'length@2.0.0';
    slow.answer(1);
    await slow.asked(3);
    assert.deepEqual(slow.calls[2], ['aa', 'b']);
    slow.answer(2);
    const [answers] = await call;
    assert.equal(answers!.release, 'length@2.0.0');
    const later = answering.predict(['length'], ['aa'], request);
    await slow.asked(4);
    slow.answer(3);
    assert.equal((await later)[0]!.release, 'length@2.0.0');
  });

  it('pairs differ by where the first text ends', async () => {
    const slow = slowEngine();
    const answering = cached(slow, { shared: memory(), metrics: createMetrics() });
    const call = answering.predict(['length'], [['ab', 'c'], ['a', 'bc'], 'abc'], request);
    await slow.asked(1);
    assert.equal(slow.calls[0]!.length, 3);
    slow.answer(0);
    assert.deepEqual(valuesOf(await call), [2, 1, 3]);
  });
});

describe('kinds of answers', () => {
  it('follow what a model is for', () => {
    const kind = (manifest: object) => answerKindOf(manifest as ModelManifest);
    assert.equal(kind({ kind: 'linear' }), 'response');
    assert.equal(kind({ kind: 'ranker' }), 'similarity');
    assert.equal(kind({ kind: 'transformer', purpose: 'cross-encoder' }), 'similarity');
    assert.equal(kind({ kind: 'transformer', purpose: 'embedding' }), 'embedding');
    assert.equal(kind({ kind: 'transformer', purpose: 'classification' }), 'response');
  });
});

const valuesOf = (answers: readonly Answers[]): number[] => [...answers[0]!.probabilities];

function reversed(answers: readonly Answers[]): Answers[] {
  return answers.map((one) => {
    const width = one.labels.length;
    const rows = Array.from({ length: one.probabilities.length / width }, (_, row) =>
      one.probabilities.slice(row * width, (row + 1) * width),
    );
    return { ...one, probabilities: Float32Array.from(rows.reverse().flatMap((row) => [...row])) };
  });
}

/** An engine that says how long a text (or the first of two) is, when told to. */
function slowEngine() {
  const waiting: { resolve(answers: readonly Answers[]): void; reject(error: Error): void }[] = [];
  const calls: (readonly Input[])[] = [];
  const self = {
    calls,
    release: 'length@1.0.0',
    get manifests(): readonly ModelManifest[] {
      const { release } = self;
      const manifest = { task: 'length', release, kind: 'linear', labels: ['n'], activation: 'identity' };
      return [{ ...manifest, emptyLabel: 'n' } as unknown as ModelManifest];
    },
    predict(_: readonly string[], texts: readonly Input[]): Promise<readonly Answers[]> {
      calls.push(texts);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    answer(call: number) {
      const lengths = calls[call]!.map((text) => (typeof text === 'string' ? text : text[0]).length);
      const shape = { task: 'length', release: self.release, labels: ['n'], activation: 'identity' } as const;
      waiting[call]!.resolve([{ ...shape, emptyLabel: 'n', probabilities: Float32Array.from(lengths) }]);
    },
    fail: (call: number, error: Error) => waiting[call]!.reject(error),
    async asked(count: number) {
      for (let turn = 0; calls.length < count; turn++) {
        assert.ok(turn < 10_000, `the engine was asked ${calls.length} times`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
  return self;
}
