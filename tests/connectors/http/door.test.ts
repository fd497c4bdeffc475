// What the door does around every request: idempotency, draining, origins, scopes, its own description.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openAccess } from '../../../connectors/access/access.ts';
import { createKey } from '../../../connectors/access/keys.ts';
import type { Requests } from '../../../connectors/http/parts.ts';
import { Retryable } from '../../../schemas/errors.ts';
import { openSubject, post, problemIn } from './subject.ts';

describe('an idempotency key', { timeout: 60_000 }, () => {
  it('gets the first answer again, and refuses another body', async (t) => {
    let taken = 0;
    const accept: Requests['accept'] = async () => [`id-${++taken}`];
    const { url } = await openSubject(t, { requests: { accept } });
    const send = (body: object, key = 'k') => post(`${url}/v1/comments`, body, { 'idempotency-key': key });
    const first = await send({ text: 'a' });
    assert.equal(first.headers.get('idempotent-replayed'), null);
    const again = await send({ text: 'a' });
    assert.equal(again.status, 202);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    assert.deepEqual(await again.json(), await first.json());
    const other = await send({ text: 'b' });
    assert.equal(other.status, 422);
    assert.equal((await problemIn(other)).code, 'idempotency-mismatch');
    const elsewhere = await post(`${url}/v1/prompts`, { text: 'a' }, { 'idempotency-key': 'k' });
    assert.equal((await problemIn(elsewhere)).code, 'idempotency-mismatch');
    assert.deepEqual(await (await send({ text: 'a' }, 'k2')).json(), { accepted: 1, ids: ['id-2'] });
    assert.equal(taken, 2);
  });

  it('lets a second request wait for the first', async (t) => {
    const calls: ((ids: readonly string[]) => void)[] = [];
    const accept: Requests['accept'] = () => new Promise((resolve) => calls.push(resolve));
    const { url } = await openSubject(t, { requests: { accept } });
    const send = () => post(`${url}/v1/comments`, { text: 'a' }, { 'idempotency-key': 'k' });
    const both = [send(), send(), send()];
    while (calls.length === 0) await new Promise(setImmediate);
    calls[0]!(['one']);
    const answers = await Promise.all(both);
    assert.equal(calls.length, 1);
    assert.equal(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true').length, 2);
    for (const answer of answers) assert.deepEqual(await answer.json(), { accepted: 1, ids: ['one'] });
  });

  it('keeps refusals of the body, and nothing that may go well next time', async (t) => {
    let fails = true;
    const seeds: (string | null)[] = [];
    const accept: Requests['accept'] = async (_topic, _posted, { idSeed }) => {
      seeds.push(idSeed);
      if (fails) throw new Retryable('down', { code: 'down' });
      return ['now'];
    };
    const { url } = await openSubject(t, { requests: { accept } });
    const send = (body: object) => post(`${url}/v1/comments`, body, { 'idempotency-key': 'k' });
    assert.equal((await send({ text: 'a' })).status, 503);
    fails = false;
    assert.equal((await send({ text: 'a' })).status, 202);
    assert.equal(seeds[0], seeds[1], 'ids are derived from the same');
    const bad = () => post(`${url}/v1/comments`, { txt: 1 }, { 'idempotency-key': 'bad' });
    assert.equal((await bad()).headers.get('idempotent-replayed'), null);
    const repeat = await bad();
    assert.equal(repeat.headers.get('idempotent-replayed'), 'true');
    assert.equal((await problemIn(repeat)).code, 'invalid-body');
  });
});

describe('draining', { timeout: 60_000 }, () => {
  it('fails readiness, refuses what is new, finishes what runs, answers probes to the end', async (t) => {
    let answer = (_: null): void => {};
    let asked = false;
    const score: Requests['score'] = () => {
      asked = true;
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    const { url, door } = await openSubject(t, { requests: { score } });
    const running = fetch(`${url}/v1/scores/x`);
    while (!asked) await new Promise(setImmediate);
    let drained = false;
    const draining = door.drain(0, 50_000).then(() => {
      drained = true;
    });
    assert.equal((await fetch(`${url}/ready`)).status, 503);
    assert.equal((await fetch(`${url}/v2/health/ready`)).status, 503);
    assert.equal((await fetch(`${url}/live`)).status, 200);
    const late = await fetch(`${url}/v1/scores/y`);
    assert.deepEqual([late.status, late.headers.get('retry-after')], [503, '1']);
    assert.equal((await problemIn(late)).code, 'draining');
    assert.equal(drained, false);
    answer(null);
    assert.equal((await running).status, 404);
    await draining;
    assert.equal((await fetch(`${url}/metrics`)).status, 200);
  });

  it('takes requests while balancers look, and does not wait for ever', async (t) => {
    let asked = 0;
    const score: Requests['score'] = () => {
      asked += 1;
      return asked === 1 ? new Promise(() => {}) : Promise.resolve(null);
    };
    const { url, door } = await openSubject(t, { requests: { score } });
    const hanging = fetch(`${url}/v1/scores/x`).catch(() => null);
    while (asked === 0) await new Promise(setImmediate);
    const draining = door.drain(2_000, 100);
    assert.equal((await fetch(`${url}/ready`)).status, 503);
    assert.equal((await fetch(`${url}/v1/scores/y`)).status, 404);
    await draining;
    await door.close();
    await hanging;
  });
});

describe('other origins', () => {
  const ask = (url: string, origin: string) =>
    fetch(`${url}/v1/comments`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });

  it('may not read by default', async (t) => {
    const { url } = await openSubject(t);
    const answer = await ask(url, 'https://app.example.org');
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
    assert.equal(answer.status, 405);
  });

  it('may where they are named, errors included', async (t) => {
    const { url } = await openSubject(t, { behind: { corsOrigins: ['https://app.example.org'] } });
    const preflight = await ask(url, 'https://app.example.org');
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://app.example.org');
    assert.match(preflight.headers.get('access-control-allow-headers')!, /content-type/);
    const other = await ask(url, 'https://evil.example.org');
    assert.equal(other.headers.get('access-control-allow-origin'), null);
    const failed = await fetch(`${url}/v1/scores/x`, { headers: { origin: 'https://app.example.org' } });
    assert.equal(failed.status, 404);
    assert.equal(failed.headers.get('access-control-allow-origin'), 'https://app.example.org');
  });
});

it('asks keys for the scope of the route', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-keys-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const keysFile = join(directory, 'keys.json');
  const key = async (name: string, scope: 'read' | 'analyze') =>
    (await createKey(keysFile, { name, tenant: 'acme', ratePerSecond: null, scopes: [scope] }, 0)).text;
  const [reader, sender] = [await key('reader', 'read'), await key('sender', 'analyze')];
  const access = await openAccess({
    host: '0.0.0.0',
    open: false,
    keysFile,
    tokens: null,
    ratePerSecond: 100,
  });
  const tenants: string[] = [];
  const accept: Requests['accept'] = async (_topic, _posted, { tenant, mayNameTenants }) => {
    tenants.push(`${tenant} ${mayNameTenants}`);
    return ['x'];
  };
  const { door } = await openSubject(t, { requests: { accept }, door: { access, host: '0.0.0.0' } });
  const url = `http://127.0.0.1:${door.port}`;
  const status = async (key: string | null, path: string, body?: object) => {
    const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
    return (await (body ? post(url + path, body, headers) : fetch(url + path, { headers }))).status;
  };
  assert.equal(await status(sender, '/v1/comments', { text: 'a' }), 202);
  assert.equal(await status(reader, '/v1/comments', { text: 'a' }), 403);
  assert.equal(await status(reader, '/v1/scores/x'), 404);
  assert.equal(await status(sender, '/v1/scores/x'), 403);
  assert.equal(await status(sender, '/docs'), 200);
  assert.equal(await status(sender, '/v2'), 200);
  for (const path of ['/docs', '/docs/json', '/openapi.json', '/v1/stream', '/v2', '/metrics', '/nowhere'])
    assert.equal(await status(null, path), 401, path);
  for (const path of ['/live', '/ready', '/v2/health/live', '/v2/health/ready'])
    assert.equal(await status(null, path), 200, path);
  assert.deepEqual(tenants, ['acme false']);
});

it('counts requests by route and status, not by id', async (t) => {
  const { url, metrics } = await openSubject(t);
  for (const id of ['a', 'b', 'c']) await (await fetch(`${url}/v1/scores/${id}`)).text();
  await (await fetch(`${url}/no/${Math.random()}`)).text();
  const printed = async () => metrics.print();
  while (!(await printed()).includes('{route="unknown",method="GET",status="404"} 1'));
  assert.match(
    await printed(),
    /millrace_http_requests_total\{route="\/v1\/scores\/:id",method="GET",status="404"\} 3/,
  );
});

describe('the description', () => {
  interface Operation {
    readonly responses: object;
    readonly summary?: string;
    readonly requestBody?: {
      readonly content: { readonly 'application/json': { readonly schema: { anyOf?: unknown[] } } };
    };
  }
  it('names every route, and every reference in it leads somewhere', async (t) => {
    const { url } = await openSubject(t);
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, Operation>>;
    };
    assert.equal(document.openapi, '3.1.0');
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
    );
    const names = new Set(operations.map(({ name }) => name));
    for (const name of [
      'post /v1/analyze',
      'post /v1/comments',
      'post /v1/prompts',
      'post /v1/feedback',
      'get /v1/scores/{id}',
      'get /v1/stream',
      'get /v2',
      'get /v2/health/ready',
      'get /v2/models/{model}',
      'post /v2/models/{model}/infer',
      'post /v2/models/{model}/versions/{version}/infer',
      'get /metrics',
      'get /live',
      'get /ready',
    ])
      assert.ok(names.has(name), name);
    for (const { name, operation } of operations) {
      assert.ok(operation.summary, name);
      assert.ok(Object.keys(operation.responses).length > 0, name);
    }
    assert.doesNotMatch(JSON.stringify(document), /"\$ref":"#\/definitions/);
    const body = document.paths['/v1/comments']!.post!.requestBody!.content['application/json'].schema;
    assert.equal(body.anyOf?.length, 3);
  });

  it('is a page of which nothing comes from elsewhere', async (t) => {
    const { url } = await openSubject(t);
    const page = await fetch(`${url}/docs`);
    const policy = page.headers.get('content-security-policy')!;
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /https?:|validator/);
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!);
    assert.ok(files.length >= 4);
    for (const file of files) {
      assert.match(file, /^\/docs\//);
      assert.equal((await fetch(`${url}${file}`)).status, 200, file);
    }
  });
});
