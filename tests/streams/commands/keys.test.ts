// `millrace keys`, from a new key to a revoked one.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { Keys } from '../../../connectors/access/keys.ts';
import { execute } from './executed.ts';

const root = mkdtempSync(join(tmpdir(), 'millrace-keys-command-'));
after(() => rmSync(root, { recursive: true }));
const place = { env: { MILLRACE_DATA_DIRECTORY: root }, workingDirectory: root };
const file = join(root, 'keys.json');

it('makes a key, shows it once, lists it without its secret, and takes it away', async () => {
  const argv = [
    'keys',
    'create',
    '--name',
    'shop',
    '--tenant',
    'acme',
    '--rate',
    '50',
    '--scopes',
    'analyze',
  ];
  const made = await execute(argv, place);
  assert.equal(made.code, 0, made.stderr);
  const key = made.stdout.trim();
  const found = await new Keys(file).find(key);
  assert.deepEqual([found?.tenant, found?.ratePerSecond, found?.scopes], ['acme', 50, ['analyze']]);
  const listed = await execute(['keys', 'list', '--json'], place);
  const [row] = JSON.parse(listed.stdout);
  assert.deepEqual(Object.keys(row), ['id', 'name', 'tenant', 'ratePerSecond', 'scopes', 'created']);
  const { hash } = JSON.parse(readFileSync(file, 'utf8')).keys[0];
  const table = await execute(['keys', 'list'], place);
  for (const secret of [key.slice(16), hash]) assert.ok(!`${listed.stdout}${table.stdout}`.includes(secret));
  assert.equal((await execute(['keys', 'revoke', 'shop'], place)).code, 0);
  assert.equal(await new Keys(file).find(key), null);
});

it('refuses what is no name, rate or scope, and a key that is not there', async () => {
  const wrong = [['--name', 'a b'], ['--name', 'a', '--rate', '0'], ['--name', 'a', '--scopes', 'root'], []];
  for (const options of wrong) assert.equal((await execute(['keys', 'create', ...options], place)).code, 2);
  const { code, stderr } = await execute(['keys', 'revoke', 'nobody'], place);
  assert.equal(code, 2);
  assert.match(stderr, /there is no key nobody/);
});
