// A running system in trouble: what /ready says, what is counted, who is told, and that it is told once.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openEmbeddedLog } from '../../connectors/embedded-log/embedded-log.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import type { Alert } from '../../schemas/alert.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { incidentOfStop, raise, resolve, resolveRunning } from '../../streams/alerts.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { TooManyInvalid } from '../../streams/loop/breaker.ts';
import { openStack, type Stack } from '../../streams/stack.ts';
import { startSystem } from '../../streams/system.ts';
import { allRecords, reached } from '../contract/log/subject.ts';
import { recordOf, scratchDirectory } from '../e2e/running.ts';
import { Workplace } from './commands/spawned.ts';
import { silentLog } from './loop/silent-log.ts';

/** An open stack whose only stream makes features, in a directory of its own. */
async function featuresOnly(t: TestContext, env: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const directory = scratchDirectory();
  const configuration = loadConfiguration({
    env: {
      MILLRACE_DATA_DIRECTORY: directory.path,
      MILLRACE_LOG_LEVEL: 'fatal',
      MILLRACE_MODE: 'apart',
      MILLRACE_STREAMS: 'features',
      MILLRACE_LOOP_STALL_MS: '2000',
      ...env,
    },
  });
  const stack = await openStack(configuration, async () => 1);
  t.after(async () => {
    await stack.close();
    directory.remove();
  });
  return stack;
}

async function alertsOf({ log, wire }: Stack): Promise<Alert[]> {
  const found: Alert[] = [];
  for (const [partition, record] of await allRecords(log, 'alerts')) {
    await wire.prepare('alerts', [record]);
    const alert = wire.decode('alerts', partition, record);
    assert.ok(!(alert instanceof Refusal));
    found.push(alert as Alert);
  }
  return found;
}

const comments = (count: number, text: string) =>
  Array.from({ length: count }, (_, index) => recordOf({ text: `${text} ${index}` }, `k${index % 7}`));

test('a silent stream fails /ready with its reason, is counted, told of once, and all of it ends', async (t) => {
  const real = await featuresOnly(t);
  const silent = silentLog(real.log);
  const stack = { ...real, log: silent.log };
  const system = await startSystem(stack, { driftByClock: false });
  await stack.log.publish([{ topic: 'comments', records: comments(50, 'before') }]);
  const featuresEnd = async () =>
    (await stack.log.ranges(['features'])).reduce((sum, { end }) => sum + end, 0);
  await reached(async () => (await featuresEnd()) === 50);
  assert.deepEqual(system.reasons(), []);
  // Lag of a group that this process does not run is none of its business.
  const stranger = await real.log.subscribe(
    {
      group: 'millrace-clickhouse',
      topics: ['comments'],
      concurrency: 1,
      fetchWaitMs: 0,
      fetchBytesMin: 1,
      partitionBytesMax: 1,
      sessionTimeoutMs: 500,
    },
    () => new Promise(() => {}),
  );
  silent.silence('millrace-features', 1);
  await stack.log.publish([{ topic: 'comments', records: comments(50, 'after') }]);
  await reached(() => system.reasons().length > 0);
  for (const reason of system.reasons())
    assert.match(
      reason,
      /^stream features: comments\/\d has lag \d+ and no progress for \d+ s; it is silent$/,
    );
  await reached(async () => (await featuresEnd()) === 100);
  await reached(() => system.reasons().length === 0);
  await stranger.close();
  await system.close();
  const printed = await stack.metrics.print();
  assert.match(printed, /^millrace_stalls_total\{stream="features"\} 1$/m);
  assert.match(printed, /^millrace_stream_restarts_total\{stream="features"\} [2-9]$/m);
  assert.match(printed, /^millrace_stalled_partitions\{stream="features"\} 0$/m);
  const alerts = await alertsOf(stack);
  assert.deepEqual(
    alerts.map(({ rule, state, severity }) => [rule, state, severity]),
    [
      ['stalled/features', 'firing', 'critical'],
      ['stalled/features', 'resolved', 'critical'],
    ],
  );
  assert.equal(alerts[0]!.evidence.code, 'no-progress');
  assert.equal(alerts[0]!.traceparent, alerts[1]!.traceparent);
  assert.notEqual(alerts[0]!.id, alerts[1]!.id);
});

test('a breaker that opens is told of before the system ends, and not again by its restarts', async (t) => {
  const stack = await featuresOnly(t);
  const garbage = Array.from({ length: 500 }, (_, index) => recordOf(`garbage ${index}`, 'one key'));
  await stack.log.publish([{ topic: 'comments', records: garbage }]);
  for (let starts = 0; starts < 3; starts += 1) {
    const system = await startSystem(stack, { driftByClock: false });
    await assert.rejects(system.done, TooManyInvalid);
    const alerts = await alertsOf(stack);
    assert.deepEqual(
      alerts.map(({ rule, state, severity }) => [rule, state, severity]),
      [['breaker/features', 'firing', 'critical']],
    );
    assert.equal(alerts[0]!.evidence.code, 'too-many-invalid');
    await system.close();
  }
  const letters = await stack.log.ranges(['dead-letters']);
  assert.equal(
    letters.reduce((sum, { end }) => sum + end, 0),
    0,
  );
});

test('`up` that is stopped by the breaker ends with exit code 5 and says why', async () => {
  const place = new Workplace();
  try {
    const log = await openEmbeddedLog({ directory: join(place.path, 'data', 'log') });
    await log.createTopics([{ name: 'comments', partitions: 1 }]);
    await log.publish([
      { topic: 'comments', records: Array.from({ length: 200 }, () => recordOf('{"text": 7}')) },
    ]);
    await log.close();
    const up = await place.up({
      MILLRACE_MODE: 'apart',
      MILLRACE_STREAMS: 'features',
      MILLRACE_LOG_LEVEL: 'fatal',
    });
    const { code, stderr } = await up.ended;
    assert.equal(code, 5);
    assert.match(stderr, /messages are invalid/);
  } finally {
    await place.close();
  }
});

test('a refusal that stops a stream is told of once; an alert that cannot be published is logged and stops nothing', async (t) => {
  const stack = await featuresOnly(t);
  const error = new Misconfigured('the table has no such column', {
    code: 'insert-refused',
    fix: 'Put it right.',
  });
  const incident = incidentOfStop('sinks', error)!;
  await raise(stack, incident);
  await raise(stack, incident);
  const [alert, ...more] = await alertsOf(stack);
  assert.deepEqual(more, []);
  assert.deepEqual(alert!.evidence, { stream: 'sinks', code: 'insert-refused' });
  assert.equal(incidentOfStop('sinks', new Error('a bug')), null);
  const logged: unknown[] = [];
  const broken: Stack = {
    ...stack,
    logger: Object.assign(Object.create(stack.logger), { error: (entry: unknown) => logged.push(entry) }),
    log: { ...stack.log, ranges: async () => Promise.reject(error) },
  };
  await raise(broken, { ...incident, incident: 'another' });
  assert.equal(logged.length, 1);
});

test('what streams were told of as stopped ends when they have run for a while, and what comes back is told again', async (t) => {
  const stack = await featuresOnly(t);
  const error = new Misconfigured('no such column', { code: 'insert-refused', fix: 'Put it right.' });
  const said = async () => (await alertsOf(stack)).map(({ rule, state }) => `${rule} ${state}`);
  await raise(stack, incidentOfStop('sinks', error)!);
  await raise(stack, incidentOfStop('features', error)!);
  // A stream that stops before that is one incident still.
  await resolveRunning(stack, ['features'], 60_000)();
  await raise(stack, incidentOfStop('features', error)!);
  assert.deepEqual(await said(), ['stopped/sinks firing', 'stopped/features firing']);
  const stop = resolveRunning(stack, ['features', 'chain'], 1);
  await reached(async () => (await said()).length === 3);
  await stop();
  await raise(stack, incidentOfStop('features', error)!);
  await raise(stack, incidentOfStop('features', error)!);
  assert.deepEqual((await said()).slice(2), ['stopped/features resolved', 'stopped/features firing']);
  const [, first, over, second] = await alertsOf(stack);
  assert.equal(over!.traceparent, first!.traceparent);
  assert.notEqual(second!.traceparent, first!.traceparent);
});

test('the end of a rule is said once, and only while it fires', async (t) => {
  const stack = await featuresOnly(t);
  const incident = {
    rule: 'retraining/sentiment',
    severity: 'warning',
    state: 'firing',
    summary: 'no labels',
    evidence: { request: 'r1' },
    incident: 'r1',
  } as const;
  await resolve(stack, incident.rule, 'trained');
  assert.deepEqual(await alertsOf(stack), []);
  await raise(stack, incident);
  await resolve(stack, incident.rule, 'trained');
  await resolve(stack, incident.rule, 'trained');
  const said = (await alertsOf(stack)).map(({ state, summary, severity }) => [state, summary, severity]);
  assert.deepEqual(said, [
    ['firing', 'no labels', 'warning'],
    ['resolved', 'trained', 'warning'],
  ]);
});
