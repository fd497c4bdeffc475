// The guards together around a real engine: kept answers, substitutes, and what goes by them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openMemoryCache } from '../../connectors/cache/memory.ts';
import { createMetrics } from '../../connectors/metrics.ts';
import type { Engine } from '../../processors/inference/engine.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { guarded } from '../../streams/guarded-engine.ts';
import { openEngine } from '../../streams/models.ts';
import type { Stack } from '../../streams/stack.ts';

const request = { priority: 'request' } as const;

function stackWith(env: Readonly<Record<string, string>>) {
  const quiet = { info: () => {}, warn: () => {}, error: () => {} };
  const parts = {
    configuration: loadConfiguration({ env }),
    metrics: createMetrics(),
    logger: quiet,
    cache: openMemoryCache({ entriesMax: 100, bytesMax: 1_000_000 }),
  };
  return parts as unknown as Stack;
}

describe('a guarded engine', () => {
  let engine: Engine;
  before(async () => {
    const configuration = loadConfiguration({ env: { MILLRACE_INFERENCE_WORKERS: '1' } });
    engine = await openEngine(configuration, ['sentiment', 'toxicity']);
  });
  after(() => engine.close());

  /** The engine with its calls noted, and a model that can be broken. */
  const breakable = () => {
    const notes = { calls: 0, isBroken: false };
    const wrapped = {
      get manifests() {
        return engine.manifests;
      },
      get load() {
        return engine.load;
      },
      close: async () => {},
      predictTokens: engine.predictTokens.bind(engine),
      async predict(...args: Parameters<Engine['predict']>) {
        notes.calls++;
        if (notes.isBroken && args[0].includes('sentiment')) throw new Error('inference failed');
        return engine.predict(...args);
      },
    };
    return { notes, wrapped };
  };

  it('keeps answers of requests, and has rules for what a broken model cannot say', async () => {
    const { notes, wrapped } = breakable();
    const guard = await guarded(stackWith({ MILLRACE_FALLBACKS: 'sentiment=rules' }), wrapped);
    const tasks = ['sentiment', 'toxicity'];
    const first = await guard.engine.predict(tasks, ['I love it'], request);
    assert.deepEqual(first, await engine.predict(tasks, ['I love it']));
    notes.isBroken = true;
    assert.deepEqual(
      await guard.engine.predict(tasks, ['I love it'], request),
      first,
      'what is kept is still had',
    );
    assert.equal(notes.calls, 1);
    const [sentiment, toxicity] = await guard.engine.predict(tasks, ['It is terrible'], request);
    assert.equal(sentiment!.release, 'rules/sentiment@1.0.0');
    assert.equal(toxicity!.release, 'toxicity@2.0.0');
    notes.isBroken = false;
    const [again] = await guard.engine.predict(tasks, ['It is terrible'], request);
    assert.equal(again!.release, 'sentiment@2.0.0', 'what rules said was not kept');
    await guard.close();
  });

  it('keeps nobody’s answers where it is told so, and everybody’s', async () => {
    for (const [mode, calls] of [
      ['off', 4],
      ['requests', 3],
      ['all', 2],
    ] as const) {
      const { notes, wrapped } = breakable();
      const guard = await guarded(stackWith({ MILLRACE_ANSWER_CACHE: mode }), wrapped);
      for (const asking of [request, request, {}, {}])
        await guard.engine.predict(['toxicity'], ['the same'], asking);
      assert.equal(notes.calls, calls, mode);
      await guard.close();
    }
  });

  it('does not begin with a substitute that cannot be', async () => {
    const { wrapped } = breakable();
    const begun = guarded(stackWith({ MILLRACE_FALLBACKS: 'ranking=rules' }), wrapped);
    await assert.rejects(begun, Misconfigured);
  });
});
