// API keys as they are made, kept, changed and checked.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readKeys } from '../../../connectors/access/key-file.ts';
import { createKey, Keys, revokeKey } from '../../../connectors/access/keys.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-keys-'));
after(() => rmSync(root, { recursive: true }));
let files = 0;
const newFile = (): string => {
  files += 1;
  return join(root, `d${files}`, 'keys.json');
};
const key = (name: string) => ({ name, tenant: 'acme', ratePerSecond: null, scopes: ['analyze'] as const });

describe('API keys', () => {
  it('are 256 random bits, kept as a hash in a file of this user alone', async () => {
    const file = newFile();
    const { id, text } = await createKey(file, key('shop'), 0);
    assert.match(text, /^mr_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const content = readFileSync(file, 'utf8');
    assert.ok(!content.includes(text.slice('mr_0123456789ab_'.length)));
    const [stored] = await readKeys(file);
    assert.deepEqual(
      { ...stored, hash: '' },
      { ...key('shop'), id, created: '1970-01-01T00:00:00.000Z', hash: '' },
    );
    assert.deepEqual(readdirSync(join(file, '..')), ['keys.json'], 'neither lock nor draft is left behind');
  });

  it('are found by their whole text only', async () => {
    const file = newFile();
    const { id, text } = await createKey(file, key('a'), 0);
    const other = await createKey(file, key('b'), 0);
    const keys = new Keys(file);
    assert.equal((await keys.find(text))?.name, 'a');
    const secretOf = (given: string): string => given.slice(16);
    const wrong = [
      `mr_${id}_${secretOf(other.text)}`,
      `mr_${'0'.repeat(12)}_${secretOf(text)}`,
      text.slice(0, -1),
      `${text}x`,
      ` ${text}`,
      text.toUpperCase(),
      'mr_',
      '',
    ];
    for (const given of wrong) assert.equal(await keys.find(given), null, given);
  });

  it('come and go while a process runs', async () => {
    const file = newFile();
    let now = 0;
    const keys = new Keys(file, () => now);
    assert.equal(await keys.count(), 0);
    const { text } = await createKey(file, key('late'), 0);
    now += 2_000;
    assert.equal((await keys.find(text))?.name, 'late');
    assert.equal((await revokeKey(file, 'late')).name, 'late');
    now += 2_000;
    assert.equal(await keys.find(text), null);
    const again = await createKey(file, key('again'), 0);
    now += 2_000;
    assert.equal((await keys.find(again.text))?.name, 'again');
    rmSync(file);
    now += 2_000;
    assert.equal(await keys.find(again.text), null);
  });

  it('are all kept when many are made at once', async () => {
    const file = newFile();
    const names = Array.from({ length: 20 }, (_, index) => `k${index}`);
    await Promise.all(names.map((name) => createKey(file, key(name), 0)));
    assert.deepEqual((await readKeys(file)).map(({ name }) => name).sort(), names.sort());
  });

  it('are not blocked for good by a writer that was killed', async () => {
    const file = newFile();
    await createKey(file, key('a'), 0);
    writeFileSync(`${file}.lock`, '');
    utimesSync(`${file}.lock`, 0, 0);
    await createKey(file, key('b'), 0);
    assert.equal((await readKeys(file)).length, 2);
  });

  it('say what is wrong: a name taken, a key unknown, a file that is none of ours or anybody’s', async () => {
    const file = newFile();
    await createKey(file, key('a'), 0);
    await assert.rejects(createKey(file, key('a'), 0), { name: 'Misconfigured', code: 'key-name' });
    await assert.rejects(revokeKey(file, 'nobody'), { name: 'Misconfigured', code: 'unknown-key' });
    await chmod(file, 0o666);
    await assert.rejects(readKeys(file), { code: 'keys-file', message: /every user/ });
    await chmod(file, 0o600);
    for (const content of ['', '{', '{"version":2,"keys":[]}', '{"version":1,"keys":[{"id":"x"}]}']) {
      writeFileSync(file, content);
      await assert.rejects(readKeys(file), { name: 'Misconfigured', code: 'keys-file' });
    }
  });
});
