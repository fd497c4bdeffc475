// The probes as strangers, slow clients and browsers meet them: over real sockets, with a real certificate.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { openAccess } from '../../../connectors/access/access.ts';
import { createKey } from '../../../connectors/access/keys.ts';
import { type Door, type DoorOptions, startDoor } from '../../../connectors/http.ts';
import { createMetrics } from '../../../connectors/metrics.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-door-'));
const keysFile = join(root, 'keys.json');
const newKey = (name: string, ratePerSecond: number | null, ...scopes: ('read' | 'analyze')[]) =>
  createKey(keysFile, { name, tenant: 'default', ratePerSecond, scopes }, 0);
const { text: reader } = await newKey('reader', null, 'read');
const { text: sender } = await newKey('sender', null, 'analyze');
const { text: slow } = await newKey('slow', 0.01, 'read');

const running: Door[] = [];
afterEach(async () => {
  for (const door of running.splice(0)) await door.close();
});
after(() => rmSync(root, { recursive: true }));

/** Listens on every address, as in a container, and answers at 127.0.0.1. */
async function start(options: Partial<DoorOptions> = {}): Promise<{ url: string; port: number }> {
  const access = await openAccess({
    host: '0.0.0.0',
    open: false,
    keysFile,
    tokens: null,
    ratePerSecond: 100,
  });
  const metrics = createMetrics();
  const notReady = () => ['redis://user:hush@cache is down'];
  const door = await startDoor({ host: '0.0.0.0', port: 0, access, metrics, notReady, ...options });
  running.push(door);
  const scheme = options.tlsCertFile ? 'https' : 'http';
  return { url: `${scheme}://127.0.0.1:${door.port}`, port: door.port };
}

const problemOf = async (response: Response) => {
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  const problem = (await response.json()) as { status: number; code: string };
  assert.equal(problem.status, response.status);
  return [problem.status, problem.code];
};

/** A certificate for localhost, made here and now. */
function certificate(name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(root, `${name}.pem`), join(root, `${name}.key`)];
  const made = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    key,
    '-out',
    cert,
  ];
  const about = ['-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...made, ...about], { stdio: 'ignore' });
  return { cert, key };
}

describe('the probes outside loopback', () => {
  it('tell strangers whether, and callers why', async () => {
    const { url } = await start();
    assert.deepEqual(await (await fetch(`${url}/live`)).json(), { status: 'live' });
    const stranger = await fetch(`${url}/ready`);
    assert.deepEqual([stranger.status, await stranger.json()], [503, { status: 'not-ready' }]);
    const caller = await fetch(`${url}/ready`, { headers: { 'x-api-key': reader } });
    assert.equal(((await caller.json()) as { reasons: string[] }).reasons.length, 1);
  });

  it('refuse strangers everything else, known or not', async () => {
    const { url } = await start();
    for (const path of ['/metrics', '/', '/nowhere', '/live/', '/ready/../metrics'])
      assert.deepEqual(await problemOf(await fetch(url + path)), [401, 'no-credential'], path);
    assert.deepEqual(await problemOf(await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })), [
      401,
      'no-credential',
    ]);
    const spoofed = { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' };
    assert.equal((await fetch(`${url}/metrics`, { headers: spoofed })).status, 401);
  });

  it('serve who has a key, within its scopes and rate', async () => {
    const { url } = await start();
    const ask = (key: string) => fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${key}` } });
    const answer = await ask(reader);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /millrace_records_in_total/);
    assert.deepEqual(await problemOf(await ask(sender)), [403, 'scope']);
    assert.equal((await ask(slow)).status, 200);
    const limited = await ask(slow);
    assert.ok(Number(limited.headers.get('retry-after')) > 1);
    assert.deepEqual(await problemOf(limited), [429, 'rate']);
  });

  it('do not start without anything to tell strangers by', async () => {
    const metrics = createMetrics();
    const options = { host: '0.0.0.0', port: 0, metrics, notReady: () => [] };
    await assert.rejects(startDoor(options), { name: 'Misconfigured', code: 'http-strangers' });
  });
});

describe('the probes under bad clients', { timeout: 120_000 }, () => {
  it('close a connection that never finishes its headers, and go on answering', async () => {
    const { url, port } = await start({ headersTimeoutMs: 300, requestTimeoutMs: 600 });
    const sockets = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'));
    const closed = sockets.map((socket) => {
      socket.on('error', () => {});
      socket.resume();
      socket.write('GET /live HTTP/1.1\r\nHost: x\r\nX-Slow: ');
      return once(socket, 'close');
    });
    assert.equal((await fetch(`${url}/live`)).status, 200);
    await Promise.all(closed);
  });

  it('refuse a body past the limit, announced or not', async () => {
    // Who is refused and goes on sending is not read any more, and closed at the latest with the request’s time.
    const { url, port } = await start({
      bodyBytesMax: 1_024,
      headersTimeoutMs: 3_000,
      requestTimeoutMs: 3_000,
    });
    const announced = await fetch(`${url}/live`, { method: 'POST', body: 'x'.repeat(2_000) });
    assert.deepEqual(await problemOf(announced), [413, 'body']);
    // Short enough to be read; strangers may ask for the probes and nothing else.
    assert.equal((await fetch(`${url}/live`, { method: 'POST', body: 'x'.repeat(1_000) })).status, 401);
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    const closed = once(socket, 'close');
    socket.write('POST /live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `400\r\n${'x'.repeat(1_024)}\r\n`;
    while (!socket.destroyed && socket.writable) {
      socket.write(chunk);
      await wait(1);
    }
    await closed;
  });
});

describe('HTTPS', { timeout: 120_000 }, () => {
  it('serves with the certificate, TLS 1.2 at least, and renews it while it runs', async () => {
    const files = certificate('first');
    const second = certificate('second');
    const options = { tlsCertFile: files.cert, tlsKeyFile: files.key, tlsCheckMs: 20 };
    const { url, port } = await start(options);
    const status = await new Promise((resolve, reject) => {
      const ca = readFileSync(files.cert);
      const headers = { 'x-api-key': reader };
      request(`${url}/metrics`, { ca, headers, agent: false }, ({ statusCode }) => resolve(statusCode))
        .on('error', reject)
        .end();
    });
    assert.equal(status, 200);
    await assert.rejects(fetch(`${url}/live`), 'nobody signed the certificate');
    const old = connectTls({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
    });
    await assert.rejects(once(old, 'secureConnect'));
    copyFileSync(second.key, files.key);
    copyFileSync(second.cert, files.cert);
    while ((await nameShown(port)) !== 'second');
  });

  it('does not start with a certificate that cannot be used', async () => {
    const { cert } = certificate('a');
    const { key } = certificate('b');
    for (const [tlsCertFile, tlsKeyFile] of [
      [cert, key],
      [cert, join(root, 'missing.key')],
      [keysFile, key],
    ])
      await assert.rejects(start({ tlsCertFile: tlsCertFile!, tlsKeyFile: tlsKeyFile! }), {
        name: 'Misconfigured',
        code: 'http-tls',
        fix: /HTTP_TLS_CERT_FILE/,
      });
  });
});

/** Common name of the certificate that a server shows now. */
async function nameShown(port: number): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}
