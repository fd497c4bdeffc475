// Several experiments of a task beside one control: how many, of what shares, and what the end of one is to the others.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { advance, armsMax, obstacle } from '../../../processors/experiments/task-state.ts';
import type { ModelEvent } from '../../../schemas/model-event.ts';
import { event, fold } from './events.ts';

const control = 'sentiment@1';
const releaseOf = (arm: number) => `sentiment@${arm + 1}`;
const idOf = (arm: number) => `experiment-${arm}`;
const serves = event('promoted', { release: control, by: 'ann' });
const broughtBeside = (arm: number, beside: string = control) =>
  event('candidate-trained', { release: releaseOf(arm), evidence: { beside } });
const begins = (arm: number, share = '0.1', evidence: Readonly<Record<string, string>> = {}) =>
  event('shadowed', {
    ...{ release: releaseOf(arm), experiment: idOf(arm) },
    evidence: { control, share, ...evidence },
  });
const step = (kind: ModelEvent['event'], arm: number, changes: Partial<ModelEvent> = {}) =>
  event(kind, { release: releaseOf(arm), experiment: idOf(arm), ...changes });

/** Arms 1 and so on, each with its share. */
const armsOf = (...shares: readonly string[]) =>
  shares.flatMap((share, at) => [broughtBeside(at + 1), begins(at + 1, share)]);
const withArms = (...shares: readonly string[]) => fold([serves, ...armsOf(...shares)]);
const shown = ({ experiments }: ReturnType<typeof fold>) =>
  experiments.map(({ id, stage, share }) => `${id} ${stage} ${share}`);

describe('several experiments of a task', () => {
  it('go on beside each other, each with its own stage and share', () => {
    const two = withArms('0.1', '0.2');
    assert.deepEqual(shown(two), ['experiment-1 shadow 0.1', 'experiment-2 shadow 0.2']);
    const canary = advance(two, step('canaried', 2));
    assert.deepEqual(shown(canary), ['experiment-2 canary 0.2', 'experiment-1 shadow 0.1']);
    assert.equal(advance(canary, step('canaried', 2)), canary);
  });

  it('serve in the order in which they began to serve, so that none takes people from another', () => {
    const canaries = fold([step('canaried', 3), step('canaried', 1)], withArms('0.1', '0.2', '0.3'));
    assert.deepEqual(
      canaries.experiments.map(({ id, stage }) => `${id} ${stage}`),
      ['experiment-3 canary', 'experiment-1 canary', 'experiment-2 shadow'],
    );
  });

  it(`are ${armsMax} at most`, () => {
    const four = withArms('0.1', '0.1', '0.1', '0.1');
    assert.equal(four.experiments.length, 4);
    assert.equal(advance(four, broughtBeside(5)), four);
    // A candidate that the trainer had been asked for before waits.
    const request = event('retraining-requested', { id: 'request-1', release: control });
    const trained = event('candidate-trained', { request: 'request-1', release: releaseOf(5) });
    const waiting = fold([serves, request, ...armsOf('0.1', '0.1', '0.1', '0.1'), trained]);
    assert.equal(waiting.candidate?.release, releaseOf(5));
    assert.equal(obstacle(waiting, { treatment: releaseOf(5), share: 0.1 }), 'arms');
    assert.equal(advance(waiting, begins(5)), waiting);
    const room = advance(waiting, step('rolled-back', 2));
    assert.deepEqual(
      advance(room, begins(5)).experiments.map(({ id }) => id),
      [1, 3, 4, 5].map(idOf),
    );
  });

  it('have a candidate of their own each', () => {
    const one = withArms('0.1');
    const same = event('candidate-trained', { release: releaseOf(1), evidence: { beside: control } });
    assert.equal(advance(one, same), one);
    assert.equal(obstacle(one, { treatment: releaseOf(1), share: 0.1 }), 'treatment');
  });

  it('have the control of all', () => {
    const brought = fold([...armsOf('0.1'), broughtBeside(2)]);
    assert.equal(brought.serving, null, 'nothing was decided about who serves');
    const against = begins(2, '0.1', { control: 'sentiment@9' });
    assert.equal(advance(brought, against), brought);
    assert.notEqual(advance(brought, begins(2)), brought);
  });

  it('leave enough of the keys to the control', () => {
    const brought = fold([serves, ...armsOf('0.5', '0.3'), broughtBeside(3)]);
    assert.equal(obstacle(brought, { treatment: releaseOf(3), share: 0.2 }), 'shares');
    assert.equal(advance(brought, begins(3, '0.2')), brought);
    assert.equal(shown(advance(brought, begins(3, '0.15'))).length, 3, 'together 0.95');
    const two = withArms('0.5', '0.3');
    assert.equal(advance(two, step('canaried', 2, { evidence: { share: '0.46' } })), two);
    assert.notEqual(advance(two, step('canaried', 2, { evidence: { share: '0.45' } })), two);
    // One that is alone takes what it likes, and then leaves no room.
    const greedy = withArms('0.99');
    assert.equal(greedy.experiments.length, 1);
    assert.equal(advance(greedy, broughtBeside(2)), greedy);
  });

  it('are begun by a person who knows of the others, and not by one who came at the same moment', () => {
    const one = withArms('0.1');
    assert.equal(advance(one, event('candidate-trained', { release: releaseOf(2) })), one);
    assert.equal(advance(one, broughtBeside(2, 'sentiment@9')), one);
    assert.equal(advance(one, broughtBeside(2)).candidate?.release, releaseOf(2));
    const frozen = advance(one, event('frozen', { by: 'ann' }));
    assert.equal(advance(frozen, broughtBeside(2)), frozen);
  });

  it('keep a task from being trained anew until the last one has ended, and rest from then', () => {
    const two = withArms('0.1', '0.2');
    const request = event('retraining-requested', { release: control });
    const first = step('rolled-back', 1);
    const one = advance(two, first);
    assert.deepEqual([shown(one), one.restedSince], [['experiment-2 shadow 0.2'], null]);
    assert.equal(advance(one, request), one);
    const last = step('rolled-back', 2);
    const none = advance(one, last);
    assert.deepEqual([none.restedSince, none.ended], [last.eventTime, [idOf(1), idOf(2)]]);
    assert.equal(advance(none, first), none);
    assert.notEqual(advance(none, request), none);
  });
});

describe('the end of one of several experiments', () => {
  const three = withArms('0.1', '0.2', '0.3');

  it('by rollback ends that one', () => {
    const two = advance(three, step('rolled-back', 2));
    assert.deepEqual(shown(two), ['experiment-1 shadow 0.1', 'experiment-3 shadow 0.3']);
    assert.equal(two.serving?.release, control);
    assert.equal(advance(two, step('promoted', 2)), two);
  });

  it('by promotion ends all, for their control is gone', () => {
    const promoted = step('promoted', 2);
    const after = advance(three, promoted);
    assert.deepEqual(after.experiments, []);
    assert.deepEqual([...after.ended].sort(), [1, 2, 3].map(idOf));
    assert.deepEqual([after.serving?.release, after.previous], [releaseOf(2), control]);
    assert.equal(after.restedSince, promoted.eventTime);
    for (const kind of ['promoted', 'canaried', 'rolled-back'] as const)
      assert.equal(advance(after, step(kind, 1)), after, `${kind} comes too late`);
  });

  it('by a person’s word ends all', () => {
    const after = advance(three, event('promoted', { release: 'sentiment@9', by: 'ann' }));
    assert.deepEqual([after.experiments, after.ended], [[], [1, 2, 3].map(idOf)]);
    const before = fold([serves, event('promoted', { release: 'sentiment@2', by: 'ann' })]);
    const back = event('rolled-back', {
      ...{ release: 'sentiment@2', by: 'ann' },
      evidence: { serving: control },
    });
    const beside = [event('candidate-trained', { release: releaseOf(2) })];
    const against = event('shadowed', {
      ...{ release: releaseOf(2), experiment: idOf(2) },
      evidence: { control: 'sentiment@2' },
    });
    const tried = fold([...beside, against], before);
    assert.equal(tried.experiments.length, 1);
    assert.deepEqual(advance(tried, back).experiments, []);
  });

  it('is a rollback while the task is frozen, and nothing else', () => {
    const frozen = advance(three, event('frozen', { by: 'ann' }));
    assert.equal(advance(frozen, step('canaried', 1)), frozen);
    assert.equal(advance(frozen, step('promoted', 1)), frozen);
    assert.deepEqual(
      advance(frozen, step('rolled-back', 1)).experiments.map(({ id }) => id),
      [idOf(2), idOf(3)],
    );
  });
});
