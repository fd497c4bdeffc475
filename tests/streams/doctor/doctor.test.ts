// The doctor on this very machine: true findings, a fix for every failure, and no waiting for what is not there.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { examineMachine } from '../../../streams/doctor/doctor.ts';
import { find } from '../../../streams/doctor/finding.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'millrace-doctor-'));
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
  rmSync(directory, { recursive: true });
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.on('connection', (socket) => socket.unref());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

async function examine(env: Readonly<Record<string, string>>) {
  const findings = await examineMachine(
    loadConfiguration({ env: { MILLRACE_DATA_DIRECTORY: directory, ...env } }),
  );
  for (const { name, status, detail, fix } of findings) {
    assert.ok(detail.length > 0 && !detail.includes('\n'), name);
    if (status === 'failed') assert.ok(fix, `${name} has a fix`);
  }
  return (name: string) =>
    findings.find((finding) => finding.name === name) ?? assert.fail(`no finding ${name}`);
}

describe('on this machine', () => {
  it('finds what is here, and servers that are not configured absent', async () => {
    const about = await examine({});
    assert.match(about('Node').detail, new RegExp(`^${process.version} `));
    assert.match(about('data directory').detail, /is writable, [\d.]+ GiB free$/);
    assert.match(about('ONNX Runtime').detail, /^onnxruntime-node \d/);
    assert.deepEqual(about('provider cpu'), { name: 'provider cpu', status: 'ok', detail: 'a session ran' });
    assert.match(about('chdb').detail, /^ClickHouse \d+\.\d+/);
    for (const name of ['Kafka', 'schema registry', 'ClickHouse server', 'Redis'])
      assert.equal(about(name).status, 'absent', name);
  });

  it('finds servers that refuse, and servers that answer', async () => {
    const api = createHttpServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
      if (pathname === '/registry/subjects') response.end('["a","b"]');
      else if (searchParams.get('query') && request.headers['x-clickhouse-key'] === 'p')
        response.end('26.7.1\n');
      else response.writeHead(403).end('who are you?');
    });
    const address = await listen(api);
    const nobody = '127.0.0.1:9';
    const about = await examine({
      KAFKA_BROKERS: nobody,
      REDIS_URL: `redis://${nobody}`,
      SCHEMA_REGISTRY_URL: `http://${address}/registry/`,
      CLICKHOUSE_URL: `http://${address}`,
      CLICKHOUSE_PASSWORD: 'p',
    });
    assert.equal(about('schema registry').detail, '2 subjects');
    assert.equal(about('ClickHouse server').detail, 'version 26.7.1');
    assert.equal(about('Kafka').status, 'failed');
    assert.match(about('Kafka').fix ?? '', /127\.0\.0\.1:9/);
    assert.equal(about('Redis').status, 'failed');
    assert.match(about('Redis').detail, /ECONNREFUSED/);
    assert.equal(about('Node').status, 'ok');
  });

  it('says what a server answered, that one is silent, that a file is no directory, that models are missing', async () => {
    const silent = await listen(createServer());
    const refusing = await listen(
      createHttpServer((_, response) => response.writeHead(500).end('out of order')),
    );
    const file = path.join(directory, 'file');
    writeFileSync(file, '');
    const about = await examine({
      SCHEMA_REGISTRY_URL: `http://${silent}`,
      CLICKHOUSE_URL: `http://${refusing}`,
      MILLRACE_DATA_DIRECTORY: path.join(file, 'below'),
      MILLRACE_MODELS_DIRECTORY: path.join(directory, 'no-models'),
    });
    assert.match(about('schema registry').detail, /no answer within 4 s|aborted/);
    assert.match(about('ClickHouse server').detail, /answered 500: out of order/);
    assert.match(about('data directory').detail, /is a file/);
    assert.equal(about('models').status, 'failed');
  });
});

describe('an examination', () => {
  it('that throws or never ends is a finding', async () => {
    const base = { name: 'x', timeoutMs: 50, fix: 'Do something.' };
    const examine = (body: () => Promise<never>) => find({ ...base, examine: body });
    const thrown = await examine(async () => {
      throw new Error('fetch failed', { cause: new Error('connect ECONNREFUSED') });
    });
    assert.deepEqual(thrown, {
      name: 'x',
      status: 'failed',
      detail: 'fetch failed: connect ECONNREFUSED',
      fix: 'Do something.',
    });
    const silent = await examine(() => new Promise(() => {}));
    assert.equal(silent.detail, 'no answer within 0.05 s');
  });
});
