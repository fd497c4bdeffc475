// Deliveries over the embedded log to real servers: grouped, in order, retried, refused, and each channel for itself.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silenceNotice } from '../../../processors/alerts/silence.ts';
import type { Alert } from '../../../schemas/alert.ts';
import type { DeadLetter } from '../../../schemas/dead-letter.ts';
import { Retryable } from '../../../schemas/errors.ts';
import type { Notification } from '../../../schemas/notification.ts';
import { AlertBook, publishAlerts } from '../../../streams/alerts/book.ts';
import { channelsOf } from '../../../streams/alerts/channels.ts';
import { deliveryGroup, startDelivery } from '../../../streams/alerts/delivery.ts';
import { redrive } from '../../../streams/dead-letters/redrive.ts';
import type { Stack } from '../../../streams/stack.ts';
import { type Answer, hanging, httpReceiver, status, taken } from '../../connectors/notification/receiver.ts';
import { reached } from '../../contract/log/subject.ts';
import { alertOf, start } from '../../processors/alerts/alert.ts';
import { failing, lightStack, messagesOf } from './subject.ts';

async function receiving(t: TestContext, answer: Answer = taken) {
  const receiver = await httpReceiver(answer);
  t.after(() => receiver.close());
  const told = () => receiver.received.map(({ body }) => JSON.parse(body) as Notification);
  return { receiver, url: receiver.url, told };
}

/** Starts the deliveries of every channel that is set up; ended with the test, or by what is returned. */
async function deliver(t: TestContext, stack: Stack): Promise<() => Promise<void>> {
  const book = await AlertBook.open(stack);
  const channels = channelsOf(stack);
  const names = channels.map(({ channel }) => channel.name);
  const closers: (() => Promise<void>)[] = [];
  for (const channel of channels)
    closers.push(await startDelivery(stack, { ...channel, book, channels: names }));
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    for (const stop of closers) await stop();
    await book.close();
  };
  t.after(close);
  return close;
}

const settled = (stack: Stack, channel: string) =>
  reached(async () => {
    const [range] = await stack.log.ranges(['alerts']);
    const [position] = await stack.log.positions(deliveryGroup(channel), ['alerts']);
    return position?.offset === range?.end;
  });

test('alerts of one group within the window are one notification, with the latest word of each', async (t) => {
  const { url, told } = await receiving(t);
  const { stack, clock } = await lightStack(t, { MILLRACE_ALERTS_WEBHOOK_URL: url });
  await deliver(t, stack);
  await publishAlerts(stack, [
    alertOf('a', '1', { group: 'g' }),
    alertOf('b', '1', { group: 'other' }),
    alertOf('c', '1', { group: 'g' }),
    alertOf('a', '1', { group: 'g', state: 'resolved' }),
  ]);
  await sleep(50);
  assert.deepEqual(told(), []);
  clock.now += 50;
  await settled(stack, 'webhook');
  const shown = told().map(({ group, state, alerts }) => [
    group,
    state,
    alerts.map((a) => `${a.rule} ${a.state}`),
  ]);
  assert.deepEqual(shown, [
    ['g', 'firing', ['a resolved', 'c firing']],
    ['other', 'firing', ['b firing']],
  ]);
});

test('a server that fails, hangs and asks for patience gets the notification in the end, the same each time', async (t) => {
  const { receiver, url, told } = await receiving(t);
  const answers: Answer[] = [status(500), hanging, status(429, { 'retry-after': '1' }), taken];
  const times: number[] = [];
  receiver.answer = (seen, response) => {
    times.push(performance.now());
    answers.shift()!(seen, response);
  };
  const { stack, clock } = await lightStack(t, {
    MILLRACE_ALERTS_WEBHOOK_URL: url,
    MILLRACE_ALERTS_TIMEOUT_MS: '1000',
  });
  await deliver(t, stack);
  await publishAlerts(stack, [alertOf('a', '1')]);
  clock.now += 50;
  await settled(stack, 'webhook');
  assert.equal(told().length, 4);
  assert.equal(new Set(told().map(({ id }) => id)).size, 1);
  assert.ok(times[3]! - times[2]! >= 1_000);
  assert.deepEqual(await messagesOf(stack, 'dead-letters'), []);
});

test('a channel that is dead holds up no other; what it missed comes when it is back, also to a successor', async (t) => {
  const [dead, alive] = [await receiving(t, status(503)), await receiving(t)];
  const { stack, clock } = await lightStack(t, {
    MILLRACE_ALERTS_WEBHOOK_URL: dead.url,
    MILLRACE_ALERTS_SLACK_URL: alive.url,
  });
  const close = await deliver(t, stack);
  for (const incident of ['1', '2', '3']) {
    await publishAlerts(stack, [alertOf('a', incident), alertOf('a', incident, { state: 'resolved' })]);
    clock.now += 50;
    await settled(stack, 'slack');
  }
  assert.equal(alive.receiver.received.length, 3);
  assert.ok(dead.receiver.received.length > 0);
  await close();
  dead.receiver.answer = taken;
  const before = dead.told().length;
  await deliver(t, stack);
  await settled(stack, 'webhook');
  const incidents = dead
    .told()
    .slice(before)
    .flatMap(({ alerts }) => alerts.map(({ incident }) => incident));
  assert.equal(new Set(incidents).size, 3);
  assert.equal(alive.receiver.received.length, 3);
  // What was on its way is told again as it was.
  assert.equal(dead.told()[before]!.id, dead.told()[before - 1]!.id);
});

test('what a channel refuses for good is a dead letter with the reason, goes on to the next, and can be redriven', async (t) => {
  const { receiver, url, told } = await receiving(t, status(400, {}, 'no such field'));
  const other = await receiving(t);
  const { stack, clock } = await lightStack(t, {
    MILLRACE_ALERTS_WEBHOOK_URL: url,
    MILLRACE_ALERTS_SLACK_URL: other.url,
  });
  await deliver(t, stack);
  const goesBy = (done: () => Promise<boolean>) =>
    reached(async () => {
      clock.now += 50;
      return done();
    });
  await publishAlerts(stack, [alertOf('a', '1')]);
  await goesBy(async () => (await messagesOf(stack, 'dead-letters')).length > 0);
  const [letter] = await messagesOf<DeadLetter>(stack, 'dead-letters');
  assert.deepEqual(
    [letter!.stage, letter!.code, letter!.reason, letter!.fromTopic, letter!.fromOffset],
    ['notify-webhook', 'processor-refused', 'webhook answered 400: no such field', 'alerts', 0],
  );
  // The others hear that this channel does not work.
  await reached(async () => (await messagesOf<Alert>(stack, 'alerts')).length === 2);
  const trouble = (await messagesOf<Alert>(stack, 'alerts'))[1]!;
  assert.deepEqual([trouble.rule, trouble.evidence.channels], ['channel/webhook', 'slack']);
  await goesBy(async () => other.receiver.received.length === 2);
  receiver.answer = taken;
  await redrive(stack, {
    filter: {},
    isDry: false,
    attemptsMax: 3,
    force: false,
    signal: new AbortController().signal,
    onLetter: () => {},
    onProgress: () => {},
  });
  await goesBy(async () => told().length === 2);
  assert.equal(told()[1]!.alerts[0]!.rule, 'a');
  // The redriven alert is the refusing channel’s alone; the others hear of its recovery.
  await goesBy(async () => other.receiver.received.length === 3);
  assert.match(other.receiver.received[2]!.body, /get through again/);
});

test('silenced, suppressed, misdirected and repeated alerts are not told; a recovery is to whom the beginning was', async (t) => {
  const { url, told } = await receiving(t);
  const { stack, clock } = await lightStack(t, {
    MILLRACE_ALERTS_WEBHOOK_URL: url,
    MILLRACE_ALERTS_WEBHOOK_MATCHING: 'severity!=info',
  });
  await deliver(t, stack);
  const silence = {
    id: 's1',
    matchers: [{ name: 'rule', operator: '=', value: 'quiet' } as const],
    from: start,
    to: start + 3_600_000,
    by: 'ann',
    reason: 'known',
  };
  await publishAlerts(stack, [
    alertOf('loud', '1'),
    silenceNotice(silence, 'firing', start),
    alertOf('quiet', '1'),
    alertOf('disk', '1', { group: 'g', severity: 'critical' }),
    alertOf('slow', '1', { group: 'g' }),
    alertOf('note', '1', { severity: 'info' }),
    alertOf('mail', '1', { evidence: { channels: 'email' } }),
    alertOf('loud', '1'),
  ]);
  clock.now += 50;
  await settled(stack, 'webhook');
  const rules = () => told().flatMap(({ alerts }) => alerts.map(({ rule, state }) => `${rule} ${state}`));
  assert.deepEqual(rules(), ['loud firing', 'disk firing']);
  await publishAlerts(
    stack,
    ['quiet', 'slow', 'loud'].map((rule) => alertOf(rule, '1', { state: 'resolved' })),
  );
  clock.now += 50;
  await settled(stack, 'webhook');
  assert.deepEqual(rules().slice(2), ['loud resolved']);
});

test('a channel that is new is told what came in the hour before, not what the topic holds of the past', async (t) => {
  const { url, told } = await receiving(t);
  const { stack, clock } = await lightStack(t, { MILLRACE_ALERTS_WEBHOOK_URL: url });
  await publishAlerts(stack, [alertOf('old', '1')]);
  clock.now += 3_600_001;
  await publishAlerts(stack, [alertOf('new', '1')]);
  clock.now += 50;
  await deliver(t, stack);
  await settled(stack, 'webhook');
  assert.deepEqual(
    told().map(({ alerts }) => alerts.map(({ rule }) => rule)),
    [['new']],
  );
});

test('what fires goes on to be told to a receiver that forgets, until it is over', async (t) => {
  const { receiver, url } = await receiving(t);
  const { stack, clock } = await lightStack(t, {
    MILLRACE_ALERTS_ALERTMANAGER_URL: url,
    MILLRACE_ALERTS_ALERTMANAGER_EVERY_MS: '100',
  });
  await deliver(t, stack);
  await publishAlerts(stack, [alertOf('a', '1')]);
  clock.now += 50;
  await reached(async () => receiver.received.length >= 4);
  await publishAlerts(stack, [alertOf('a', '1', { state: 'resolved' })]);
  clock.now += 50;
  await settled(stack, 'alertmanager');
  const last = () => JSON.parse(receiver.received.at(-1)!.body)[0] as { readonly endsAt: string };
  assert.equal(last().endsAt, new Date(clock.now - 50).toISOString());
  const count = receiver.received.length;
  await sleep(250);
  assert.equal(receiver.received.length, count);
});

test('two that alert and two that deliver tell each notification once', async (t) => {
  const { url, told } = await receiving(t);
  const { stack, clock } = await lightStack(t, { MILLRACE_ALERTS_WEBHOOK_URL: url });
  await deliver(t, stack);
  await deliver(t, stack);
  const alerts = Array.from({ length: 20 }, (_, index) =>
    alertOf('a', String(index), { group: `g${index}` }),
  );
  await Promise.all([publishAlerts(stack, alerts), publishAlerts(stack, alerts)]);
  clock.now += 50;
  await settled(stack, 'webhook');
  assert.equal(told().length, 20);
});

test('a log that takes no commit for a moment ends no deliveries, and has nothing told twice', async (t) => {
  const { url, told } = await receiving(t);
  const { stack, clock } = await lightStack(t, { MILLRACE_ALERTS_WEBHOOK_URL: url });
  const away = () => new Retryable('the broker is away', { code: 'kafka' });
  const held = failing(stack, 2, away);
  await deliver(t, held.stack);
  await publishAlerts(stack, [alertOf('a', '1')]);
  clock.now += 50;
  await settled(stack, 'webhook');
  assert.equal(told().length, 1);
  assert.equal(held.joined.length, 1);
});

test('deliveries that end with an error are joined again and go on', async (t) => {
  const { url, told } = await receiving(t);
  const { stack, clock } = await lightStack(t, { MILLRACE_ALERTS_WEBHOOK_URL: url });
  const held = failing(stack, 1, () => new Error('a bug'));
  await deliver(t, held.stack);
  await publishAlerts(stack, [alertOf('a', '1')]);
  clock.now += 50;
  await settled(stack, 'webhook');
  assert.deepEqual(
    told().map(({ alerts }) => alerts[0]!.rule),
    ['a'],
  );
  assert.deepEqual(held.joined, [deliveryGroup('webhook'), deliveryGroup('webhook')]);
});
