// Slack, webhook and Alertmanager against a real server: what they post, and what they make of every answer.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { alertmanagerChannel, postableOf } from '../../../connectors/notification/alertmanager.ts';
import { NotificationRefused } from '../../../connectors/notification/channel.ts';
import { messageOf, slackChannel } from '../../../connectors/notification/slack.ts';
import { webhookChannel } from '../../../connectors/notification/webhook.ts';
import { Retryable } from '../../../schemas/errors.ts';
import { type Answer, hanging, httpReceiver, notification, status } from './receiver.ts';

const now = Date.UTC(2026, 2, 1, 12);
const { signal } = new AbortController();

async function receiving(t: TestContext, answer?: Answer) {
  const receiver = await httpReceiver(answer);
  t.after(() => receiver.close());
  return receiver;
}

test('a webhook gets the notification, signed over time and body, under an id by which a repeat is known', async (t) => {
  const receiver = await receiving(t);
  const channel = webhookChannel({
    url: `${receiver.url}/in`,
    secret: 's3cret',
    timeoutMs: 20_000,
    now: () => now,
  });
  await channel.send(notification(), signal);
  const [{ path, headers, body } = assert.fail('nothing came')] = receiver.received;
  assert.equal(path, '/in');
  assert.deepEqual(JSON.parse(body), { version: 1, ...notification() });
  assert.equal(headers['idempotency-key'], notification().id);
  assert.equal(headers['millrace-timestamp'], String(now / 1_000));
  const expected = createHmac('sha256', 's3cret')
    .update(`${now / 1_000}.${body}`)
    .digest('hex');
  assert.equal(headers['millrace-signature'], `v1=${expected}`);
});

test('without a secret nothing pretends to be signed', async (t) => {
  const receiver = await receiving(t);
  await webhookChannel({ url: receiver.url, secret: null, timeoutMs: 20_000, now: () => now }).send(
    notification(),
    signal,
  );
  assert.equal(receiver.received[0]!.headers['millrace-signature'], undefined);
});

test('answers decide: later, never, or after the time that is asked for', async (t) => {
  const receiver = await receiving(t);
  const sent = (answer: Answer, timeoutMs = 20_000) => {
    receiver.answer = answer;
    const channel = slackChannel({ url: `${receiver.url}/services/T/B/secret`, timeoutMs });
    return channel.send(notification(), signal);
  };
  await assert.rejects(sent(status(500)), Retryable);
  await assert.rejects(sent(hanging, 100), /slack cannot be reached: no answer within 100 ms/);
  await assert.rejects(
    sent((_, response) => response.destroy()),
    Retryable,
  );
  await assert.rejects(
    sent(status(429, { 'retry-after': '7' })),
    (error) => error instanceof Retryable && error.context.retryAfterMs === 7_000,
  );
  await assert.rejects(
    sent(status(404, {}, 'no_service')),
    (error) => error instanceof NotificationRefused && error.message === 'slack answered 404: no_service',
  );
  const elsewhere = await receiving(t);
  await assert.rejects(sent(status(307, { location: elsewhere.url })), NotificationRefused);
  assert.equal(elsewhere.received.length, 0);
});

test('a user and a password in an address are Basic authentication; fetch takes no such address', async (t) => {
  const receiver = await receiving(t);
  const address = (credentials: string) => receiver.url.replace('://', `://${credentials}@`);
  const timely = { timeoutMs: 20_000, now: () => now };
  await slackChannel({ url: address('ann:p%40ss%C3%BC'), ...timely }).send(notification(), signal);
  await webhookChannel({ url: address('token'), secret: null, ...timely }).send(notification(), signal);
  const alertmanager = alertmanagerChannel({ url: address('ann:100%'), everyMs: 60_000, ...timely });
  await alertmanager.send(notification(), signal);
  const sent = receiver.received.map(({ path, headers }) => [
    path,
    Buffer.from(headers.authorization!.replace('Basic ', ''), 'base64').toString(),
  ]);
  assert.deepEqual(sent, [
    ['/', 'ann:p@ssü'],
    ['/', 'token:'],
    ['/api/v2/alerts', 'ann:100%'],
  ]);
});

test('an address that does not answer is not told in the message: it may be a secret', async (t) => {
  const receiver = await receiving(t);
  await receiver.close();
  const channel = slackChannel({ url: `${receiver.url}/services/T/B/secret`, timeoutMs: 20_000 });
  await assert.rejects(
    channel.send(notification(), signal),
    (error) =>
      error instanceof Retryable && /ECONNREFUSED/.test(error.message) && !error.message.includes('secret'),
  );
});

test('a Slack message stays within Slack’s limits and its words make no markup', () => {
  const [alert] = notification().alerts;
  const alerts = Array.from({ length: 60 }, () => ({
    ...alert!,
    summary: `<!channel> & ${'x'.repeat(5_000)}`,
  }));
  const message = messageOf(notification({ alerts, subject: 'ü'.repeat(400) }));
  const [{ blocks, color } = assert.fail()] = message.attachments;
  assert.equal(color, '#daa038');
  assert.ok(blocks.length <= 50);
  for (const block of blocks) {
    const texts = 'text' in block ? [block.text] : block.elements;
    for (const { text } of texts) assert.ok(text.length <= 3_000);
    if (block.type === 'header') assert.ok([...texts[0]!.text].length <= 150);
  }
  const printed = JSON.stringify(message);
  assert.ok(printed.includes('&lt;!channel&gt; &amp;'));
  assert.ok(!printed.includes('<!channel>'));
  assert.ok(printed.includes('and 40 more'));
  const over = messageOf(notification({ state: 'resolved' }));
  assert.equal(over.attachments[0]!.color, '#2eb886');
});

test('Alertmanager hears an alert with an end that lies ahead, and at last with its real one', async (t) => {
  const receiver = await receiving(t);
  const { url } = receiver;
  const channel = alertmanagerChannel({ url: `${url}/`, everyMs: 60_000, timeoutMs: 20_000, now: () => now });
  await channel.renewal!.renew(notification().alerts, signal);
  const [{ path, body } = assert.fail('nothing came')] = receiver.received;
  assert.equal(path, '/api/v2/alerts');
  assert.deepEqual(JSON.parse(body), [
    {
      labels: {
        alertname: 'drift',
        series: 'sentiment@1.0.0',
        service: 'millrace',
        team: 'ml',
        odd_name: 'x',
      },
      annotations: {
        summary: 'Wörter <wandern>',
        severity: 'warning',
        incident: '0123456789abcdef0123456789abcdef',
        driftReport: 'r1',
      },
      startsAt: '2026-03-01T00:00:00.000Z',
      endsAt: '2026-03-01T12:04:00.000Z',
    },
  ]);
  const [alert] = notification().alerts;
  const worse = postableOf({ ...alert!, severity: 'critical', endsAt: now }, now + 1);
  assert.deepEqual(worse.labels, JSON.parse(body)[0].labels);
  assert.equal(worse.endsAt, new Date(now).toISOString());
});
