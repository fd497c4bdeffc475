// The SMTP client against a strict server: protection, login, envelope, the mail’s own form, and every way to fail.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { NotificationRefused } from '../../../connectors/notification/channel.ts';
import { type EmailOptions, emailChannel } from '../../../connectors/notification/email.ts';
import { sendMail } from '../../../connectors/notification/smtp.ts';
import { Retryable } from '../../../schemas/errors.ts';
import { notification } from './receiver.ts';
import { type SmtpBehaviour, smtpReceiver } from './smtp-receiver.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-smtp-'));
after(() => rmSync(directory, { recursive: true }));
const [keyFile, certificateFile] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
execFileSync(
  'openssl',
  [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-keyout', keyFile, '-out', certificateFile, '-subj', '/CN=127.0.0.1'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1'],
  ],
  { stdio: 'pipe' },
);
const certificate = { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certificateFile, 'utf8') };

const { signal } = new AbortController();
const now = Date.UTC(2026, 2, 1, 12);

async function setUp(t: TestContext, behaviour: SmtpBehaviour, options: Partial<EmailOptions> = {}) {
  const receiver = await smtpReceiver(behaviour, certificate);
  t.after(() => receiver.close());
  const server = {
    host: '127.0.0.1',
    port: receiver.port,
    security: behaviour.security ?? 'none',
    username: null,
    password: null,
    ca: certificate.cert,
    timeoutMs: 20_000,
    ...options,
  } as const;
  const addresses = { from: 'Millrace <millrace@example.org>', to: ['a@example.org', 'Bö <b@example.org>'] };
  const refusals: (readonly string[])[] = [];
  const onRefused = (refused: readonly string[]) => refusals.push(refused);
  const channel = emailChannel({ ...addresses, now: () => now, onRefused, ...server });
  return { receiver, server, channel, refusals };
}

test('a mail has ASCII headers, words of any language in them, and its text whole', async (t) => {
  const { receiver, channel } = await setUp(t, {});
  const subject = `[WARNING] Wörter wandern, 🚨 ${'sehr '.repeat(40)}weit`;
  await channel.send(notification({ subject }), signal);
  const [mail = assert.fail('no mail came')] = receiver.mails;
  assert.equal(mail.from, 'millrace@example.org');
  assert.deepEqual(mail.to, ['a@example.org', 'b@example.org']);
  const at = mail.content.indexOf('\r\n\r\n');
  const [head, body] = [mail.content.slice(0, at), mail.content.slice(at + 4)];
  for (const line of mail.content.split('\r\n')) assert.ok(Buffer.byteLength(line) <= 100, line);
  const unfolded = head.replaceAll(/\r\n /g, ' ').split('\r\n');
  const header = (name: string) =>
    unfolded.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  assert.equal(header('Message-ID'), `<${notification().id}@example.org>`);
  assert.equal(header('Date'), 'Sun, 01 Mar 2026 12:00:00 +0000');
  assert.match(head, /^[\x20-\x7e\r\n]*$/);
  assert.equal(header('To'), 'a@example.org, =?UTF-8?B?QsO2?= <b@example.org>');
  const words = header('Subject')!
    .split(' ')
    .map((word) => /^=\?UTF-8\?B\?(.+)\?=$/.exec(word)![1]!);
  assert.equal(words.map((word) => Buffer.from(word, 'base64').toString()).join(''), subject);
  const text = Buffer.from(body, 'base64').toString();
  assert.ok(text.includes('Wörter <wandern>'));
  assert.ok(text.includes('since 2026-03-01T00:00:00.000Z'));
});

test('lines that begin with a dot arrive as they are, and a single dot ends nothing', async (t) => {
  const { receiver, server } = await setUp(t, {});
  const content = 'Subject: dots\r\n\r\n.\r\n..two\r\n.one\r\nend\r\n';
  await sendMail(server, { from: 'a@example.org', to: ['b@example.org'], content }, signal);
  assert.equal(receiver.mails[0]!.content, content);
});

for (const security of ['starttls', 'tls'] as const)
  for (const auth of ['PLAIN', 'LOGIN'] as const)
    test(`over ${security} with AUTH ${auth}`, async (t) => {
      const account = { username: 'mill', password: 'räce' };
      const { receiver, channel } = await setUp(t, { security, auth, account: 'mill:räce' }, account);
      await channel.send(notification(), signal);
      const [mail] = receiver.mails;
      assert.equal(mail!.isSecure, true);
      assert.equal(mail!.user, 'mill');
    });

test('a server that offers no protection gets neither password nor mail', async (t) => {
  const behaviour = { security: 'none', auth: 'PLAIN', account: 'u:p' } as const;
  const { receiver, channel } = await setUp(t, behaviour, {
    security: 'starttls',
    username: 'u',
    password: 'p',
  });
  await assert.rejects(channel.send(notification(), signal), /no STARTTLS/);
  assert.equal(receiver.mails.length, 0);
});

test('a certificate of nobody that is trusted is not spoken to', async (t) => {
  const { receiver, channel } = await setUp(t, { security: 'starttls' }, { ca: null });
  await assert.rejects(channel.send(notification(), signal), /self-signed certificate/);
  assert.equal(receiver.mails.length, 0);
});

test('a wrong password is final, and not repeated in the message', async (t) => {
  const behaviour = { security: 'starttls', auth: 'PLAIN', account: 'u:right' } as const;
  const { channel } = await setUp(t, behaviour, { username: 'u', password: 'wrong-one' });
  await assert.rejects(
    channel.send(notification(), signal),
    (error) =>
      error instanceof NotificationRefused &&
      /AUTH: 535/.test(error.message) &&
      !/wrong-one|AHU/.test(error.message),
  );
});

const later: readonly (readonly [string, SmtpBehaviour['answers'], RegExp])[] = [
  ['greylisting', { 'RCPT TO:': '451 4.7.1 try later' }, /451 4.7.1 try later/],
  ['a full disk', { DATA: '452 no space' }, /452/],
  ['silence', { MAIL: null }, /MAIL: no answer within 300 ms/],
];
for (const [name, answers, says] of later)
  test(`${name} is tried again`, async (t) => {
    const { receiver, channel } = await setUp(
      t,
      { ...(answers ? { answers } : {}) },
      name === 'silence' ? { timeoutMs: 300 } : {},
    );
    await assert.rejects(
      channel.send(notification(), signal),
      (error) => error instanceof Retryable && says.test(error.message),
    );
    assert.equal(receiver.mails.length, 0);
  });

test('one recipient that is refused does not keep the mail from the others; all of them do', async (t) => {
  const { receiver, channel, refusals } = await setUp(t, {
    answers: { 'RCPT TO:<a@': '550 5.1.1 no such user' },
  });
  await channel.send(notification(), signal);
  assert.deepEqual(receiver.mails[0]!.to, ['b@example.org']);
  assert.deepEqual(refusals, [['a@example.org: 550 5.1.1 no such user']]);
  receiver.behaviour = { answers: { 'RCPT TO:': '550 5.1.1 no such user' } };
  await assert.rejects(channel.send(notification(), signal), NotificationRefused);
});

test('a server that is not there, or goes away in the middle, is tried again', async (t) => {
  const { receiver, channel } = await setUp(t, { answers: { 'MAIL FROM': '421 closing' } });
  await assert.rejects(channel.send(notification(), signal), Retryable);
  await receiver.close();
  await assert.rejects(channel.send(notification(), signal), /ECONNREFUSED/);
});
