// Substitutes: who answers when a model fails, is late, or did so again and again; and who does not.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetrics } from '../../connectors/metrics.ts';
import { ModelCrashed } from '../../processors/inference/call.ts';
import type { Answers } from '../../processors/inference/engine.ts';
import type { Predictor } from '../../processors/inference/inference.ts';
import { answersByRules, rulesReleaseOf } from '../../processors/inference/rules.ts';
import { Misconfigured, Overloaded, Retryable } from '../../schemas/errors.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { withFallback } from '../../streams/fallback.ts';
import { openSubstitutes } from '../../streams/substitutes.ts';

const rules = (task: string) => ({
  release: rulesReleaseOf(task),
  answer: async (texts: readonly string[]) => answersByRules(task, texts),
});

/** An engine whose models fail as told, with a clock and the notes of a fallback in front of it. */
function bench(tasks: readonly string[]) {
  const calls: string[] = [];
  const failing = new Map<string, Error | 'silent'>();
  let time = 0;
  const engine: Predictor = {
    async predict(asked, texts): Promise<readonly Answers[]> {
      calls.push(asked.join('+'));
      for (const task of asked) {
        const failure = failing.get(task);
        if (failure === 'silent') return new Promise(() => {});
        if (failure !== undefined) throw failure;
      }
      return asked.map((task) => ({ ...answersByRules(task, texts), release: `${task}@2.0.0` }));
    },
  };
  const metrics = createMetrics();
  const lines: string[] = [];
  const note = (_: object, message: string) => void lines.push(message);
  const substitutes = new Map(tasks.map((task) => [task, rules(task)]));
  const options = { substitutes, metrics, logger: { warn: note, info: note } as never, now: () => time };
  const predictor = withFallback(engine, options);
  const releases = async (asked: readonly string[], withinMs?: number) =>
    (await predictor.predict(asked, ['a', 'b'], withinMs === undefined ? {} : { withinMs })).map(
      ({ release }) => release,
    );
  return { calls, failing, metrics, lines, predictor, releases, pass: (ms: number) => (time += ms) };
}

const broken = new Error('inference failed: no');

describe('a substitute', () => {
  it('answers for the model that failed, and for no other', async () => {
    const { failing, calls, releases, metrics } = bench(['sentiment', 'toxicity']);
    failing.set('sentiment', broken);
    assert.deepEqual(await releases(['toxicity', 'sentiment']), ['toxicity@2.0.0', 'rules/sentiment@1.0.0']);
    assert.deepEqual(calls, ['toxicity+sentiment', 'toxicity', 'sentiment']);
    assert.match(
      await metrics.print(),
      /fallbacks_total\{task="sentiment",release="rules\/sentiment@1\.0\.0",reason="failed"\} 2/,
    );
  });

  it('answers at once for a model that is late', async () => {
    const { failing, releases, metrics } = bench(['sentiment']);
    failing.set('sentiment', 'silent');
    assert.deepEqual(await releases(['sentiment'], 5), ['rules/sentiment@1.0.0']);
    assert.match(await metrics.print(), /reason="late"\} 2/);
  });

  it('is asked instead after three failures, until the model answers again', async () => {
    const { failing, calls, releases, lines, pass, metrics } = bench(['sentiment']);
    failing.set('sentiment', broken);
    for (let n = 0; n < 3; n++) await releases(['sentiment']);
    assert.deepEqual(lines, ['the model failed repeatedly; its substitute answers']);
    await releases(['sentiment']);
    assert.equal(calls.length, 3, 'the model is not asked');
    assert.match(await metrics.print(), /reason="open"\} 2/);
    pass(10_000);
    await releases(['sentiment']);
    await releases(['sentiment']);
    assert.equal(calls.length, 4, 'one call tried, and failed');
    failing.clear();
    pass(10_000);
    assert.deepEqual(await releases(['sentiment']), ['sentiment@2.0.0']);
    assert.equal(lines[1], 'the model answers again; its substitute stands back');
    failing.set('sentiment', broken);
    await releases(['sentiment']);
    failing.clear();
    assert.deepEqual(await releases(['sentiment']), ['sentiment@2.0.0'], 'one failure is not repeatedly');
  });

  it('stays away while three of the last five did not fail', async () => {
    const { failing, calls, releases } = bench(['sentiment']);
    for (const fails of [true, true, false, false, false, true, false, true, false]) {
      if (fails) failing.set('sentiment', broken);
      else failing.clear();
      await releases(['sentiment']);
    }
    assert.equal(calls.length, 9);
  });

  it('does not answer for bad texts, a full queue, the end of the engine, nor for tasks without one', async () => {
    const notItsFault = [
      new ModelCrashed(['sentiment'], [0], broken),
      new Overloaded('full', { code: 'queue-full' }),
      new Retryable('closed', { code: 'engine-closed' }),
    ];
    const { failing, predictor, releases, calls } = bench(['sentiment']);
    for (const error of [...notItsFault, ...notItsFault, ...notItsFault]) {
      failing.set('sentiment', error);
      await assert.rejects(predictor.predict(['sentiment'], ['a']), error);
    }
    assert.equal(calls.length, 9, 'and opens nothing');
    failing.clear();
    failing.set('toxicity', broken);
    await assert.rejects(predictor.predict(['toxicity'], ['a']), broken);
    await assert.rejects(predictor.predict(['sentiment', 'toxicity'], ['a']), broken);
    failing.clear();
    assert.deepEqual(await releases(['sentiment', 'toxicity']), ['sentiment@2.0.0', 'toxicity@2.0.0']);
  });

  it('is not there where none is configured', () => {
    const engine: Predictor = { predict: async () => [] };
    const options = { substitutes: new Map(), metrics: createMetrics(), logger: {} as never };
    assert.equal(withFallback(engine, options), engine);
  });
});

describe('configured substitutes', () => {
  const open = async (fallbacks: string) =>
    openSubstitutes(loadConfiguration({ env: { MILLRACE_FALLBACKS: fallbacks } }));

  it('are rules and releases', async () => {
    const { byTask, close } = await open('sentiment=rules, toxicity=toxicity@2.0.0');
    assert.deepEqual([...byTask.keys()].sort(), ['sentiment', 'toxicity']);
    const toxicity = await byTask.get('toxicity')!.answer(['you idiot', 'hello']);
    assert.equal(toxicity.release, 'toxicity@2.0.0');
    assert.equal(toxicity.probabilities.length, 4);
    assert.equal((await byTask.get('sentiment')!.answer(['great'])).release, 'rules/sentiment@1.0.0');
    await close();
  });

  it('that cannot be are told with what to do', async () => {
    await assert.rejects(
      open('ranking=rules'),
      (error) => error instanceof Misconfigured && /no rules/.test(error.message),
    );
    await assert.rejects(open('toxicity=sentiment@2.0.0'), /its task is another/);
    await assert.rejects(open('toxicity=nonsense'), /MILLRACE_FALLBACKS/);
  });
});
