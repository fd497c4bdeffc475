// Messages that a processor throws over are found, and nothing else is blamed for them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fenced, Misconfigured, Retryable } from '../../../schemas/errors.ts';
import { type Outcome, ok } from '../../../schemas/outcome.ts';
import { processEach } from '../../../streams/loop/isolation.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** A processor that throws over some numbers, and what it was called with. */
function throwingOver(isBad: (value: number) => boolean) {
  const calls: number[] = [];
  const process = async (values: readonly number[]): Promise<Outcome<number>[]> => {
    calls.push(values.length);
    const bad = values.find(isBad);
    if (bad !== undefined) throw new TypeError(`cannot read ${bad}`);
    return values.map((value) => ok(2 * value));
  };
  return { calls, process };
}

async function isolate(count: number, isBad: (value: number) => boolean, shareMax = 0.5) {
  const { calls, process } = throwingOver(isBad);
  const found: number[] = [];
  const outcomes = await processEach(numbers(count), {
    process,
    shareMax,
    found: (value) => found.push(value),
  });
  return { outcomes, calls, found };
}

test('one message in a thousand is found in about twenty calls; all others are processed', async () => {
  for (const place of [0, 1, 499, 500, 777, 999]) {
    const { outcomes, calls, found } = await isolate(1_000, (value) => value === place);
    assert.deepEqual(found, [place]);
    assert.ok(calls.length <= 21, `${calls.length} calls`);
    for (const [value, outcome] of outcomes.entries())
      if (value !== place) assert.deepEqual(outcome, ok(2 * value));
      else
        assert.deepEqual(outcome, {
          kind: 'invalid',
          code: 'processing-failed',
          reason: `TypeError: cannot read ${place}`,
        });
  }
});

test('several are found, each with its own reason, also in chunks of one', async () => {
  const { outcomes, found, calls } = await isolate(1_000, (value) => value % 100 === 7);
  assert.equal(found.length, 10);
  assert.ok(calls.length <= 10 * 20 + 1, `${calls.length} calls`);
  assert.ok(outcomes.every((outcome, value) => (outcome.kind === 'invalid') === (value % 100 === 7)));
  const last = outcomes[907]!;
  assert.ok(last.kind === 'invalid' && last.reason.endsWith('907'));
  assert.equal((await isolate(1, () => true)).outcomes[0]!.kind, 'invalid');
});

test('a chunk that works is processed in one call', async () => {
  assert.deepEqual((await isolate(1_000, () => false)).calls, [1_000]);
});

test('what hits most of a chunk stops with the processor’s own error, before everything was tried', async () => {
  const { calls, process } = throwingOver((value) => value % 10 < 6);
  await assert.rejects(
    processEach(numbers(100), { process, shareMax: 0.5, found: () => {} }),
    /^TypeError: cannot read 0$/,
  );
  assert.ok(calls.length < 200, `${calls.length} calls`);
  const all = throwingOver(() => true);
  await assert.rejects(processEach(numbers(10), { process: all.process, shareMax: 0.5, found: () => {} }));
});

test('errors about the world, the owner and the configuration are thrown as they are, at once', async () => {
  for (const error of [
    new Retryable('down', { code: 'unwell' }),
    new Fenced('gone'),
    new Misconfigured('no model', { code: 'unknown-task', fix: 'train it' }),
  ]) {
    let calls = 0;
    const process = async (values: readonly number[]): Promise<Outcome<number>[]> => {
      calls += 1;
      if (values.length === 100) throw new Error('one of them is bad');
      throw error;
    };
    await assert.rejects(
      processEach(numbers(100), { process, shareMax: 0.5, found: () => assert.fail('blamed') }),
      (thrown) => thrown === error,
    );
    assert.equal(calls, 2);
  }
});
