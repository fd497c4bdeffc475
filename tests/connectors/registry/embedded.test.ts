// The embedded schema registry: the contract, and what its file survives.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openEmbeddedRegistry } from '../../../connectors/registry/embedded.ts';
import { Misconfigured } from '../../../schemas/errors.ts';
import { describeRegistry, recordSchema } from '../../contract/registry.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-registry-'));
});
after(() => rm(folder, { recursive: true }));

describeRegistry('embedded', () => openEmbeddedRegistry({ file: join(folder, 'new', 'registry.json') }));

const misconfigured = (code: string) => (error: unknown) =>
  error instanceof Misconfigured && error.code === code && error.fix.length > 0;

describe('the embedded registry’s file', () => {
  it('brings ids and the compatibility rule back when it is opened again', async () => {
    const file = join(folder, 'again.json');
    const registry = await openEmbeddedRegistry({ file });
    const ids = [
      await registry.register('a', recordSchema('A')),
      await registry.register('b', recordSchema('B')),
    ];
    await registry.close();
    const again = await openEmbeddedRegistry({ file });
    assert.deepEqual(ids, [1, 2]);
    assert.equal(await again.schema(2), recordSchema('B'));
    assert.equal(await again.register('c', recordSchema('C')), 3);
    const retyped = recordSchema('A', { name: 'n', type: 'int' });
    await assert.rejects(again.register('a', retyped), misconfigured('incompatible-schema'));
    assert.equal(await again.register('d', recordSchema('A')), 1, 'one schema has one id under any subject');
  });

  it('is refused when it is damaged, and left as it is', async () => {
    for (const content of ['', '{"versions": [{"id": 1, "subj', '{"versions": [{"id": "x"}]}', '[]']) {
      const file = join(folder, 'damaged.json');
      await writeFile(file, content);
      await assert.rejects(openEmbeddedRegistry({ file }), misconfigured('registry-damaged'));
      assert.equal(await readFile(file, 'utf8'), content);
    }
  });

  it('does not matter half written', async () => {
    const file = join(folder, 'crash.json');
    const registry = await openEmbeddedRegistry({ file });
    await registry.register('a', recordSchema('A'));
    await writeFile(`${file}.next`, '{"versions": [{"id"');
    const again = await openEmbeddedRegistry({ file });
    assert.equal(await again.register('b', recordSchema('B')), 2);
  });

  it('is refused where it cannot be written', async () => {
    await writeFile(join(folder, 'not-a-folder'), '');
    const file = join(folder, 'not-a-folder', 'registry.json');
    await assert.rejects(openEmbeddedRegistry({ file }), (error: unknown) => error instanceof Misconfigured);
  });
});
