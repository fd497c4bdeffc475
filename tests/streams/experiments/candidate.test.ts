// A candidate on trial fails, dies, dreams and dawdles for itself alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMetrics } from '../../../connectors/metrics.ts';
import { answerByArms } from '../../../processors/inference/arms.ts';
import { ModelCrashed } from '../../../processors/inference/call.ts';
import type { Answers, Engine } from '../../../processors/inference/engine.ts';
import type { Predictor } from '../../../processors/inference/inference.ts';
import type { Features } from '../../../schemas/features.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { Candidate, type CandidateOptions } from '../../../streams/experiments/candidate.ts';

const answers = (texts: readonly unknown[], probability = 0.5): Answers => ({
  ...{ task: 't', release: 't@1.1.0', labels: ['a', 'b'], activation: 'softmax', emptyLabel: 'a' },
  probabilities: Float32Array.from(texts.flatMap(() => [probability, 0.5])),
});

type Predict = (texts: readonly unknown[]) => Promise<readonly Answers[]>;

function candidateOf(predict: Predict | null, said: Partial<CandidateOptions> = {}) {
  const warned: unknown[] = [];
  let calls = 0;
  const engine = predict && {
    predict: (_: readonly string[], texts: readonly unknown[]) => {
      calls++;
      return predict(texts);
    },
    close: async () => {},
  };
  const candidate = new Candidate({
    ...{ task: 't', release: 't@1.1.0', engine: engine as Pick<Engine, 'predict' | 'close'> | null },
    ...{
      lateMs: 40,
      metrics: createMetrics(),
      logger: { warn: (what: unknown) => warned.push(what) } as never,
    },
    ...said,
  });
  const ask = (texts: readonly string[], beside: Promise<unknown> = Promise.resolve(), withinMs?: number) =>
    candidate.ask(texts, beside, withinMs === undefined ? undefined : { withinMs });
  return { ask, warned, calls: () => calls };
}

const never = () => new Promise<never>(() => {});
const rows = (said: readonly ({ readonly row: number } | null)[]) => said.map((each) => each?.row ?? null);

test('an answer is told row by row; what is no number is none', async () => {
  const { ask } = candidateOf(async (texts) => [answers(texts)]);
  assert.deepEqual(rows(await ask(['x', 'y'])), [0, 1]);
  const dreaming = candidateOf(async (texts) => [answers(texts, Number.NaN)]);
  assert.deepEqual(rows(await dreaming.ask(['x'])), [null]);
});

test('one that could not be loaded answers nothing', async () => {
  assert.deepEqual(rows(await candidateOf(null).ask(['x', 'y'])), [null, null]);
});

test('texts over which its threads die are left out, the others are asked anew', async () => {
  const { ask } = candidateOf(async (texts) => {
    const deadly = [...texts.keys()].filter((place) => texts[place] === 'deadly');
    if (deadly.length > 0) throw new ModelCrashed(['t'], deadly, new Error('exit code 139'));
    return [answers(texts)];
  });
  assert.deepEqual(rows(await ask(['x', 'deadly', 'y', 'deadly'])), [0, null, 1, null]);
});

test('one that fails again and again is not asked for a while, and that is told once', async () => {
  const { ask, warned, calls } = candidateOf(async () => {
    throw new Error('inference failed');
  });
  for (let call = 0; call < 6; call++) assert.deepEqual(rows(await ask(['x'])), [null]);
  assert.equal(calls(), 3);
  assert.equal(warned.length, 1);
});

test('one that is late has failed, as soon as it is late', async () => {
  const { ask } = candidateOf(never);
  const started = performance.now();
  assert.deepEqual(rows(await ask(['x'])), [null]);
  const tookMs = performance.now() - started;
  assert.ok(tookMs >= 39 && tookMs < 2_000, `${tookMs} ms`);
});

test('it may take three times as long as what serves, which is not kept waiting by it otherwise', async () => {
  const slow = candidateOf(async (texts) => {
    await sleep(300);
    return [answers(texts)];
  });
  assert.deepEqual(rows(await slow.ask(['x'], sleep(150))), [0]);
  assert.deepEqual(rows(await slow.ask(['x'], sleep(1))), [null]);
});

test('what serves may fail: the candidate does not', async () => {
  const { ask } = candidateOf(async (texts) => [answers(texts)]);
  assert.deepEqual(rows(await ask(['x'], Promise.reject(new Error('what serves failed')))), [0]);
});

test('of a person’s time it has half', async () => {
  const { ask } = candidateOf(never, { lateMs: 60_000 });
  const started = performance.now();
  await ask(['x'], sleep(1_000), 100);
  assert.ok(performance.now() - started < 900);
});

test('a slow one keeps nobody waiting in its shadow: it is silent, and late', async () => {
  const { lateMs } = loadConfiguration({ env: {} }).experiments;
  const { ask } = candidateOf(
    async (texts) => {
      await sleep(2_000, undefined, { ref: false });
      return [answers(texts)];
    },
    { lateMs },
  );
  const serves: Predictor = { predict: async (_, texts) => [{ ...answers(texts), release: 't@1.0.0' }] };
  const messages = [{ text: 'x', messageId: 'm', stickyKey: null } as Features];
  const said = { task: 't', experiment: 'e', treatment: 't@1.1.0', stage: 'shadow', share: 1 } as const;
  const trial = { ...said, ask: (texts: readonly string[], beside: Promise<unknown>) => ask(texts, beside) };
  const started = performance.now();
  const question = { engine: serves, tasks: ['t'], trials: [trial], messages, asking: undefined };
  const [armed] = await answerByArms(question);
  assert.ok(performance.now() - started < 900);
  assert.deepEqual(armed!.watched, [{ trial, answer: null }]);
});

test('an answer that came while the thread was at other work is not late', async () => {
  const { ask } = candidateOf(
    (texts) =>
      new Promise((resolve) => {
        // Both are due at once, and the answer behind the bell.
        setTimeout(() => setImmediate(() => resolve([answers(texts)])), 20);
        setTimeout(() => {
          const busyUntil = performance.now() + 60;
          while (performance.now() < busyUntil);
        }, 10);
      }),
  );
  assert.deepEqual(rows(await ask(['x'])), [0]);
});
