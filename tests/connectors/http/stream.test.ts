// Server-sent events over real sockets and a real log: filters, resumption, slow readers, the end.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openAccess } from '../../../connectors/access/access.ts';
import { createKey } from '../../../connectors/access/keys.ts';
import { readEvents } from './event-reading.ts';
import { openSubject, problemIn, scoreOf } from './subject.ts';

describe('a stream of scores', { timeout: 120_000 }, () => {
  it('has what its filters want, with one reader for all', async (t) => {
    const { url, publish } = await openSubject(t);
    const toxic = await readEvents(`${url}/v1/stream?minToxicity=0.5&language=en&toxic=true`);
    const all = await readEvents(`${url}/v1/stream`);
    assert.equal(toxic.response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    await publish(
      scoreOf('mild', { toxicity: 0.1, toxic: false }),
      scoreOf('german', { toxicity: 0.9, toxic: true, language: 'de' }),
      scoreOf('prompt', { kind: 'prompt', quality: 40, toxicity: null }),
      scoreOf('rude', { toxicity: 0.9, toxic: true }),
    );
    const event = await toxic.next();
    assert.deepEqual([event!.event, event!.data.id], ['score', 'rude']);
    const ids = new Set<unknown>();
    for (let count = 0; count < 4; count += 1) ids.add((await all.next())!.data.id);
    assert.deepEqual(ids, new Set(['mild', 'german', 'prompt', 'rude']));
    toxic.close();
    all.close();
  });

  it('goes on where a client was, missing nothing and repeating nothing', async (t) => {
    const { url, publish } = await openSubject(t);
    const first = await readEvents(`${url}/v1/stream`);
    const seen: unknown[] = [];
    await publish(...Array.from({ length: 30 }, (_, index) => scoreOf(`a${index}`)));
    let last = '';
    for (let count = 0; count < 12; count += 1) {
      const event = await first.next();
      seen.push(event!.data.id);
      last = event!.id!;
    }
    first.close();
    await publish(...Array.from({ length: 30 }, (_, index) => scoreOf(`b${index}`)));
    const second = await readEvents(`${url}/v1/stream`, { 'last-event-id': last });
    // While it catches up, more comes.
    const more = publish(...Array.from({ length: 30 }, (_, index) => scoreOf(`c${index}`)));
    for (let count = 12; count < 90; count += 1) seen.push((await second.next())!.data.id);
    await more;
    assert.equal(new Set(seen).size, 90);
    second.close();
  });

  it('catches up again and again while messages are published all the time', async (t) => {
    const { url, publish } = await openSubject(t);
    const feeding = (async () => {
      for (let at = 0; at < 60; at += 1) {
        await publish(scoreOf(`s${at}a`), scoreOf(`s${at}b`), scoreOf(`s${at}c`));
        await wait(2);
      }
    })();
    const seen: unknown[] = [];
    let last = '0.0.0';
    while (seen.length < 180) {
      const reading = await readEvents(`${url}/v1/stream`, { 'last-event-id': last });
      for (let count = 0; count < 20 && seen.length < 180; count += 1) {
        const event = await reading.next();
        seen.push(event!.data.id);
        last = event!.id!;
      }
      reading.close();
    }
    await feeding;
    assert.equal(new Set(seen).size, 180);
  });

  it('sends comments while nothing happens', async (t) => {
    const { url, publish } = await openSubject(t);
    const reading = await readEvents(`${url}/v1/stream`);
    const waiting = reading.next();
    while (!reading.comments.includes('still here')) await wait(5);
    await publish(scoreOf('x'));
    assert.equal((await waiting)!.data.id, 'x');
    reading.close();
  });

  it('lets a slow reader go, with a word, and keeps the others', async (t) => {
    const { url, door, publish, metrics } = await openSubject(t, {
      behind: { streams: { clientsMax: 8, heartbeatMs: 60_000, bufferBytesMax: 262_144 } },
    });
    const quick = await readEvents(`${url}/v1/stream`);
    const slow = connect(door.port, '127.0.0.1');
    slow.pause();
    slow.write('GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    const clients = async () => /millrace_http_stream_clients (\d+)/.exec(await metrics.print())![1];
    while ((await clients()) !== '2') await wait(5);
    // More than the buffers of the kernel and ours hold together.
    const sent = 20_000;
    for (let from = 0; from < sent; from += 200) {
      await publish(...Array.from({ length: 200 }, () => scoreOf('m', { emotion: 'e'.repeat(1_000) })));
      for (let read = 0; read < 200; read += 1) assert.equal((await quick.next())!.event, 'score');
    }
    const heard = await text(slow);
    const events = heard.match(/^event: \w+$/gm)!;
    assert.ok(events.length < sent, `${events.length} events`);
    // A reader that takes its last word says so; one that does not even do that is cut off.
    assert.ok(events.at(-1) === 'event: dropped' || !heard.includes('event: dropped'));
    while ((await clients()) !== '1') await wait(5);
    await publish(scoreOf('after'));
    assert.equal((await quick.next())!.data.id, 'after');
    quick.close();
  });

  it('is refused past the number of listeners, and again possible when one has left', async (t) => {
    const { url } = await openSubject(t, {
      behind: { streams: { clientsMax: 1, heartbeatMs: 60_000, bufferBytesMax: 65_536 } },
    });
    const one = await readEvents(`${url}/v1/stream`);
    const refused = await fetch(`${url}/v1/stream`);
    assert.equal(refused.status, 503);
    assert.equal((await problemIn(refused)).code, 'stream-clients');
    one.close();
    for (let status = 503; status === 503; ) {
      const again = await readEvents(`${url}/v1/stream`);
      status = again.response.status;
      again.close();
    }
  });

  it('ends with an event when the process is about to end', async (t) => {
    const { url, door } = await openSubject(t);
    const reading = await readEvents(`${url}/v1/stream`);
    await door.drain(0, 30_000);
    assert.equal((await reading.next())!.event, 'closing');
    assert.equal(await reading.next(), null);
  });
});

it('callers get the scores of their own tenant', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-keys-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const keysFile = join(directory, 'keys.json');
  const key = (name: string, tenant: string, ...scopes: ('read' | 'admin')[]) =>
    createKey(keysFile, { name, tenant, ratePerSecond: null, scopes }, 0);
  const acme = await key('acme', 'acme', 'read');
  const boss = await key('boss', 'default', 'read', 'admin');
  const access = await openAccess({
    host: '0.0.0.0',
    open: false,
    keysFile,
    tokens: null,
    ratePerSecond: 100,
  });
  const { door, publish } = await openSubject(t, { door: { access, host: '0.0.0.0' } });
  const url = `http://127.0.0.1:${door.port}`;
  const as = ({ text }: { text: string }) => ({ 'x-api-key': text });
  const foreign = await fetch(`${url}/v1/stream?tenant=other`, { headers: as(acme) });
  assert.equal((await problemIn(foreign)).code, 'tenant');
  const own = await readEvents(`${url}/v1/stream`, as(acme));
  const any = await readEvents(`${url}/v1/stream?tenant=other`, as(boss));
  await publish(scoreOf('theirs', { tenant: 'other' }), scoreOf('ours', { tenant: 'acme' }));
  assert.equal((await own.next())!.data.id, 'ours');
  assert.equal((await any.next())!.data.id, 'theirs');
  own.close();
  any.close();
});
