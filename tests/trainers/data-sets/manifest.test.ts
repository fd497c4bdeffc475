// Manifests: what one must say, and an identity that neither the order of keys nor white space changes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { canonicalJson, manifestHash, parseManifest } from '../../../trainers/data-sets/manifest.ts';
import { draftOf } from './written-set.ts';

const file = { path: 'a.jsonl', sha256: 'a'.repeat(64), bytes: 1, rows: 1, format: 'jsonl', split: 'train' };
const whole = { ...draftOf({ splits: { by: 'file' } }), files: [file] };

test('a manifest’s hash is that of its canonical JSON', () => {
  const manifest = parseManifest(whole, 'here');
  const turned = parseManifest(Object.fromEntries(Object.entries(whole).reverse()), 'there');
  assert.equal(manifestHash(manifest), manifestHash(turned));
  assert.equal(
    canonicalJson({ b: [1, { d: null, c: 'ä"' }], a: undefined, B: true }),
    '{"B":true,"b":[1,{"c":"ä\\"","d":null}]}',
  );
  assert.equal(manifestHash(manifest), createHash('sha256').update(canonicalJson(whole)).digest('hex'));
  const other = parseManifest({ ...whole, files: [{ ...file, sha256: 'b'.repeat(64) }] }, 'here');
  assert.notEqual(manifestHash(manifest), manifestHash(other));
});

test('what is wrong is named with its place', () => {
  const wrong: readonly (readonly [change: object, says: RegExp])[] = [
    [{ name: 'Two Words' }, /name/],
    [{ version: '1.0' }, /version/],
    [{ surprise: 1 }, /surprise/],
    [{ columns: { text: 'text' } }, /needs the column/],
    [{ kind: 'pairs', columns: { text: 'text', second: 'other' } }, /a label or a score/],
    [{ files: [] }, /files/],
    [{ files: [{ ...file, path: '../a.jsonl' }] }, /below the folder/],
    [{ files: [{ ...file, path: '/a.jsonl' }] }, /below the folder/],
    [{ files: [{ ...file, sha256: 'xyz' }] }, /SHA-256/],
    [{ files: [file, file] }, /named twice/],
    [{ files: [{ ...file, split: undefined }] }, /names none/],
    [{ files: [{ ...file, url: 'ftp://a.b/c' }] }, /url/],
    [{ splits: { by: 'hash', seed: 1, shares: { train: 0.5, test: 0.4 } } }, /sum up to 1/],
  ];
  for (const [change, says] of wrong)
    assert.throws(
      () => parseManifest({ ...whole, ...change }, 'sets/x/manifest.json'),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'data-manifest');
        assert.match(error.message, /^sets\/x\/manifest\.json is no manifest/);
        assert.match(error.message, says);
        return true;
      },
    );
});
