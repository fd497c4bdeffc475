// Rules over what the log and the drift reports really say, by a clock that the test sets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInRules } from '../../../processors/alerts/built-in.ts';
import type { Rule } from '../../../processors/alerts/rule.ts';
import type { Alert } from '../../../schemas/alert.ts';
import type { DriftReport } from '../../../schemas/drift-report.ts';
import { derivedTraceparent } from '../../../schemas/identity.ts';
import { isRetired, rulesOf, startAlerting } from '../../../streams/alerts/alerting.ts';
import { publishAlerts } from '../../../streams/alerts/book.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { openLedger } from '../../../streams/model-ledger.ts';
import type { Stack } from '../../../streams/stack.ts';
import { reached } from '../../contract/log/subject.ts';
import { recordOf } from '../../e2e/running.ts';
import { alertOf, start } from '../../processors/alerts/alert.ts';
import { evaluatorOf, failing, lightStack, messagesOf } from './subject.ts';

const minute = 60_000;
const builtIn = (name: string): Rule => builtInRules.find((rule) => rule.name === name)!;

const reportOf = (
  verdict: DriftReport['verdict'],
  window: number,
  more: Partial<DriftReport> = {},
): DriftReport => ({
  id: `report ${window} ${more.release ?? ''} ${more.job ?? ''}`,
  tenant: 'default',
  eventTime: start,
  ingestTime: start,
  source: 'drift',
  traceparent: derivedTraceparent(`report ${window}`),
  job: 'window',
  release: 'sentiment@1.0.0',
  kind: null,
  windowStart: start + (window - 1) * 60 * minute,
  windowEnd: start + window * 60 * minute,
  samples: 1_000,
  baselineSamples: 1_000,
  verdict,
  dataScore: verdict === 'drifted' ? 0.5 : 0.01,
  predictionScore: null,
  expectedAccuracy: null,
  accuracy: null,
  labelled: null,
  statistics: [],
  slices: null,
  examples: null,
  recommendations: null,
  summary: `words ${verdict}`,
  ...more,
});

const report = (stack: Stack, ...reports: readonly DriftReport[]) =>
  stack.log.publish([
    { topic: 'drift-reports', records: stack.wire.encode('drift-reports', reports, stack.now()) },
  ]);

test('a drifted report is told of at once, a stable one of the same release ends it; no look is waited for', async (t) => {
  const { stack } = await lightStack(t, {
    MILLRACE_ALERTS_EVERY_MS: '3600000',
    MILLRACE_ALERTS_BUILT_IN: 'drift',
  });
  const ledger = await openLedger(stack);
  const close = await startAlerting(stack, ledger);
  t.after(async () => {
    await close();
    await ledger.close();
  });
  const alerts = async () =>
    (await messagesOf<Alert>(stack, 'alerts')).map(
      ({ rule, state, summary }) => `${rule} ${state}: ${summary}`,
    );
  await report(stack, reportOf('drifted', 1), reportOf('stable', 1, { release: 'intent@1.0.0' }));
  await reached(async () => (await alerts()).length === 1);
  await report(stack, reportOf('too-few-samples', 2), reportOf('drifted', 3));
  await report(stack, reportOf('stable', 4));
  await reached(async () => (await alerts()).length === 2);
  const name = 'drift/sentiment@1.0.0';
  assert.deepEqual(await alerts(), [
    `${name} firing: ${name}: words drifted`,
    `${name} resolved: ${name}: words stable (over after 0 s)`,
  ]);
  const [first] = await messagesOf<Alert>(stack, 'alerts');
  assert.equal(first!.group, 'sentiment');
  assert.equal(first!.evidence.driftReport, reportOf('drifted', 1).id);
});

test('jobs with windows of different length count each, until one has stopped', async (t) => {
  const { stack } = await lightStack(t);
  const hourly = (verdict: DriftReport['verdict'], window: number) => reportOf(verdict, window);
  const daily = reportOf('drifted', 24, { job: 'day', windowStart: start });
  await report(stack, daily, hourly('stable', 24));
  const { look, drift } = await evaluatorOf(t, stack, [builtIn('drift')]);
  assert.deepEqual(await look(start), ['drift/sentiment@1.0.0 firing warning']);
  const value = () => drift.observe(builtIn('drift'))[0]!.value;
  await report(stack, hourly('stable', 24 + 71));
  await reached(async () => drift.observe(builtIn('drift'))[0]!.value === 1);
  await report(stack, hourly('stable', 24 + 73));
  await reached(async () => value() === 0);
  const score = { ...builtIn('drift'), figure: 'dataScore', threshold: 0.1 } as const;
  assert.equal(drift.observe(score)[0]!.value, 0.01);
});

test('a release that was taken out of service drifts no more', () => {
  const serving = { release: 'sentiment@2.0.0', since: start, by: null };
  const experiments = ['3', '4'].map((major) => ({
    control: 'sentiment@2.0.0',
    treatment: `sentiment@${major}.0.0`,
  }));
  const ledger = { state: (task: string) => ({ task, serving, experiments }) } as never;
  const retired = ['1', '2', '3', '4'].filter((major) => isRetired(ledger, `sentiment@${major}.0.0`));
  assert.deepEqual(retired, ['1']);
});

test('lag counts since the record that lies past the threshold came, whoever watches since when', async (t) => {
  const { stack, clock } = await lightStack(t);
  const rule: Rule = { ...builtIn('lag'), threshold: 10 };
  const subscription = await stack.log.subscribe(
    {
      ...{ group: 'millrace-slow', topics: ['comments'], concurrency: 1, fetchWaitMs: 0, fetchBytesMin: 1 },
      ...{ partitionBytesMax: 1_000_000, sessionTimeoutMs: 10_000 },
    },
    async (batch) => batch.commit(batch.records.at(-1)!.offset + 1, ''),
  );
  const publish = (count: number) =>
    stack.log.publish([
      {
        topic: 'comments',
        records: Array.from({ length: count }, () => ({
          ...recordOf({ text: 'x' }, 'k'),
          timestamp: clock.now,
        })),
      },
    ]);
  await publish(5);
  await reached(async () => (await stack.log.positions('millrace-slow', ['comments']))[0]?.offset === 5);
  await subscription.close();
  await publish(10);
  clock.now += minute;
  await publish(10);
  const { look } = await evaluatorOf(t, stack, [rule]);
  assert.deepEqual(await look(clock.now + 9 * minute), []);
  const restarted = await evaluatorOf(t, stack, [rule]);
  assert.deepEqual(await restarted.look(clock.now + 10 * minute), ['lag/millrace-slow firing warning']);
});

test('built-in rules can be left out, and declared anew under their names', () => {
  const of = (env: Record<string, string>) => rulesOf(loadConfiguration({ env }));
  assert.deepEqual(of({}), builtInRules);
  assert.deepEqual(of({ MILLRACE_ALERTS_BUILT_IN: '' }), []);
  const own = [{ name: 'lag', signal: 'lag', above: 5, for: '1m' }];
  const [, ...rest] = of({
    MILLRACE_ALERTS_BUILT_IN: 'drift,lag',
    MILLRACE_ALERTS_RULES: JSON.stringify(own),
  });
  assert.deepEqual(
    rest.map(({ name, threshold, forMs }) => [name, threshold, forMs]),
    [['lag', 5, minute]],
  );
});

test('a process that an error throws out of the group of those who look joins it again', async (t) => {
  const { stack } = await lightStack(t, { MILLRACE_ALERTS_BUILT_IN: '' });
  const held = failing(stack, 1, () => new Error('a bug'));
  const ledger = await openLedger(stack);
  t.after(() => ledger.close());
  const stop = await startAlerting(held.stack, ledger);
  t.after(stop);
  await publishAlerts(stack, [alertOf('a', '1')]);
  await reached(async () => (await stack.log.positions('millrace-alert-rules', ['alerts']))[0]?.offset === 1);
  assert.deepEqual(held.joined, ['millrace-alert-rules', 'millrace-alert-rules']);
});
