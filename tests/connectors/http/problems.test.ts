// Every way in which a request can fail, as its client sees it.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { HttpProblem } from '../../../connectors/http/problem.ts';
import { Misconfigured, Overloaded, Retryable } from '../../../schemas/errors.ts';
import { openSubject, post, problemIn, type Subject } from './subject.ts';

/** A door whose work throws something. */
const throwing = (t: TestContext, error: unknown): Promise<Subject> =>
  openSubject(t, {
    requests: {
      score: () => Promise.reject(error),
      accept: () => Promise.reject(error),
    },
  });

describe('errors of the work behind the door', () => {
  const cases: readonly (readonly [unknown, number, string, string | null])[] = [
    [new Overloaded('the queue holds 32768 texts', { code: 'queue-full' }), 429, 'queue-full', '1'],
    [
      new Retryable('redis://user:hush@x is down', { code: 'clickhouse-unreachable' }),
      503,
      'clickhouse-unreachable',
      '5',
    ],
    [new Misconfigured('no model', { code: 'unknown-task', fix: 'train it' }), 422, 'unknown-task', null],
    [new HttpProblem(403, 'tenant', 'not yours'), 403, 'tenant', null],
    [new Misconfigured('secret path /etc/x', { code: 'other', fix: '' }), 500, 'internal', null],
    [new TypeError('hush is undefined'), 500, 'internal', null],
    ['hush', 500, 'internal', null],
  ];
  for (const [error, status, code, retryAfter] of cases)
    it(`${error instanceof Error ? error.name : 'a text'} is ${status} ${code}`, async (t) => {
      const { url } = await throwing(t, error);
      for (const response of [
        await fetch(`${url}/v1/scores/x`),
        await post(`${url}/v1/comments`, { text: 'a' }),
      ]) {
        assert.equal(response.status, status);
        assert.equal(response.headers.get('retry-after'), retryAfter);
        const problem = await problemIn(response);
        assert.deepEqual([problem.status, problem.code], [status, code]);
        assert.equal(problem.requestId, response.headers.get('x-request-id'));
        assert.doesNotMatch(JSON.stringify(problem), /hush|secret/);
      }
    });

  it('is 503 where nothing comes in time', async (t) => {
    const { url } = await openSubject(t, {
      requests: { score: () => new Promise(() => {}) },
      behind: { answerTimeoutMs: 200 },
    });
    const problem = await problemIn(await fetch(`${url}/v1/scores/x`));
    assert.deepEqual([problem.status, problem.code], [503, 'too-slow']);
  });
});

describe('requests that cannot be read or used', () => {
  it('are told where they are wrong, whatever the form of the body', async (t) => {
    const { url } = await openSubject(t);
    const pointers = async (path: string, body: unknown): Promise<readonly string[]> => {
      const response = await post(`${url}${path}`, body);
      assert.equal(response.status, 422, `${path} ${JSON.stringify(body)}`);
      return (await problemIn(response)).errors!.map(({ pointer }) => pointer);
    };
    assert.deepEqual(await pointers('/v1/comments', { txt: 'a' }), ['/text', '/txt']);
    assert.deepEqual(await pointers('/v1/comments', [{ text: 'a' }, { text: 1 }]), ['/1/text']);
    assert.deepEqual(await pointers('/v1/prompts', { items: [{ text: 'a', 'a/b~': 1 }] }), [
      '/items/0/a~1b~0',
    ]);
    assert.deepEqual(await pointers('/v1/comments', []), ['']);
    assert.deepEqual(await pointers('/v1/comments', 7), ['']);
    assert.deepEqual(await pointers('/v1/comments', null), ['']);
    assert.deepEqual(await pointers('/v1/comments', { text: 'x'.repeat(65_537) }), ['/text']);
    assert.deepEqual(await pointers('/v1/comments', Array(1_001).fill({ text: 'a' })), ['']);
    assert.deepEqual(await pointers('/v1/feedback', { messageId: 'm', task: 't' }), ['/0']);
    assert.ok((await pointers('/v1/comments', Array(900).fill({}))).length <= 20);
    assert.ok((await pointers('/v1/comments', { text: 'a', eventTime: 'yesterday' })).includes('/eventTime'));
  });

  it('count UTF-16 units of texts, as the streams do', async (t) => {
    const { url } = await openSubject(t);
    assert.equal((await post(`${url}/v1/comments`, { text: '😀'.repeat(32_768) })).status, 202);
    assert.equal((await post(`${url}/v1/comments`, { text: '😀'.repeat(32_769) })).status, 422);
  });

  it('are refused with the status that says why', async (t) => {
    const { url } = await openSubject(t);
    const json = { 'content-type': 'application/json' };
    const cases: readonly (readonly [number, string, string, RequestInit])[] = [
      [400, 'malformed-json', '/v1/comments', { method: 'POST', headers: json, body: '{"text":' }],
      [
        400,
        'malformed-json',
        '/v1/comments',
        { method: 'POST', headers: json, body: Buffer.from([0x22, 0xff, 0x22]) },
      ],
      [400, 'malformed-json', '/v1/comments', { method: 'POST', headers: json, body: '' }],
      [415, 'content-type', '/v1/comments', { method: 'POST', body: 'text=a' }],
      [
        415,
        'content-encoding',
        '/v1/comments',
        { method: 'POST', headers: { ...json, 'content-encoding': 'gzip' }, body: 'x' },
      ],
      [405, 'method', '/v1/comments', {}],
      [405, 'method', '/v1/scores/x', { method: 'DELETE' }],
      [404, 'not-found', '/v1/nothing', {}],
      [400, 'bad-url', '/v1/scores/%zz', {}],
      [404, 'unknown-score', '/v1/scores/x', {}],
      [422, 'invalid-parameters', '/v1/stream?minToxicity=lots', {}],
      [422, 'invalid-parameters', '/v1/stream?colour=red', {}],
      [422, 'last-event-id', '/v1/stream?lastEventId=abc', {}],
      [503, 'no-models', '/v1/analyze', { method: 'POST', headers: json, body: '{"text":"a"}' }],
      [503, 'no-models', '/v2/models/toxicity', {}],
      [
        400,
        'idempotency-key',
        '/v1/comments',
        { method: 'POST', headers: { ...json, 'idempotency-key': 'a b' }, body: '{"text":"a"}' },
      ],
    ];
    for (const [status, code, path, init] of cases) {
      const response = await fetch(`${url}${path}`, init);
      assert.equal(response.status, status, `${path} ${code}`);
      assert.equal((await problemIn(response)).code, code);
    }
  });

  it('are 413 past the limit of bytes', async (t) => {
    const { url } = await openSubject(t, { door: { bodyBytesMax: 1_024 } });
    const response = await post(`${url}/v1/comments`, { text: 'a'.repeat(2_000) });
    assert.equal(response.status, 413);
    assert.equal((await problemIn(response)).code, 'body');
  });

  it('carry the member that clients of the Open Inference Protocol read', async (t) => {
    const { url } = await openSubject(t);
    const problem = await problemIn(await fetch(`${url}/v2/models/toxicity`));
    assert.equal(problem.error, problem.detail);
  });

  it('get an answer even where they are no HTTP', async (t) => {
    const { door, url } = await openSubject(t);
    const socket = connect(door.port, '127.0.0.1');
    socket.write('BLAH\r\n\r\n');
    const answer = await text(socket);
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json\r\n/);
    assert.equal(JSON.parse(answer.split('\r\n\r\n')[1]!).code, 'bad-request');
    assert.equal((await fetch(`${url}/live`)).status, 200);
  });
});

describe('request ids', () => {
  it('are the caller’s where they are sane, else made', async (t) => {
    const { url } = await openSubject(t);
    const idFor = async (given: string) =>
      (await fetch(`${url}/live`, { headers: { 'x-request-id': given } })).headers.get('x-request-id');
    assert.equal(await idFor('order-17/a:b'), 'order-17/a:b');
    for (const odd of ['', 'a b', '"<script>"', 'x'.repeat(129)])
      assert.match((await idFor(odd))!, /^[0-9a-f-]{36}$/);
  });
});
