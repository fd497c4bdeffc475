// The client against a server that misbehaves: what is asked again, what is not, and what the caller is told.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, beforeEach, test } from 'node:test';
import type { z } from 'zod';
import { MillraceClient } from '../../client/client.ts';
import { MillraceError } from '../../client/exchange.ts';
import type * as messages from '../../client/messages.ts';
import type * as requests from '../../schemas/requests.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const seen: { readonly path: string; readonly key: string | undefined; readonly last: string | undefined }[] =
  [];
let script: Answer[] = [];
const server: Server = createServer((request, response) => {
  const { 'idempotency-key': key, 'last-event-id': last } = request.headers;
  seen.push({ path: request.url!, key: key as string | undefined, last: last as string | undefined });
  request.resume();
  (script.shift() ?? status(500))(response, request);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => server.close());
beforeEach(() => {
  seen.length = 0;
});

const client = new MillraceClient({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  timeoutMs: 5_000,
});
const json =
  (value: unknown): Answer =>
  (response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
const status =
  (code: number, headers: Readonly<Record<string, string>> = {}, body = ''): Answer =>
  (response) =>
    response.writeHead(code, headers).end(body);
const broken: Answer = (response) => response.destroy();
const nobody = (): never => assert.fail('it was answered');
const problem = { type: 'urn:x', title: 'x', status: 422, code: 'body', detail: 'no text' };

test('what is over in a moment is asked again, under the same key', async () => {
  script = [status(503, { 'retry-after': '0' }), broken, status(429), json({ accepted: 1, ids: ['a'] })];
  assert.deepEqual(await client.publishComments([{ text: 'hello' }]), { accepted: 1, ids: ['a'] });
  assert.equal(seen.length, 4);
  assert.ok(seen[0]!.key);
  assert.equal(new Set(seen.map(({ key }) => key)).size, 1);
});

test('after the last attempt the caller is told', async () => {
  script = [status(503), status(503), status(503), status(503)];
  const refused = await client.analyze('x').then(nobody, (error: MillraceError) => error);
  assert.ok(refused instanceof MillraceError);
  assert.deepEqual([refused.status, refused.code, seen.length], [503, 'http-503', 4]);
});

test('a refusal is not asked again and keeps what the door says', async () => {
  script = [status(422, { 'content-type': 'application/problem+json' }, JSON.stringify(problem))];
  const refused = await client.analyze(['x']).then(nobody, (error: MillraceError) => error);
  assert.deepEqual([refused.code, refused.message, refused.problem], ['body', 'no text', problem]);
  assert.equal(seen.length, 1);
});

test('nobody there is an error of its own; no score yet is null', async () => {
  const lonely = new MillraceClient({ url: 'http://127.0.0.1:1', retries: 1 });
  const refused = await lonely.analyze('x').then(nobody, (error: MillraceError) => error);
  assert.deepEqual([refused.status, refused.code], [0, 'unreachable']);
  script = [status(404, {}, JSON.stringify({ ...problem, status: 404 })), json({ id: 's', messageId: 'a' })];
  assert.equal(await client.score('a/b'), null);
  assert.equal(seen[0]!.path, '/v1/scores/a%2Fb');
  assert.equal((await client.waitForScore('a'))?.id, 's');
});

test('an aborted signal ends the waiting between attempts', async () => {
  script = [status(503, { 'retry-after': '9' })];
  const waiting = client.analyze('x', { signal: AbortSignal.timeout(50) });
  await assert.rejects(waiting, { name: 'TimeoutError' });
  assert.equal(seen.length, 1);
});

test('a stream that breaks goes on where it was', async () => {
  const events = (text: string): Answer => status(200, { 'content-type': 'text/event-stream' }, text);
  script = [
    events(': hello\n\nid: 4.7\nevent: score\ndata: {"id":"one"}\n\nid: 4.8\nevent: score\ndata: {"id":'),
    broken,
    events('id: 4.8\nevent: score\ndata: {"id":\ndata: "two"}\n\n'),
  ];
  const ids: string[] = [];
  for await (const { id } of client.follow({ language: 'en', toxic: true })) if (ids.push(id) === 2) break;
  assert.deepEqual(ids, ['one', 'two']);
  assert.equal(seen[0]!.path, '/v1/stream?language=en&toxic=true');
  assert.deepEqual(
    seen.map(({ last }) => last),
    [undefined, '4.7', '4.7'],
  );
});

/** What the door's schemas say, without whether it may be changed. */
type Plain<T> = T extends (infer Item)[]
  ? Plain<Item>[]
  : T extends readonly (infer Item)[]
    ? Plain<Item>[]
    : T extends object
      ? { -readonly [K in keyof T]: Plain<T[K]> }
      : T;
type Same<A, B> = [Plain<A>] extends [Plain<B>] ? ([Plain<B>] extends [Plain<A>] ? true : never) : never;
type Posted<Topic extends requests.PostedTopic> = z.infer<(typeof requests.postable)[Topic]>;

test('its types are those of the door', () => {
  // Checked when this is compiled: `never` takes no value.
  const same: readonly [
    Same<messages.AnalyzeRequest, requests.AnalyzeRequest>,
    Same<messages.AnalyzeAnswer, requests.AnalyzeAnswer>,
    Same<messages.Comment, Posted<'comments'>>,
    Same<messages.Prompt, Posted<'prompts'>>,
    Same<messages.Feedback, Posted<'feedback'>>,
    Same<messages.Accepted, z.infer<typeof requests.acceptedAnswer>>,
  ] = [true, true, true, true, true, true];
  assert.ok(same.every(Boolean));
});
