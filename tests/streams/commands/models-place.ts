// A models folder of its own, and `millrace models` run on it in this process.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { execute } from './executed.ts';

export const place = mkdtempSync(join(tmpdir(), 'millrace-models-command-'));
after(() => rmSync(place, { recursive: true, force: true }));
export const models = join(place, 'models');

export const run = (...argv: readonly string[]) =>
  execute(argv, { env: { MILLRACE_MODELS_DIRECTORY: models }, workingDirectory: place });

/** What a command prints as JSON. */
export async function json<T>(...argv: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...argv, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

export async function assertRefused(argv: readonly string[], code: string, says: RegExp): Promise<void> {
  const people = await run(...argv);
  assert.equal(people.code, 2, `${argv.join(' ')}: ${people.stdout}${people.stderr}`);
  assert.match(people.stderr, says);
  assert.doesNotMatch(people.stderr, /\n {4}at /);
  const { error } = JSON.parse((await run(...argv, '--json')).stderr) as {
    error: { code: string; fix: string };
  };
  assert.equal(error.code, code);
  assert.ok(error.fix.length > 0);
}
