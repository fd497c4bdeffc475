// The probes as a prober sees them.
import assert from 'node:assert/strict';
import { afterEach, it } from 'node:test';
import { openAccess } from '../../../connectors/access/access.ts';
import { type Door, type DoorOptions, startDoor } from '../../../connectors/http.ts';
import { createMetrics } from '../../../connectors/metrics.ts';

const running: Door[] = [];
afterEach(async () => {
  for (const probes of running.splice(0)) await probes.close();
});

async function start(options: Partial<DoorOptions> = {}): Promise<Door> {
  const metrics = createMetrics();
  const probes = await startDoor({ host: '127.0.0.1', port: 0, metrics, notReady: () => [], ...options });
  running.push(probes);
  return probes;
}

it('serves metrics in the exposition format', async () => {
  const { url, port } = await start();
  assert.ok(port > 0);
  const response = await fetch(`${url}/metrics?x=1`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(await response.text(), /^# TYPE millrace_records_in_total counter$/m);
});

it('is ready when nothing speaks against it, and says what does', async () => {
  let reasons: string[] = ['the log is not open'];
  const { url } = await start({ notReady: async () => reasons });
  const not = await fetch(`${url}/ready`);
  assert.equal(not.status, 503);
  assert.deepEqual(await not.json(), { status: 'not-ready', reasons: ['the log is not open'] });
  reasons = [];
  const ready = await fetch(`${url}/ready`);
  assert.equal(ready.status, 200);
  assert.deepEqual(await ready.json(), { status: 'ready', reasons: [] });
});

it('is alive until something says otherwise', async () => {
  assert.equal((await fetch(`${(await start()).url}/live`)).status, 200);
  const stuck = await start({ notLive: () => ['scoring has not turned for 90 s'] });
  const response = await fetch(`${stuck.url}/live`);
  assert.equal(response.status, 503);
  assert.deepEqual(await response.json(), {
    status: 'not-live',
    reasons: ['scoring has not turned for 90 s'],
  });
});

it('answers what it does not know, and what went wrong, as problems', async () => {
  const { url } = await start({
    notReady: () => {
      throw new Error('secret: no idea');
    },
  });
  const missing = await fetch(`${url}/nowhere`);
  assert.equal(missing.status, 404);
  assert.equal(missing.headers.get('content-type'), 'application/problem+json');
  assert.equal(((await missing.json()) as { code: string }).code, 'not-found');
  const posted = await fetch(`${url}/live`, { method: 'POST', body: 'x' });
  assert.equal(posted.status, 405);
  assert.equal(posted.headers.get('allow'), 'GET, HEAD');
  const broken = await fetch(`${url}/ready`);
  assert.equal(broken.status, 500);
  const text = await broken.text();
  assert.equal((JSON.parse(text) as { code: string }).code, 'internal');
  assert.doesNotMatch(text, /secret/);
});

it('refuses a port in use, naming it and the way out', async () => {
  const { port } = await start();
  await assert.rejects(start({ port }), {
    name: 'Misconfigured',
    code: 'http-listen',
    message: new RegExp(`127\\.0\\.0\\.1:${port}: the port is in use`),
    fix: /HTTP_PORT/,
  });
  const host = '192.0.2.1';
  const access = await openAccess({ host, open: true, keysFile: null, tokens: null, ratePerSecond: 1 });
  await assert.rejects(start({ host, access }), { code: 'http-listen', fix: /HTTP_HOST/ });
});

it('frees the port when closed, though a client keeps its connection', async () => {
  const first = await start();
  await (await fetch(`${first.url}/live`)).text();
  await first.close();
  running.length = 0;
  const second = await start({ port: first.port });
  assert.equal((await fetch(`${second.url}/live`)).status, 200);
});
