// The peers' contract: plain Node makes the features that vectors.json promises.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

interface Vector {
  readonly text: string;
  readonly light: readonly number[];
  readonly heavy: readonly number[];
}

const peers = new URL('../../load-tests/peers/', import.meta.url);
const vectors = JSON.parse(readFileSync(new URL('vectors.json', peers), 'utf8')) as readonly Vector[];

test('Node hashes as the vectors say', async () => {
  const { features } = (await import(new URL('node/contract.mjs', peers).href)) as {
    features: (text: string, heavy: boolean) => number[];
  };
  for (const { text, light, heavy } of vectors) {
    assert.deepEqual(features(text, false), light, text);
    assert.deepEqual(features(text, true), heavy, text);
  }
  const long = Array.from({ length: 300 }, (_, at) => `w${at}`).join(' ');
  assert.equal(features(long, false).length, 128);
  assert.equal(features(long, true).length, 128);
});

test('the scripts that k6 runs are modules that Node can read', () => {
  for (const name of ['requests.js', 'scenarios.js']) {
    const file = fileURLToPath(new URL(`../k6/${name}`, peers));
    execFileSync(process.execPath, ['--input-type=module', '--check'], { input: readFileSync(file) });
  }
});
