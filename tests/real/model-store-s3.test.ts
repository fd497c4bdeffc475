// The model store in a bucket of a real S3 server (S3_ENDPOINT): the contract, the cache, and what goes wrong.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AwsClient } from 'aws4fetch';
import { openModelStore } from '../../connectors/model-store.ts';
import { openObjectStore } from '../../connectors/object-store/s3.ts';
import { Retryable } from '../../schemas/errors.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { openStack } from '../../streams/stack.ts';
import { assertMisconfigured, describeModelStore, madeRelease } from '../contract/model-store.ts';
import { execute } from '../streams/commands/executed.ts';
import { s3Endpoint } from './addresses.ts';
import { openGate } from './gate.ts';
import { describeLogin } from './s3-login.ts';

const bucket = `models-${randomUUID()}`;
const access = {
  endpoint: s3Endpoint(),
  region: 'us-east-1',
  accessKeyId: 'testing',
  secretAccessKey: 'testing',
  sessionToken: null,
};
const client = new AwsClient({
  accessKeyId: 'testing',
  secretAccessKey: 'testing',
  service: 's3',
  region: 'us-east-1',
});
const raw = async (method: string, key: string, body?: Uint8Array<ArrayBuffer>): Promise<void> => {
  const response = await client.fetch(`${s3Endpoint()}/${bucket}/${key}`, { method, body: body ?? null });
  assert.ok(response.ok, `${method} ${key}: ${response.status}`);
};
const objects = openObjectStore({ ...access, bucket });
const open = (prefix: string, more: object = {}) =>
  openModelStore(`s3://${bucket}/${prefix}`, { access, ...more });

let cacheDirectory: string;
before(async () => {
  await raw('PUT', '');
  cacheDirectory = await mkdtemp(join(tmpdir(), 'millrace-cache-'));
});
after(() => rm(cacheDirectory, { recursive: true, force: true }));

for (const prefix of ['', 'team a/models'])
  describeModelStore(`bucket, prefix “${prefix}”`, async () => {
    const inside = prefix === '' ? '' : `${prefix}/`;
    const keyOf = (path: string) => (inside + path).split('/').map(encodeURIComponent).join('/');
    return {
      open: () => open(prefix),
      tamper: (path, bytes) =>
        bytes === null ? raw('DELETE', keyOf(path)) : raw('PUT', keyOf(path), new Uint8Array(bytes)),
      async files() {
        const keys = (await objects.keys(inside)).map((key) => key.slice(inside.length));
        return keys.filter((key) => !key.startsWith('team a/') && key !== 'half/1.1.0/model.onnx').sort();
      },
      close: async () => {},
    };
  });

describe('a bucket', () => {
  it('with more keys than a page lists them all', async () => {
    const names = Array.from({ length: 1_005 }, (_, n) => `many/${String(n).padStart(4, '0')} & <more>+`);
    for (let at = 0; at < names.length; at += 50)
      await Promise.all(
        names.slice(at, at + 50).map((name) => objects.put(name, Buffer.from('x'), { absent: true })),
      );
    assert.deepEqual(await objects.keys('many/'), names);
  });

  it('keeps to the conditions of a write', async () => {
    const key = 'conditions';
    assert.equal(await objects.put(key, Buffer.from('one'), { absent: true }), true);
    assert.equal(await objects.put(key, Buffer.from('two'), { absent: true }), false);
    const { etag } = (await objects.get(key))!;
    assert.equal(await objects.put(key, Buffer.from('three'), { etag }), true);
    assert.equal(await objects.put(key, Buffer.from('four'), { etag }), false);
    assert.equal(await objects.put('gone', Buffer.from('five'), { etag }), false);
    assert.equal(String((await objects.get(key))!.bytes), 'three');
    assert.equal(await objects.get('gone'), null);
  });

  it('is read once: verified files come from this machine, rotten ones from the bucket again', async () => {
    await open('cached').publish(madeRelease('mood', '1.0.0'));
    const store = open('cached', { cacheDirectory });
    const first = await store.load('mood');
    const cached = await readdir(cacheDirectory);
    assert.equal(cached.length, 2);
    await raw('DELETE', 'cached/mood/1.0.0/model.onnx');
    assert.deepEqual((await store.load('mood')).files, first.files);
    for (const name of cached) await writeFile(join(cacheDirectory, name), 'rotten');
    await assertMisconfigured(store.load('mood'), 'model-damaged', /model\.onnx is damaged: it is missing/);
    await raw('PUT', 'cached/mood/1.0.0/model.onnx', new Uint8Array(first.files.get('model.onnx')!));
    assert.deepEqual((await store.load('mood')).files, first.files);
  });

  it('finishes a publication that was killed, when it is published again', async () => {
    const release = madeRelease('mood', '1.0.0');
    await raw('PUT', 'killed/mood/1.0.0/model.onnx', new Uint8Array(release.files.get('model.onnx')!));
    assert.equal(await open('killed').publish(release), true);
    assert.equal((await open('killed').load('mood')).manifest.version, '1.0.0');
  });

  it('that is missing, or an address that is none, is named with its fix', async () => {
    const missing = openModelStore('s3://there-is-no-such-bucket/x', { access });
    await assertMisconfigured(missing.list(), 'bucket-missing', /no bucket “there-is-no-such-bucket”/);
    await assertMisconfigured(missing.load('mood@1.0.0'), 'bucket-missing', /no bucket/);
    await assertMisconfigured(missing.publish(madeRelease('mood', '1.0.0')), 'bucket-missing', /no bucket/);
    for (const wrong of ['s3://', 's3://UPPER/x', 's3://x'])
      assert.throws(() => openModelStore(wrong, { access }), { code: 'bucket-address' });
    const anonymous = { access: { ...access, accessKeyId: null } };
    assert.throws(() => openModelStore('s3://bucket', anonymous), { code: 'bucket-login' });
  });
});

describe('a server that comes and goes', () => {
  it('is waited for a little, then Retryable; a short outage goes unnoticed', async () => {
    const gate = await openGate(s3Endpoint());
    const behind = openModelStore(`s3://${bucket}/gate`, { access: { ...access, endpoint: gate.url } });
    await open('gate').publish(madeRelease('mood', '1.0.0'));
    gate.shut();
    await assert.rejects(
      behind.list(),
      (error) => error instanceof Retryable && /does not answer/.test(error.message),
    );
    const loading = behind.load('mood');
    setTimeout(() => gate.open(), 100);
    assert.equal((await loading).manifest.version, '1.0.0');
    await gate.close();
  });
});

describe('the command line on a bucket', () => {
  let place: string;
  before(async () => {
    place = await mkdtemp(join(tmpdir(), 'millrace-s3-command-'));
  });
  after(() => rm(place, { recursive: true, force: true }));
  const run = (argv: readonly string[], more: Readonly<Record<string, string>> = {}, input = '') => {
    const directory = { MILLRACE_DATA_DIRECTORY: join(place, 'data') };
    return execute(argv, { env: { ...env, ...directory, ...more }, workingDirectory: place, input });
  };
  const env = {
    MILLRACE_MODELS_DIRECTORY: `s3://${bucket}/cli`,
    AWS_ENDPOINT_URL: s3Endpoint(),
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    MILLRACE_INFERENCE_WORKERS: '1',
  };

  /** Promotes over an open system, whose ledger notes it. */
  const promoted = async (release: string) => {
    const open = { ...env, MILLRACE_DATA_DIRECTORY: join(place, 'data'), MILLRACE_STREAMS: 'chain' };
    const stack = await openStack(loadConfiguration({ env: open }), async () => 1);
    try {
      return await execute(['models', 'promote', release], { env: open, workingDirectory: place, stack });
    } finally {
      await stack.close();
    }
  };

  it('imports, lists, promotes and answers from it; its files are kept on this machine', async () => {
    const shipped = await execute(['models', 'export', 'toxicity', 'toxicity.tar.gz'], {
      env: {},
      workingDirectory: place,
    });
    assert.equal(shipped.code, 0, shipped.stderr);
    const imported = await run(['models', 'import', 'toxicity.tar.gz']);
    assert.match(imported.stdout, /^toxicity@[\d.]+ is now in s3:/, imported.stderr);
    assert.equal((await promoted('toxicity')).code, 0);
    const listed = await run(['models', 'list']);
    assert.match(listed.stdout, /^toxicity@[\d.]+ +champion +yes/m);
    const input = 'you are a wonderful person\n';
    const answered = await run(['predict', '--model', 'toxicity@champion', '--json'], {}, input);
    assert.equal((JSON.parse(answered.stdout) as { label: string }).label, 'not-toxic', answered.stderr);
    assert.ok((await readdir(join(place, 'data', 'cache', 'models'))).length >= 2);
  });

  it('says what is wrong with its settings, and exits with 4 when the server is away', async () => {
    const anonymous = await run(['models', 'list'], { AWS_SECRET_ACCESS_KEY: '' });
    assert.equal(anonymous.code, 2);
    assert.match(anonymous.stderr, /models in a bucket need credentials.*AWS_SECRET_ACCESS_KEY/);
    const elsewhere = await run(['models', 'list'], { MILLRACE_MODELS_DIRECTORY: 'gs://x/y' });
    assert.match(elsewhere.stderr, /inference\.modelsDirectory has to be a folder, or `s3:/);
    const away = await run(['models', 'list'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:2' });
    assert.deepEqual([away.code, away.stdout], [4, '']);
    assert.match(away.stderr, /the object store at http:\/\/127\.0\.0\.1:2\/.* does not answer/);
  });
});

describeLogin();
