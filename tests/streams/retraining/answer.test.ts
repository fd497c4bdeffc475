// The answer to a request where all does not go well: a training that always dies, and a champion that is another by now.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Misconfigured, Retryable } from '../../../schemas/errors.ts';
import { type Ledger, openLedger } from '../../../streams/model-ledger.ts';
import { answerRequest } from '../../../streams/retraining/answer.ts';
import type { Stack } from '../../../streams/stack.ts';
import { allRecords } from '../../contract/log/subject.ts';
import { MoodPlace } from './mood.ts';

const place = new MoodPlace();
let stack: Stack;
let ledger: Ledger;

before(async () => {
  await place.prepare();
  stack = await place.open();
  ledger = await openLedger(stack);
});
after(async () => {
  await ledger?.close();
  await stack?.close();
  place.remove();
});

const alerts = async () => (await allRecords(stack.log, 'alerts')).length;

describe('an answer', { timeout: 60_000 }, () => {
  it('gives a training up that always dies, restarts included, and tells of it', async () => {
    const { event: asked } = await ledger.record({
      ...{ event: 'retraining-requested', task: 'mood', release: 'mood@1.0.0', reason: 'a test asks' },
      ...{ evidence: { cause: 'by-hand' }, of: 'dies' },
    });
    const request = asked.id;
    const told = await alerts();
    const answer = (error: Error) =>
      answerRequest(stack, ledger, 'mood', ledger.state('mood').retraining!, {
        signal: new AbortController().signal,
        fit: () => Promise.reject(error),
      });
    const killed = new Retryable('the training process ended with SIGKILL', { code: 'fit-died' });
    const down = new Retryable('the store does not answer', { code: 'store-down' });
    for (const error of [killed, new RangeError('Invalid string length'), killed, killed])
      await assert.rejects(answer(error), error);
    // A store that is down for hours says nothing about the training.
    for (let tries = 0; tries < 6; tries++) await assert.rejects(answer(down), down);
    assert.deepEqual([await alerts(), ledger.state('mood').retraining?.request], [told, request]);
    const { event, counted } = await answer(killed);
    assert.deepEqual([event.event, event.evidence.code, counted], ['training-declined', 'failed', true]);
    assert.match(event.reason, /failed 5 times.*SIGKILL/);
    assert.deepEqual([await alerts(), ledger.state('mood').retraining], [told + 1, null]);
  });

  it('compares with what serves now, where that is not what served when it was asked', async () => {
    const serving = 'mood@1.0.0';
    await ledger.record({
      ...{ event: 'promoted', task: 'mood', release: serving, reason: 'by hand', evidence: {}, of: 'p' },
    });
    await ledger.record({
      ...{ event: 'retraining-requested', task: 'mood', release: 'mood@0.9.0', reason: 'it served then' },
      ...{ evidence: { cause: 'by-hand' }, of: 'stale' },
    });
    const champions: (string | undefined)[] = [];
    await answerRequest(stack, ledger, 'mood', ledger.state('mood').retraining!, {
      signal: new AbortController().signal,
      fit: async (folder) => {
        champions.push((await folder.plan())?.champion);
        throw new Misconfigured('enough is seen', { code: 'seen', fix: 'None.' });
      },
    });
    assert.deepEqual(champions, [serving]);
  });
});
