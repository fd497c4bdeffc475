// The OpenAI-compatible endpoint against a server of our own: what is sent, what is tried again, what is not.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { openChatEndpoint } from '../../connectors/chat-endpoint.ts';

interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly delayMs?: number;
}

let server: Server;
let url: string;
let replies: Reply[] = [];
let seen: {
  readonly at: number;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
}[] = [];

const answer = (content: string): Reply => ({
  body: JSON.stringify({ choices: [{ message: { role: 'assistant', content } }] }),
});

before(async () => {
  server = createServer(async (request, response) => {
    seen.push({
      at: performance.now(),
      url: request.url!,
      authorization: request.headers.authorization,
      body: await jsonOf(request),
    });
    const { status = 200, headers = {}, body = '', delayMs = 0 } = replies.shift() ?? { status: 500 };
    setTimeout(() => response.writeHead(status, headers).end(body), delayMs);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  replies = [];
  seen = [];
});

async function jsonOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>;
}

const open = (options: Partial<Parameters<typeof openChatEndpoint>[0]> = {}) =>
  openChatEndpoint({
    url,
    model: 'small',
    requestsPerMinute: 60_000,
    retries: 2,
    timeoutMs: 2_000,
    backoffMs: 5,
    ...options,
  });
const prompt = { system: 'be brief', user: 'say it', temperature: 0.5, tokensMax: 10, seed: 7 };

test('the request is OpenAI’s, with the key where there is one', async () => {
  replies = [answer('said'), answer('again')];
  assert.equal(await open({ key: 'secret' }).complete(prompt), 'said');
  assert.equal(await open().complete({ ...prompt, system: undefined }), 'again');
  assert.equal(seen[0]!.url, '/v1/chat/completions');
  assert.deepEqual(
    seen.map(({ authorization }) => authorization),
    ['Bearer secret', undefined],
  );
  assert.deepEqual(seen[0]!.body, {
    model: 'small',
    messages: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'say it' },
    ],
    temperature: 0.5,
    max_tokens: 10,
    seed: 7,
  });
  assert.deepEqual(seen[1]!.body.messages, [{ role: 'user', content: 'say it' }]);
});

test('failures of the world are tried again, as late as the server asks, and then given up', async () => {
  replies = [{ status: 503 }, { status: 429, headers: { 'retry-after': '0.2' } }, answer('at last')];
  assert.equal(await open().complete(prompt), 'at last');
  assert.ok(seen[2]!.at - seen[1]!.at >= 195, `${seen[2]!.at - seen[1]!.at} ms`);
  replies = [
    { status: 500 },
    { status: 502, body: 'bad gateway' },
    { status: 500, body: 'still unwell' },
    answer('too late'),
  ];
  await assert.rejects(open().complete(prompt), {
    name: 'Retryable',
    code: 'endpoint-unavailable',
    message: /3 attempts.*still unwell/,
  });
  await assert.rejects(open({ url: 'http://127.0.0.1:59999/v1', retries: 1 }).complete(prompt), {
    message: /2 attempts.*ECONNREFUSED/,
  });
});

test('an answer that does not come in time is tried again', async () => {
  replies = [{ ...answer('late'), delayMs: 400 }, answer('in time')];
  assert.equal(await open({ timeoutMs: 100 }).complete(prompt), 'in time');
});

test('what is refused or in another form is said at once', async () => {
  for (const reply of [
    { status: 401, body: 'no key' },
    { status: 404, body: 'no such model' },
    { body: '{"text":"?"}' },
    { body: '<html>' },
  ]) {
    replies = [reply, answer('never')];
    await assert.rejects(open().complete(prompt), { name: 'Misconfigured', code: 'endpoint-refused' });
    assert.equal(replies.length, 1);
  }
});

test('requests begin no closer than the rate allows', async () => {
  replies = Array.from({ length: 5 }, () => answer('ok'));
  const endpoint = open({ requestsPerMinute: 1_200 });
  await Promise.all(Array.from({ length: 5 }, () => endpoint.complete(prompt)));
  assert.ok(seen[4]!.at - seen[0]!.at >= 4 * 50 - 40, `${seen[4]!.at - seen[0]!.at} ms`);
});

test('Ctrl-C ends waiting for an answer, for the rate and for another attempt', async () => {
  const reason = new Error('stopped by the test');
  for (const [reply, options] of [
    [{ ...answer('late'), delayMs: 1_000 }, {}],
    [{ status: 429, headers: { 'retry-after': '30' } }, {}],
  ] as const) {
    replies = [reply];
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    await assert.rejects(open(options).complete(prompt, controller.signal));
  }
  const slow = open({ requestsPerMinute: 1 });
  replies = [answer('first')];
  await slow.complete(prompt);
  await assert.rejects(slow.complete(prompt, AbortSignal.timeout(50)));
});
