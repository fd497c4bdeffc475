// The trainer on a tiny task in an embedded system: a request becomes a candidate that is better and does not serve, poor
// labels and a model that cannot be bettered are declined, nothing happens while the task is frozen, nothing happens twice.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openModelStore } from '../../../connectors/model-store.ts';
import type { ModelEvent } from '../../../schemas/model-event.ts';
import { type Ledger, openLedger } from '../../../streams/model-ledger.ts';
import { folderOf } from '../../../streams/retraining/folders.ts';
import { Past } from '../../../streams/retraining/past.ts';
import { startTrainer } from '../../../streams/retraining/trainer.ts';
import { askWhereDue } from '../../../streams/retraining/triggers.ts';
import type { Stack } from '../../../streams/stack.ts';
import { createRandom } from '../../../trainers/random.ts';
import { allRecords } from '../../contract/log/subject.ts';
import { fitHere, MoodPlace, storeLabelled, texts } from './mood.ts';

const place = new MoodPlace();
let stack: Stack;
let ledger: Ledger;
const store = openModelStore(place.models);

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

let asked = 0;
async function ask(): Promise<string> {
  const { event, counted } = await ledger.record({
    event: 'retraining-requested',
    task: 'mood',
    release: ledger.state('mood').serving?.release ?? 'mood@1.0.0',
    reason: 'a test asks',
    evidence: { cause: 'by-hand' },
    of: `test/${++asked}`,
  });
  assert.ok(counted);
  return event.id;
}

/** Decisions from now on. */
function decisions(): {
  readonly events: readonly ModelEvent[];
  next(kind: ModelEvent['event']): Promise<ModelEvent>;
} {
  const events: ModelEvent[] = [];
  ledger.onDecision((_, event) => void events.push(event));
  return {
    events,
    async next(kind) {
      for (let tries = 0; tries < 1_200; tries++) {
        const found = events.find(({ event }) => event === kind);
        if (found) return found;
        await sleep(50);
      }
      throw new Error(`no ${kind}: ${JSON.stringify(events.map(({ event, reason }) => [event, reason]))}`);
    },
  };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    assert.ok(tries < 6_000, 'it took a minute');
    await sleep(10);
  }
}

const alerts = async () => (await allRecords(stack.log, 'alerts')).length;

/** Ends what a test has begun: the task is free for the next one. */
async function reject(release: string): Promise<void> {
  const experiment = `of ${release}`;
  const control = ledger.state('mood').serving?.release ?? 'mood@1.0.0';
  const common = { task: 'mood', release, reason: 'test', experiment, evidence: { control } };
  await ledger.record({ ...common, event: 'shadowed', of: experiment });
  await ledger.record({ ...common, event: 'rolled-back', of: experiment });
}

describe('the trainer', { timeout: 600_000 }, () => {
  it('declines a model that cannot be bettered, without waking anybody', async () => {
    await storeLabelled(stack.clickhouse, texts('old', 400));
    const seen = decisions();
    const stop = await startTrainer(stack, ledger, fitHere);
    const request = await ask();
    const declined = await seen.next('training-declined');
    await stop();
    assert.deepEqual(
      seen.events.map(({ event }) => event),
      ['retraining-requested', 'training-started', 'training-declined'],
    );
    assert.equal(declined.request, request);
    assert.equal(declined.evidence.code, 'gain-too-small');
    assert.match(declined.reason, /takes away 0\.0 % .*at least 5\.0 %/);
    assert.deepEqual([await alerts(), (await store.list()).length], [0, 2]);
    assert.equal((await folderOf(stack.configuration, 'mood', request).progress())?.stage, 'done');
    assert.notEqual(ledger.state('mood').restedSince, null);
  });

  it('declines labels that are thrown by chance, and tells of it', async () => {
    await stack.clickhouse.command('TRUNCATE TABLE feedback');
    const random = createRandom(7);
    await storeLabelled(stack.clickhouse, texts('old', 400), {
      label: () => (random() < 0.5 ? 'glad' : 'sad'),
    });
    const seen = decisions();
    const stop = await startTrainer(stack, ledger, fitHere);
    await ask();
    const declined = await seen.next('training-declined');
    await stop();
    assert.equal(declined.evidence.code, 'suspicious-labels');
    assert.equal(await alerts(), 1);
    assert.deepEqual(
      Object.keys(declined.evidence).filter((name) => name.startsWith('scratch')),
      [],
    );
  });

  it('does nothing while the task is frozen, and goes on when it is thawed', async () => {
    await stack.clickhouse.command('TRUNCATE TABLE feedback');
    await storeLabelled(stack.clickhouse, texts('now', 600));
    const request = await ask();
    const decision = { task: 'mood', release: 'mood@1.0.0', evidence: {}, by: 'somebody' };
    await ledger.record({ ...decision, event: 'frozen', reason: 'a holiday', of: '1' });
    const frozen = decisions();
    const stop = await startTrainer(stack, ledger, fitHere);
    await sleep(400);
    assert.deepEqual(frozen.events, []);
    assert.equal(await folderOf(stack.configuration, 'mood', request).plan(), null);
    await ledger.record({ ...decision, event: 'thawed', reason: 'it is over', of: '1' });
    // Frozen again in the middle of the training: it stops, and no answer is recorded.
    const { progress, plan } = folderOf(stack.configuration, 'mood', request);
    await until(async () => (await progress())?.stage === 'training');
    await ledger.record({ ...decision, event: 'frozen', reason: 'another one', of: '2' });
    await sleep(500);
    assert.deepEqual(
      frozen.events.map(({ event }) => event),
      ['thawed', 'training-started', 'frozen'],
    );
    await stop();
    const planned = await plan();
    await ledger.record({ ...decision, event: 'thawed', reason: 'over, too', of: '2' });
    const seen = decisions();
    const stopAgain = await startTrainer(stack, ledger, fitHere);
    await seen.next('candidate-trained');
    await stopAgain();
    assert.deepEqual(await plan(), planned);
  });

  it('has published a candidate that is better, says on what it learned, and does not serve', async () => {
    const { candidate } = ledger.state('mood');
    assert.equal(candidate?.release, 'mood@1.1.0');
    const manifest = await store.manifest('mood@1.1.0');
    assert.equal(manifest.parent, 'mood@1.0.0');
    assert.match(
      manifest.doc,
      /^Tells glad from sad\. Retrained .* on \d+ labelled messages .*error is 0\.0 %, that of mood@1\.0\.0 \d\d\.\d %/,
    );
    assert.ok(
      manifest.data.some(
        ({ name, role, rows }) => name === `feedback/${candidate.request}` && role === 'train' && rows > 300,
      ),
    );
    const recent = manifest.figures.find(({ set }) => set.endsWith('/recent'))!;
    assert.ok(recent.accuracy > 0.95 && recent.samples > 100);
    const { baselines } = await store.load('mood@1.1.0');
    assert.deepEqual([...new Set(baselines.map(({ release }) => release))], ['mood@1.1.0']);
    // The store had no champion, and its highest version would serve.
    assert.equal((await store.manifest('mood')).release, 'mood@1.0.0');
    await reject('mood@1.1.0');
  });

  it('publishes and records once, though it is killed between the two, and though two of them work', async () => {
    let published = 0;
    const deaf: Pick<Ledger, 'record' | 'state'> = {
      state: (task) => ledger.state(task),
      record: async (decision) => {
        if (decision.event !== 'candidate-trained') return ledger.record(decision);
        published += 1;
        return new Promise(() => {}); // as if the process ended here
      },
    };
    const { answerRequest } = await import('../../../streams/retraining/answer.ts');
    const request = await ask();
    const open = ledger.state('mood').retraining!;
    void answerRequest(stack, deaf, 'mood', open, { signal: new AbortController().signal, fit: fitHere });
    await until(async () => published > 0);
    assert.equal((await store.manifest('mood@1.2.0')).version, '1.2.0');
    const seen = decisions();
    const stops = [await startTrainer(stack, ledger, fitHere), await startTrainer(stack, ledger, fitHere)];
    const trained = await seen.next('candidate-trained');
    await sleep(300);
    for (const stop of stops) await stop();
    assert.equal(trained.release, 'mood@1.2.0');
    assert.equal(trained.request, request);
    assert.equal(seen.events.filter(({ event }) => event === 'candidate-trained').length, 1);
    const versions = (await store.list()).filter(({ task }) => task === 'mood').map(({ version }) => version);
    assert.deepEqual(versions, ['1.2.0', '1.1.0', '1.0.0']);
    await reject('mood@1.2.0');
  });

  it('goes on from what it learned before: the rows of an earlier request are found again', async () => {
    await ledger.record({
      event: 'promoted',
      task: 'mood',
      release: 'mood@1.2.0',
      reason: 'by hand',
      evidence: {},
      of: 'p',
    });
    await stack.clickhouse.command('TRUNCATE TABLE feedback');
    // What was glad a moment ago is sad by now.
    await storeLabelled(stack.clickhouse, texts('now', 400), {
      release: 'mood@1.2.0',
      label: ({ labels }) => (labels[0] === 'glad' ? 'sad' : 'glad'),
    });
    const seen = decisions();
    const stop = await startTrainer(stack, ledger, fitHere);
    const request = await ask();
    const trained = await seen.next('candidate-trained');
    await stop();
    const { data, doc } = await store.manifest(trained.release);
    const earlier = data.filter(({ name, role }) => name.startsWith('feedback/') && role === 'train');
    assert.equal(earlier.length, 2);
    assert.ok(earlier.some(({ name }) => name === `feedback/${request}`));
    assert.equal(doc.match(/Retrained/g)?.length, 1);
    // The models of the trial are gone with the request; what they were learned from is kept for the next one.
    const kept = await readdir(folderOf(stack.configuration, 'mood', request).path);
    assert.deepEqual(
      ['releases', 'trained', 'labelled.jsonl.gz'].filter((name) => kept.includes(name)),
      ['labelled.jsonl.gz'],
    );
    await reject(trained.release);
  });
});

describe('triggers', () => {
  it('ask once, rest for the cooldown, and are silent while anything is under way or the task is frozen', async () => {
    const began = ledger.state('mood').restedSince!;
    const at = (ms: number, rule: string): Stack => ({
      ...stack,
      now: () => began + ms,
      configuration: {
        ...stack.configuration,
        retraining: {
          ...stack.configuration.retraining,
          triggers: ['schedule'],
          scheduleMs: 1_000,
          cooldownMs: 5_000,
          ...(rule === '' ? {} : { rules: [{ task: 'mood', cooldown: 60_000 }] }),
        },
        inference: { ...stack.configuration.inference, commentTasks: ['mood'], promptTasks: [] },
      },
    });
    assert.deepEqual(await askWhereDue(at(4_999, ''), ledger, 0), []);
    assert.deepEqual(await askWhereDue(at(6_000, 'its own cooldown'), ledger, 0), []);
    const decision = { task: 'mood', release: 'mood@1.2.0', evidence: {}, by: 'somebody' };
    await ledger.record({ ...decision, event: 'frozen', reason: 'a holiday', of: '3' });
    assert.deepEqual(await askWhereDue(at(6_000, ''), ledger, 0), []);
    await ledger.record({ ...decision, event: 'thawed', reason: 'it is over', of: '3' });
    const [request, ...more] = await askWhereDue(at(6_000, ''), ledger, 0);
    assert.deepEqual(more, []);
    assert.equal(request?.event.evidence.cause, 'schedule');
    assert.equal(request.event.release, 'mood@1.2.0');
    assert.deepEqual(await askWhereDue(at(60_000, ''), ledger, 0), []);
    // Whoever closed the request has a clock that is an hour ahead: the cooldown counts from when that was seen.
    const { event } = request;
    await ledger.record({
      ...{ event: 'training-declined', task: 'mood', release: event.release, request: event.id },
      ...{ reason: 'by hand', evidence: {}, of: 'ahead', eventTime: began + 4_000_000 },
    });
    const past = new Past();
    assert.deepEqual(await askWhereDue(at(70_000, ''), ledger, 0, past), []);
    assert.deepEqual(await askWhereDue(at(74_000, ''), ledger, 0, past), []);
    assert.equal((await askWhereDue(at(76_000, ''), ledger, 0, past)).length, 1);
  });
});
