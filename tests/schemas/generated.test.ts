// What is printed from the declarations is committed, so that people and other programs can read it; it must not lie.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { printedFiles } from '../../schemas/print/files.ts';

const directory = new URL('../../schemas/generated/', import.meta.url);

test('schemas/generated is what the declarations print; `npm run generate` renews it', () => {
  const committed = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.split('schemas/generated/')[1]!.replace(/^\/+/, ''));
  const printed = printedFiles();
  assert.deepEqual(committed.sort(), [...printed.keys()].sort());
  for (const [name, text] of printed)
    assert.equal(readFileSync(new URL(name, directory), 'utf8'), text, name);
});
