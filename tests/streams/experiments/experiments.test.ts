// The whole way of candidates in a running system: shadow, canary and promotion of a good one, over a restart and with two
// jobs that decide at once; rollback of a bad one within its messages; and every message answered once all the while.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ModelStore, openModelStore } from '../../../connectors/model-store.ts';
import type { ModelEvent } from '../../../schemas/model-event.ts';
import { type Declared, definitionOf, experimentId } from '../../../streams/experiments/evidence.ts';
import { startExperiments } from '../../../streams/experiments/experiments.ts';
import { historyOf } from '../../../streams/experiments/history.ts';
import { type Ledger, openLedger } from '../../../streams/model-ledger.ts';
import { type Running, recordOf, scratchDirectory, startRunning } from '../../e2e/running.ts';
import { exchangedLabels, publishAs, trying } from './releases.ts';

const waitMs = 60_000;
const time = Date.UTC(2026, 0, 2);
const directory = scratchDirectory();
const env = {
  MILLRACE_MODELS_DIRECTORY: `${directory.path}/models`,
  ...trying,
  MILLRACE_EXPERIMENTS_SHADOW_MESSAGES_MIN: '60',
  MILLRACE_EXPERIMENTS_CANARY_MESSAGES_MIN: '40',
  MILLRACE_EXPERIMENTS_CANARY_SHARE: '0.4',
  MILLRACE_EXPERIMENTS_WITHOUT_LABELS: 'promote',
};
let running: Running;
let ledger: Ledger;
let store: ModelStore;
let published = 0;

before(async () => {
  store = openModelStore(env.MILLRACE_MODELS_DIRECTORY);
  await publishAs(store, '1.0.0');
  await open();
});
after(async () => {
  await close();
  directory.remove();
});

async function open(): Promise<void> {
  running = await startRunning(`${directory.path}/data`, env);
  ledger = await openLedger(running.stack);
}

async function close(): Promise<void> {
  await ledger.close();
  await running.close();
}

const words = ['what a lovely day', 'this is terrible', 'it is a table', 'I hate waiting', 'thanks a lot'];

/** Publishes comments of twenty people, again and again, until the condition holds. */
async function talkUntil(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + waitMs;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `${what}: not in ${waitMs / 1_000} s`);
    const records = Array.from({ length: 20 }, () => {
      const id = `c${published++}`;
      const said = { text: `${words[published % words.length]} ${published}`, author: `a${published % 20}` };
      return recordOf({ id, ...said, eventTime: time, ingestTime: time, source: 'test' }, id);
    });
    await running.stack.log.publish([{ topic: 'comments', records }]);
    await sleep(200);
  }
}

/** A candidate as the trainer leaves it, the answer to a request. */
async function bring(release: string, of: string): Promise<void> {
  const task = 'sentiment';
  const asked = await ledger.record({
    ...{ event: 'retraining-requested', task, release: serving(), reason: 'drift', evidence: {}, of },
  });
  const request = asked.event.id;
  await ledger.record({
    ...{ event: 'training-started', task, release, request, reason: '', evidence: {}, of },
  });
  const trained = await ledger.record({
    ...{ event: 'candidate-trained', task, release, request, reason: 'passed', evidence: {}, of },
  });
  assert.ok(trained.counted);
}

/** A candidate as a person puts it on trial, alone or beside others. */
async function startBeside(release: string, said: Declared): Promise<string> {
  const task = 'sentiment';
  const control = serving();
  const brought = await ledger.record({
    ...{ event: 'candidate-trained', task, release, reason: '', evidence: { beside: control }, of: release },
  });
  const candidate = { release, request: null, at: brought.event.eventTime };
  const experiment = experimentId(task, candidate);
  const evidence = definitionOf(control, candidate, said, running.stack.configuration.experiments);
  const begun = await ledger.record({
    ...{ event: 'shadowed', task, release, experiment, reason: '', evidence, of: experiment },
  });
  assert.ok(begun.counted);
  return experiment;
}

const sayOf = (event: 'frozen' | 'thawed') =>
  ledger.record({
    ...{ event, task: 'sentiment', release: serving(), by: 'ann', reason: 'a test', evidence: {}, of: event },
  });

const serving = () => ledger.state('sentiment').serving?.release ?? 'sentiment@1.0.0';
const stage = () => ledger.state('sentiment').experiments[0]?.stage ?? null;

const query = <Row>(sql: string) => running.stack.clickhouse.query<Row>(sql);

const eventsOf = (release: string) =>
  query<ModelEvent>(
    `SELECT * FROM model_events WHERE release = '${release}' AND experiment IS NOT NULL ORDER BY _offset`,
  );

/** Results of a release by arm. */
async function armsOf(release: string): Promise<Readonly<Record<string, number>>> {
  const rows = await query<{ arm: string | null; results: number }>(
    `SELECT arm, toUInt32(count()) AS results FROM prediction_results WHERE release = '${release}' GROUP BY arm`,
  );
  return Object.fromEntries(rows.map(({ arm, results }) => [String(arm), results]));
}

test('a good candidate goes through shadow and canary to its promotion, over a restart, decided once by two', async () => {
  const good = await publishAs(store, '1.1.0');
  await bring(good, 'good');
  await talkUntil(() => stage() === 'canary', 'the canary begins');
  assert.equal((await armsOf(good)).treatment ?? 0, 0);
  await talkUntil(async () => ((await armsOf(good)).treatment ?? 0) > 0, 'the candidate serves');
  await close();
  await open();
  const others = await openLedger(running.stack);
  const stop = await startExperiments(running.stack, others);
  await talkUntil(() => serving() === good, 'the candidate is promoted');
  await talkUntil(async () => ((await armsOf(good)).null ?? 0) > 0, 'it serves everybody');
  await talkUntil(async () => (await eventsOf(good)).length >= 4, 'the events are stored');
  await stop();
  await others.close();
  const events = await eventsOf(good);
  assert.deepEqual(
    [...new Set(events.map(({ id, event }) => `${event} ${id}`))].map((each) => each.split(' ')[0]),
    ['shadowed', 'canaried', 'promoted', 'baseline-renewed'],
  );
  assert.equal(events.find(({ event }) => event === 'promoted')!.evidence.decision, 'DEPLOY_TREATMENT');
  assert.deepEqual((await store.aliases('sentiment')).aliases, { champion: '1.1.0', previous: '1.0.0' });
  const [people] = await query<{ people: number; torn: number }>(
    `SELECT toUInt32(count()) AS people, toUInt32(countIf(arms > 1)) AS torn FROM (
       SELECT author, uniqExact(if(arm = 'treatment', 1, 2)) AS arms
       FROM prediction_results INNER JOIN comments ON comments.id = messageId
       WHERE (arm = 'treatment' OR (arm = 'control' AND messageId NOT IN (
         SELECT messageId FROM prediction_results WHERE arm = 'shadow')))
       GROUP BY author)`,
  );
  assert.deepEqual(people, { people: 20, torn: 0 });
});

test('a bad candidate is turned back within its messages and has served nobody', async () => {
  const bad = await publishAs(store, '1.2.0', { labels: await exchangedLabels() });
  await bring(bad, 'bad');
  const begun = published;
  await talkUntil(() => ledger.state('sentiment').ended.length === 2, 'the bad one is rolled back');
  await talkUntil(async () => (await eventsOf(bad)).length >= 2, 'the events are stored');
  const last = (await eventsOf(bad)).at(-1)!;
  assert.equal(last.event, 'rolled-back');
  assert.equal(last.evidence.guardrail, 'disagreement');
  assert.ok(Number(last.evidence.afterMessages) <= published - begun);
  assert.match(last.evidence.flips!, /→/);
  assert.deepEqual(Object.keys(await armsOf(bad)), ['shadow']);
  assert.equal(serving(), 'sentiment@1.1.0');
});

test('one that cannot be loaded is turned back, too', async () => {
  const broken = await publishAs(store, '1.3.0', { files: { 'model.onnx': Buffer.of(1, 2, 3) } });
  await bring(broken, 'broken');
  await talkUntil(() => ledger.state('sentiment').ended.length === 3, 'the broken one is rolled back');
  await talkUntil(async () => (await eventsOf(broken)).length >= 2, 'the events are stored');
  assert.equal((await eventsOf(broken)).at(-1)!.evidence.guardrail, 'errors');
});

test('of four at once, bad ones are turned back while the others go on, and the promotion of one ends the last', async () => {
  const control = serving();
  const bad = await publishAs(store, '1.4.0', { labels: await exchangedLabels() });
  const broken = await publishAs(store, '1.5.0', { files: { 'model.onnx': Buffer.of(1, 2, 3) } });
  const good = await publishAs(store, '1.6.0');
  const rare = await publishAs(store, '1.7.0');
  const first = [
    await startBeside(bad, { share: '0.05' }),
    await startBeside(broken, { share: '0.45', skipShadow: 'true' }),
  ];
  const last = await startBeside(good, { share: '0.4' });
  const other = await startBeside(rare, { share: '0.001' });
  const underWay = () => new Set(ledger.state('sentiment').experiments.map(({ id }) => id));
  assert.deepEqual(underWay(), new Set([...first, last, other]));
  await talkUntil(
    async () => ((await armsOf(broken)).shadow ?? 0) > 0,
    'the canary of the broken one begins',
  );
  await sayOf('frozen');
  await talkUntil(() => first.every((id) => !underWay().has(id)), 'the bad ones are rolled back');
  assert.deepEqual(
    [serving(), underWay()],
    [control, new Set([last, other])],
    'a frozen task stands still otherwise',
  );
  await sayOf('thawed');
  await talkUntil(() => serving() === good, 'the good one is promoted');
  assert.equal(underWay().size, 0);
  await talkUntil(async () => ((await armsOf(good)).null ?? 0) > 0, 'it serves everybody');
  await talkUntil(async () => (await eventsOf(good)).length >= 3, 'the events are stored');
  const ends = async (release: string) =>
    (await eventsOf(release)).filter(({ event }) => event === 'rolled-back' || event === 'promoted');
  assert.equal((await ends(bad))[0]!.evidence.guardrail, 'disagreement');
  assert.equal((await ends(broken))[0]!.evidence.guardrail, 'errors');
  const { alpha, others } = (await ends(good))[0]!.evidence;
  assert.deepEqual([alpha, others], ['0.025', rare], 'two under way share alpha');
  assert.deepEqual(await ends(rare), []);
  assert.equal((await armsOf(broken)).treatment ?? 0, 0);
  assert.ok((await armsOf(rare)).shadow! > 0);
  const past = (await historyOf(running.stack)).find(({ experiment }) => experiment === other)!;
  assert.equal(past.outcome, 'ended');
  assert.match(past.reason, new RegExp(`^${good} was promoted: .*messages served within all guardrails`));
});

test('all the while every message was answered once, by one that serves', async () => {
  await running.settled();
  const [rows] = await query<{ messages: number; rows: number; served: number }>(
    `SELECT toUInt32(uniqExact(messageId)) AS messages, toUInt32(count()) AS rows,
       toUInt32(countIf(arrayCount(arm -> ifNull(arm, '') != 'shadow', results.arm) = 1)) AS served FROM predictions`,
  );
  assert.deepEqual(rows, { messages: published, rows: published, served: published });
  const [scores] = await query<{ rows: number; releases: number }>(
    `SELECT toUInt32(count()) AS rows, toUInt32(max(length(releases))) AS releases FROM scores`,
  );
  assert.deepEqual(scores, { rows: published, releases: 1 });
});
