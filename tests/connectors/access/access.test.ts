// Who comes in, at which address, how often.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type AccessOptions, openAccess } from '../../../connectors/access/access.ts';
import { Denial } from '../../../connectors/access/caller.ts';
import { createKey } from '../../../connectors/access/keys.ts';
import { isLoopback } from '../../../connectors/access/loopback.ts';
import { problemOf } from '../../../connectors/access/problem.ts';
import { RateLimit } from '../../../connectors/access/rate-limit.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-access-'));
after(() => rmSync(root, { recursive: true }));
const keysFile = join(root, 'keys.json');
const { text: reader } = await createKey(
  keysFile,
  { name: 'reader', tenant: 'acme', ratePerSecond: 2, scopes: ['read'] },
  0,
);
const none = join(root, 'none.json');
const outside: AccessOptions = { host: '0.0.0.0', open: false, keysFile, tokens: null, ratePerSecond: 5 };
const local = { host: 'localhost:8080' };

async function statusOf(options: AccessOptions, headers: Record<string, string>): Promise<number> {
  const found = await (await openAccess(options)).admit(headers, 'read');
  return found instanceof Denial ? found.status : 200;
}

describe('access', () => {
  it('does not open to strangers by mistake', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'millrace.internal', '::ffff:10.0.0.1', ''])
      await assert.rejects(openAccess({ ...outside, host, keysFile: none }), {
        name: 'Misconfigured',
        code: 'http-strangers',
        fix: /HTTP_OPEN=true/,
      });
    assert.equal(await statusOf({ ...outside, keysFile: none, open: true }, {}), 200);
    assert.equal(await statusOf({ ...outside, keysFile: none, host: '127.0.0.1' }, local), 200);
  });

  it('knows loopback from everything else', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost', '::ffff:127.0.0.1'])
      assert.ok(isLoopback(host), host);
    for (const host of [
      '0.0.0.0',
      '::',
      '10.0.0.1',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '',
      '1270.0.0.1',
    ])
      assert.ok(!isLoopback(host), host);
  });

  it('takes a key by either header, and refuses strangers and wrong credentials outside loopback', async () => {
    assert.equal(await statusOf(outside, { 'x-api-key': reader }), 200);
    assert.equal(await statusOf(outside, { authorization: `Bearer ${reader}` }), 200);
    assert.equal(await statusOf(outside, { authorization: `bearer  ${reader}` }), 200);
    const refused = [
      {},
      { 'x-api-key': '' },
      { 'x-api-key': `${reader}x` },
      { authorization: `Basic ${reader}` },
    ];
    for (const headers of refused)
      assert.equal(await statusOf(outside, headers), 401, JSON.stringify(headers));
    assert.equal(await statusOf(outside, { authorization: 'Bearer a.b.c' }), 401, 'no tokens are configured');
  });

  it('believes no header that says where a request is from', async () => {
    for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via'])
      assert.equal(await statusOf(outside, { ...local, [name]: '127.0.0.1' }), 401, name);
  });

  it('lets this machine in on loopback, but not what a proxy or a web page sends there', async () => {
    const inside = { ...outside, host: '127.0.0.1' };
    for (const host of ['127.0.0.1:8080', 'localhost', '[::1]:8080'])
      assert.equal(await statusOf(inside, { host }), 200, host);
    assert.equal(await statusOf(inside, { ...local, 'x-forwarded-for': '127.0.0.1' }), 401);
    assert.equal(await statusOf(inside, { host: 'rebound.evil.example:8080' }), 401);
    assert.equal(await statusOf(inside, {}), 401, 'no Host header');
    assert.equal(
      await statusOf(inside, { ...local, 'x-api-key': 'mr_wrong' }),
      401,
      'a wrong key is not passed over',
    );
    assert.equal(await statusOf(inside, { host: 'behind.example', 'x-api-key': reader }), 200);
  });

  it('keeps a key to its scopes and to its rate', async () => {
    let now = 0;
    const access = await openAccess({ ...outside, monotonicMs: () => now });
    const headers = { 'x-api-key': reader };
    const forbidden = await access.admit(headers, 'admin');
    assert.ok(forbidden instanceof Denial && forbidden.status === 403 && forbidden.code === 'scope');
    const caller = await access.admit(headers, 'read');
    assert.ok(!(caller instanceof Denial) && caller.tenant === 'acme' && caller.kind === 'key');
    assert.ok(!((await access.admit(headers, 'read')) instanceof Denial));
    const third = await access.admit(headers, 'read');
    assert.ok(third instanceof Denial && third.status === 429 && third.retryAfterSeconds === 1);
    now += 500;
    assert.ok(!((await access.admit(headers, 'read')) instanceof Denial));
  });

  it('answers 503 while the keys cannot be read: nobody is let in, and nobody is told to go away for good', async () => {
    let now = 0;
    const file = join(root, 'broken.json');
    const { text } = await createKey(
      file,
      { name: 'a', tenant: 't', ratePerSecond: null, scopes: ['read'] },
      0,
    );
    const access = await openAccess({ ...outside, keysFile: file, monotonicMs: () => now });
    assert.ok(!((await access.admit({ 'x-api-key': text }, 'read')) instanceof Denial));
    writeFileSync(file, '{');
    now += 5_000;
    const found = await access.admit({ 'x-api-key': text }, 'read');
    assert.ok(found instanceof Denial && found.status === 503);
  });
});

describe('refusals', () => {
  it('are problem details with what the client needs to go on', () => {
    const { status, headers, body } = problemOf(new Denial(429, 'rate', 'Too many requests.', 3));
    assert.equal(status, 429);
    assert.equal(headers['content-type'], 'application/problem+json');
    assert.equal(headers['retry-after'], '3');
    assert.deepEqual(JSON.parse(body), {
      type: 'urn:millrace:problem:rate',
      title: 'Too many requests',
      status: 429,
      detail: 'Too many requests.',
      code: 'rate',
    });
    assert.match(problemOf(new Denial(401, 'key', 'No.')).headers['www-authenticate'] ?? '', /^Bearer/);
  });
});

describe('rate limit', () => {
  it('allows a second’s worth at once, then the rate, each caller apart', () => {
    let now = 0;
    const limit = new RateLimit(() => now);
    const passed = (id: string, tries: number): number =>
      Array.from({ length: tries }, () => limit.take(id, 10)).filter((wait) => wait === 0).length;
    assert.equal(passed('a', 50), 10);
    assert.equal(passed('b', 50), 10);
    let total = 0;
    for (let tick = 0; tick < 100; tick += 1) {
      now += 100;
      total += passed('a', 5);
    }
    assert.equal(total, 100);
    now += 3_600_000;
    assert.equal(passed('a', 50), 10, 'what was not used is not saved up');
  });

  it('tells a slow rate how long to wait, and remembers a bounded number of callers', () => {
    const limit = new RateLimit(() => 0);
    assert.equal(limit.take('slow', 0.1), 0);
    assert.equal(limit.take('slow', 0.1), 10);
    for (let index = 0; index < 20_000; index += 1) limit.take(`c${index}`, 1);
    assert.equal(limit.size, 10_000);
  });
});
