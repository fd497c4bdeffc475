// Rules as values: for-durations, escalation, reminders, missing data, and the same messages whoever looks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate, type Look, uncovered } from '../../../processors/alerts/evaluation.ts';
import { History } from '../../../processors/alerts/history.ts';
import type { Observation, Rule } from '../../../processors/alerts/rule.ts';
import { type Silence, silenceNotice } from '../../../processors/alerts/silence.ts';
import type { Alert } from '../../../schemas/alert.ts';

const minute = 60_000;
const start = Date.UTC(2026, 2, 1);

const rule: Rule = {
  name: 'latency',
  signal: 'latency',
  comparison: 'above',
  threshold: 100,
  forMs: 5 * minute,
  windowMs: 10 * minute,
  samplesMin: 1,
  severity: 'warning',
  group: null,
  labels: { team: 'ml' },
  channels: [],
  noData: 'keep',
  escalations: [],
  task: null,
  figure: 'verdict',
  sql: null,
  price: null,
};

const seen = (value: number | null, series = ''): Observation => ({
  series,
  value,
  says: value === null ? 'no data' : `${value} ms`,
  evidence: {},
});

/** One process that looks: its history is what was published, its pending what it saw itself. */
class Process {
  readonly pending = new Map<string, number>();
  readonly history: History;
  constructor(history = new History()) {
    this.history = history;
  }

  look(at: number, observations: readonly Observation[], of: Rule = rule): readonly Alert[] {
    const look: Look = { ...this, at, repeatMs: 60 * minute, origin: 'from 0' };
    return evaluate(of, observations, look);
  }

  /** Looks, and takes what follows as if it had been published and read back. */
  step(at: number, observations: readonly Observation[], of: Rule = rule): string[] {
    return this.take(at, this.look(at, observations, of));
  }

  take(at: number, alerts: readonly Alert[]): string[] {
    return alerts.map((alert) => {
      const { hidden } = this.history.take(alert, { offset: 0, time: at });
      return `${alert.rule} ${alert.state} ${alert.severity}${hidden === null ? '' : ' hidden'}`;
    });
  }
}

test('a signal that stays past its threshold fires once, after the for-duration, and its end is told', () => {
  const process = new Process();
  const says: string[][] = [];
  for (const [minutes, value] of [
    [0, 150],
    [4, 150],
    [5, 101],
    [6, 200],
    [7, 100],
    [8, 90],
  ] as const)
    says.push(process.step(start + minutes * minute, [seen(value)]));
  assert.deepEqual(says, [[], [], ['latency firing warning'], [], ['latency resolved warning'], []]);
});

test('a signal that recovers in between begins its for-duration anew', () => {
  const process = new Process();
  for (const [minutes, value] of [
    [0, 150],
    [3, 50],
    [4, 150],
    [8, 150],
  ] as const)
    assert.deepEqual(process.step(start + minutes * minute, [seen(value)]), []);
  assert.deepEqual(process.step(start + 9 * minute, [seen(150)]), ['latency firing warning']);
});

test('two processes that look make the same messages; later incidents have other ids than the first', () => {
  const history = new History();
  const [one, other] = [new Process(history), new Process(history)];
  const quick = { ...rule, forMs: 0 };
  const ids = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    const at = start + round * minute;
    const value = round % 2 === 0 ? 200 : 0;
    const [first = assert.fail('nothing followed')] = one.look(at, [seen(value)], quick);
    const [second] = other.look(at + 5_000, [seen(value + 1)], quick);
    assert.equal(first.id, second!.id);
    assert.equal(first.traceparent, second!.traceparent);
    ids.add(first.id);
    one.take(at, [first, second!]);
  }
  assert.equal(ids.size, 4);
  assert.equal(history.firing.length, 0);
});

test('a process that starts again neither fires anew nor forgets', () => {
  const before = new Process();
  before.step(start, [seen(200)], { ...rule, forMs: 0 });
  const after = new Process(before.history);
  assert.deepEqual(after.step(start + minute, [seen(200)]), []);
  assert.deepEqual(after.step(start + 2 * minute, [seen(0)]), ['latency resolved warning']);
});

for (const [noData, says] of [
  ['keep', []],
  ['ok', ['latency resolved warning']],
  ['alert', []],
] as const)
  test(`no data about what fires, noData: ${noData}`, () => {
    const process = new Process();
    const of = { ...rule, forMs: 0, noData };
    process.step(start, [seen(200)], of);
    assert.deepEqual(process.step(start + minute, [seen(null)], of), says);
    // A subject that is no longer observed at all is no data as well.
    const gone = new Process(process.history);
    assert.deepEqual(gone.step(start + 2 * minute, [], of), noData === 'ok' ? [] : says);
  });

test('no data is an alert only where the rule says so, and no zero anywhere', () => {
  const below = { ...rule, comparison: 'below', threshold: 0.5, forMs: 0 } as const;
  assert.deepEqual(new Process().step(start, [seen(null)], below), []);
  assert.deepEqual(new Process().step(start, [seen(null)], { ...below, noData: 'ok' }), []);
  assert.deepEqual(new Process().step(start, [seen(null)], { ...below, noData: 'alert' }), [
    'latency firing warning',
  ]);
});

test('an alert that lasts escalates step by step, each once, naming further channels; then it is repeated', () => {
  const of: Rule = {
    ...rule,
    forMs: 0,
    channels: ['slack'],
    escalations: [
      { afterMs: 10 * minute, severity: 'critical', channels: [] },
      { afterMs: 20 * minute, severity: 'critical', channels: ['email'] },
    ],
  };
  const process = new Process();
  const channels: (string | undefined)[] = [];
  const told: string[] = [];
  for (let minutes = 0; minutes <= 90; minutes += 5) {
    const alerts = process.look(start + minutes * minute, [seen(200)], of);
    for (const alert of alerts) {
      told.push(`${minutes} ${alert.severity}`);
      channels.push(alert.evidence.channels);
    }
    process.take(start + minutes * minute, alerts);
  }
  assert.deepEqual(told, ['0 warning', '10 critical', '20 critical', '80 critical']);
  assert.deepEqual(channels, ['slack', 'slack', 'slack,email', 'slack,email']);
  const [end] = process.look(start + 91 * minute, [seen(0)], of);
  assert.equal(end!.evidence.channels, 'slack,email');
  assert.equal(end!.severity, 'critical');
});

test('series of one rule are alerts of their own, told together with their task', () => {
  const process = new Process();
  const of = { ...rule, forMs: 0 };
  const alerts = process.look(start, [seen(200, 'sentiment@1.0.0'), seen(50, 'intent@1.0.0')], of);
  assert.deepEqual(
    alerts.map(({ rule: name, group, evidence }) => [name, group, evidence['label.team']]),
    [['latency/sentiment@1.0.0', 'sentiment', 'ml']],
  );
  process.take(start, alerts);
  const gone = { ...seen(200, 'sentiment@1.0.0'), isGone: true };
  assert.deepEqual(process.step(start + minute, [gone], of), ['latency/sentiment@1.0.0 resolved warning']);
});

test('a signal whose source knows since when fires without having been watched for so long', () => {
  const known = { ...seen(200), since: start - 5 * minute };
  assert.deepEqual(new Process().step(start, [known]), ['latency firing warning']);
});

const silence: Silence = {
  id: 's1',
  matchers: [{ name: 'rule', operator: '=', value: 'latency' }],
  from: start,
  to: start + 10 * minute,
  by: 'ann',
  reason: 'known',
};

test('what a silence hid is told when the silence is over and it is not, once', () => {
  const process = new Process();
  const of = { ...rule, forMs: 0 };
  process.take(start, [silenceNotice(silence, 'firing', start)]);
  assert.deepEqual(process.step(start + minute, [seen(200)], of), ['latency firing warning hidden']);
  const during = { history: process.history, at: start + 9 * minute };
  assert.deepEqual(uncovered(during), []);
  const after = { history: process.history, at: start + 10 * minute };
  assert.deepEqual(process.take(after.at, uncovered(after)), ['latency firing warning']);
  assert.deepEqual(uncovered({ ...after, at: after.at + minute }), []);
});

test('a silence that is lifted ends there, and an alert that ended under it is never told', () => {
  const process = new Process();
  const of = { ...rule, forMs: 0 };
  process.take(start, [silenceNotice(silence, 'firing', start)]);
  process.step(start + minute, [seen(200)], of);
  assert.deepEqual(process.step(start + 2 * minute, [seen(0)], of), ['latency resolved warning hidden']);
  process.step(start + 3 * minute, [seen(200)], of);
  process.take(start + 4 * minute, [silenceNotice(silence, 'resolved', start + 4 * minute)]);
  const lifted = { history: process.history, at: start + 4 * minute };
  assert.deepEqual(process.take(lifted.at, uncovered(lifted)), ['latency firing warning']);
});

test('a critical alert speaks for its group; what it hid and outlives it is told', () => {
  const process = new Process();
  const critical: Rule = { ...rule, name: 'lag', severity: 'critical', group: 'traffic', forMs: 0 };
  const warning: Rule = { ...rule, group: 'traffic', forMs: 0 };
  process.step(start, [seen(200)], critical);
  assert.deepEqual(process.step(start + minute, [seen(200)], warning), ['latency firing warning hidden']);
  assert.deepEqual(uncovered({ history: process.history, at: start + 2 * minute }), []);
  process.step(start + 3 * minute, [seen(0)], critical);
  const after = { history: process.history, at: start + 4 * minute };
  assert.deepEqual(process.take(after.at, uncovered(after)), ['latency firing warning']);
  assert.deepEqual(uncovered({ ...after, at: start + 5 * minute }), []);
});
