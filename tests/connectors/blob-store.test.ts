// The store of files by hash: whole or not at all, checked while they stream, over HTTP too.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { blobPath, contentOf, fetchBytes, keepBlob, nameOf } from '../../connectors/blob-store.ts';

let root: string;
let server: Server;
let address: string;
const bytes = randomBytes(3_000_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const expected = { sha256, bytes: bytes.length };

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-blobs-'));
  server = createServer((request, response) => {
    if (request.url === '/unwell') response.writeHead(503).end();
    else if (request.url === '/cut')
      response
        .writeHead(200, { 'content-length': bytes.length })
        .write(bytes.subarray(0, 100_000), () => response.destroy());
    else if (request.url === '/set.jsonl.gz') response.end(bytes);
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await rm(root, { recursive: true, force: true });
});

const filesOf = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).flatMap((entry) =>
    entry.isFile() ? [entry.name] : [],
  );

test('a file is fetched once, under its hash, and the same bytes again change nothing', async () => {
  const store = join(root, 'fetched');
  const seen: number[] = [];
  const url = `${address}/set.jsonl.gz`;
  const found = await keepBlob(store, fetchBytes(url), {
    expected,
    name: url,
    onProgress: (at) => seen.push(at),
  });
  assert.deepEqual(found, expected);
  assert.equal(seen.at(-1), bytes.length);
  assert.deepEqual(await readFile(blobPath(store, sha256)), bytes);
  assert.deepEqual(await contentOf(blobPath(store, sha256)), expected);
  await writeFile(join(root, 'copy.jsonl.gz'), bytes);
  const copy = pathToFileURL(join(root, 'copy.jsonl.gz')).href;
  assert.deepEqual(await keepBlob(store, fetchBytes(copy), { name: copy }), expected);
  assert.deepEqual(await filesOf(store), [sha256]);
  assert.equal(nameOf(url), 'set.jsonl.gz');
});

test('other bytes than expected are refused, with both hashes, and not kept', async () => {
  const store = join(root, 'other');
  const wanted = { sha256: 'a'.repeat(64), bytes: 1 };
  await assert.rejects(
    keepBlob(store, fetchBytes(`${address}/set.jsonl.gz`), { expected: wanted, name: 'the set' }),
    (error: Error & { code: string; fix: string }) => {
      assert.equal(error.code, 'data-mismatch');
      for (const part of ['the set', sha256, 'a'.repeat(64), '3000000'])
        assert.ok(error.message.includes(part), part);
      assert.match(error.fix, /data add/);
      return true;
    },
  );
  assert.deepEqual(await filesOf(store), []);
});

test('a server that is unwell, away or breaks off is unwell; one without the file is wrong', async () => {
  const store = join(root, 'unwell');
  const keep = (url: string) => keepBlob(store, fetchBytes(url), { expected, name: url });
  await assert.rejects(keep(`${address}/unwell`), { name: 'Retryable', code: 'data-offline' });
  await assert.rejects(keep(`${address}/cut`), { name: 'Retryable', code: 'data-offline' });
  await assert.rejects(keep('http://127.0.0.1:59999/set'), {
    name: 'Retryable',
    code: 'data-offline',
    message: /127\.0\.0\.1:59999.*ECONNREFUSED/,
  });
  await assert.rejects(keep(`${address}/nothing`), {
    name: 'Misconfigured',
    code: 'data-missing',
    message: /404/,
  });
  await assert.rejects(keep(pathToFileURL(join(root, 'nothing')).href), { code: 'data-missing' });
  assert.deepEqual(await filesOf(store), []);
});

test('Ctrl-C leaves nothing', async () => {
  const store = join(root, 'aborted');
  const controller = new AbortController();
  async function* endless() {
    for (let pieces = 0; ; pieces += 1) {
      if (pieces === 20) controller.abort(new Error('stopped by the test'));
      yield Buffer.alloc(65_536);
    }
  }
  await assert.rejects(keepBlob(store, endless(), { name: 'endless', signal: controller.signal }));
  assert.deepEqual(await filesOf(store), []);
});

test('what a killed process left is removed by the next, and what a living one writes is not', async () => {
  const store = join(root, 'killed');
  const script = `import { keepBlob } from ${JSON.stringify(pathToFileURL(fileURLToPath(new URL('../../connectors/blob-store.ts', import.meta.url))).href)};
    async function* slow() { for (;;) { yield Buffer.alloc(100_000); console.log('.'); await new Promise((done) => setTimeout(done, 5)); } }
    await keepBlob(${JSON.stringify(store)}, slow(), { name: 'slow' });`;
  const child = spawn(process.execPath, [
    '--import',
    import.meta.resolve('tsx'),
    '--input-type=module',
    '-e',
    script,
  ]);
  await once(child.stdout, 'data');
  await keepBlob(store, Readable.from([Buffer.from('meanwhile')]), { name: 'beside it' });
  assert.equal((await filesOf(store)).filter((name) => name.endsWith('.part')).length, 1);
  child.kill('SIGKILL');
  await once(child, 'close');
  await keepBlob(store, Readable.from([bytes]), { expected, name: 'again' });
  const left = await filesOf(store);
  assert.deepEqual(
    left.filter((name) => name.endsWith('.part')),
    [],
  );
  assert.equal(left.length, 2);
});
