// The S3 client against a server that is unwell: retries, answers that get lost, and refusals with their fixes. What a
// real server does when it is well is in tests/real/model-store-s3.test.ts.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { openBucketStorage } from '../../connectors/model-store/bucket.ts';
import { type ObjectStore, openObjectStore } from '../../connectors/object-store/s3.ts';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

const error = (code: string, more = '') => `<Error><Code>${code}</Code><Message>no</Message>${more}</Error>`;

describe('a server that is unwell', () => {
  /** What the server says to the next requests, in order; the last one is repeated. */
  let answers: Answer[];
  let asked: IncomingMessage[];
  let endpoint: string;
  let objects: ObjectStore;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked.push(request);
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    answer(request, response, Buffer.concat(chunks));
  });
  const say =
    (status: number, text = '', headers: Record<string, string> = {}): Answer =>
    (_, response) =>
      response.writeHead(status, headers).end(text);
  const hangUp: Answer = (request) => request.socket.destroy();

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => void server.close());
  beforeEach(() => {
    asked = [];
    objects = openObjectStore({ ...access(), bucket: 'models' });
  });
  const access = () => ({
    endpoint,
    region: 'eu-test-1',
    accessKeyId: 'AKIATEST',
    secretAccessKey: 'hush',
    sessionToken: 'session',
  });

  it('is asked again, with signatures of their own, and given up as Retryable', async () => {
    answers = [say(503, error('SlowDown')), hangUp, say(500), say(200, 'at last', { etag: '"1"' })];
    assert.deepEqual(await objects.get('a b/c'), { bytes: Buffer.from('at last'), etag: '"1"' });
    assert.equal(asked.length, 4);
    for (const { url, headers } of asked) {
      assert.equal(url, '/models/a%20b/c');
      assert.match(headers.authorization!, /^AWS4-HMAC-SHA256 Credential=AKIATEST\/\d{8}\/eu-test-1\/s3\//);
      assert.equal(headers['x-amz-security-token'], 'session');
    }
    answers = [say(503, error('SlowDown'))];
    asked = [];
    await assert.rejects(
      objects.keys(''),
      (thrown) => thrown instanceof Retryable && /SlowDown/.test(thrown.message),
    );
    assert.equal(asked.length, 5);
  });

  it('that lost the answer to a conditional write is not mistaken for one that refused it', async () => {
    let stored: Buffer | undefined;
    const keep: Answer = (request, _, body) => {
      stored = body;
      request.socket.destroy();
    };
    answers = [keep, say(412, error('PreconditionFailed')), (_, response) => response.end(stored)];
    const storage = openBucketStorage('s3://models/x', { access: access() });
    assert.equal(await storage.replaceAliases('mood', '{"mine":1}', '"1"'), true);
    answers = [say(412, error('PreconditionFailed')), say(200, '{"others":1}')];
    assert.equal(await storage.replaceAliases('mood', '{"mine":1}', '"1"'), false);
  });

  it('without conditional writes is looked at before it is written to', async () => {
    const body = Buffer.from('new');
    answers = [say(501, error('NotImplemented')), say(404, error('NoSuchKey')), say(200)];
    assert.equal(await objects.put('key', body, { absent: true }), true);
    assert.deepEqual(
      asked.map(({ method, headers }) => [method, headers['if-none-match']]),
      [
        ['PUT', '*'],
        ['GET', undefined],
        ['PUT', undefined],
      ],
    );
    answers = [say(501, error('NotImplemented')), say(200, 'old', { etag: '"2"' })];
    assert.equal(await objects.put('key', body, { etag: '"1"' }), false);
  });

  it('is believed at once when it refuses: the fix is named, the secret is not', async () => {
    const refusals: readonly (readonly [Answer, code: string, fix: RegExp])[] = [
      [
        say(301, error('PermanentRedirect'), { 'x-amz-bucket-region': 'eu-west-3' }),
        'bucket-region',
        /AWS_REGION=eu-west-3/,
      ],
      [
        say(400, error('AuthorizationHeaderMalformed', '<Region>us-west-2</Region>')),
        'bucket-region',
        /us-west-2/,
      ],
      [say(403, error('ExpiredToken')), 'bucket-login', /AWS_SESSION_TOKEN/],
      [say(403, error('AccessDenied')), 'bucket-login', /Allow this key/],
      [say(403, error('RequestTimeTooSkewed')), 'bucket-clock', /clock/],
      [say(404, error('NoSuchBucket')), 'bucket-missing', /Create it/],
      [say(418, 'a teapot'), 'bucket-refused', /AWS_ENDPOINT_URL/],
    ];
    for (const [answer, code, fix] of refusals) {
      answers = [answer];
      asked = [];
      await assert.rejects(objects.get('key'), (thrown) => {
        assert.ok(thrown instanceof Misconfigured, String(thrown));
        assert.deepEqual([thrown.code, asked.length], [code, 1]);
        assert.match(thrown.fix, fix);
        assert.doesNotMatch(thrown.message + thrown.fix, /hush/);
        return true;
      });
    }
  });

  it('that breaks off in the middle of a file is asked for it again', async () => {
    const breakOff: Answer = (request, response) => {
      response.writeHead(200, { 'content-length': '1000', etag: '"1"' }).write('half');
      setTimeout(() => request.socket.destroy(), 20);
    };
    answers = [breakOff, say(200, 'whole', { etag: '"1"' })];
    assert.equal(String((await objects.get('key'))!.bytes), 'whole');
  });
});
