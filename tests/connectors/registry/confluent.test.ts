// The Confluent client against a small HTTP server: what reaches the registry, and how often.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { openConfluentRegistry } from '../../../connectors/registry/confluent.ts';
import { Misconfigured, Retryable } from '../../../schemas/errors.ts';

let server: Server | undefined;
const requests: IncomingMessage[] = [];
afterEach(() => {
  requests.length = 0;
  server?.closeAllConnections();
  server?.close();
});

async function answering(status: number, body: unknown): Promise<string> {
  server = createServer((request, response) => {
    requests.push(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the Confluent registry client', () => {
  it('asks once for an id that many ask for at once, and not again', async () => {
    const registry = await openConfluentRegistry({ url: await answering(200, { schema: '"string"' }) });
    const texts = await Promise.all(Array.from({ length: 50 }, () => registry.schema(7)));
    assert.deepEqual(new Set([...texts, await registry.schema(7)]), new Set(['"string"']));
    assert.deepEqual(
      requests.map(({ url }) => url),
      ['/schemas/ids/7'],
    );
  });

  it('remembers that an id is unknown', async () => {
    const registry = await openConfluentRegistry({ url: await answering(404, { error_code: 40403 }) });
    for (let n = 0; n < 20; n++) assert.equal(await registry.schema(8), null);
    assert.equal(requests.length, 1);
  });

  it('does not remember a failure', async () => {
    const registry = await openConfluentRegistry({ url: await answering(503, { message: 'starting' }) });
    for (let n = 0; n < 2; n++) await assert.rejects(registry.schema(9), Retryable);
    assert.equal(requests.length, 2);
  });

  it('says null for a schema that is not Avro', async () => {
    const registry = await openConfluentRegistry({
      url: await answering(200, { schema: '{}', schemaType: 'JSON' }),
    });
    assert.equal(await registry.schema(10), null);
  });

  it('sends its login, and says so when it is refused', async () => {
    const url = await answering(401, { message: 'who are you?' });
    const registry = await openConfluentRegistry({ url: `${url}/`, username: 'ada', password: 's3cret' });
    await assert.rejects(
      registry.subjects(),
      (error: unknown) => error instanceof Misconfigured && error.code === 'registry-login',
    );
    assert.equal(requests[0]?.url, '/subjects');
    assert.equal(requests[0]?.headers.authorization, `Basic ${btoa('ada:s3cret')}`);
  });

  it('is retryable and names the address when nobody answers', async () => {
    const registry = await openConfluentRegistry({ url: 'http://127.0.0.1:1' });
    await assert.rejects(registry.register('a', '"string"'), (error: unknown) => {
      return error instanceof Retryable && error.message.includes('http://127.0.0.1:1');
    });
  });
});
