// A models folder of its own, and `millrace models` run on it in this process, over a system that is opened when a
// command asks for it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { openStack, type Stack } from '../../../streams/stack.ts';
import { type Executed, execute } from './executed.ts';

export const place = mkdtempSync(join(tmpdir(), 'millrace-models-command-'));
export const models = join(place, 'models');
const env = {
  MILLRACE_MODELS_DIRECTORY: models,
  MILLRACE_DATA_DIRECTORY: join(place, 'data'),
  // Nothing is stored: ClickHouse stays closed.
  MILLRACE_STREAMS: 'chain',
  MILLRACE_LOG_LEVEL: 'silent',
};
let opening: Promise<Stack> | undefined;
after(async () => {
  await (await opening)?.close();
  rmSync(place, { recursive: true, force: true });
});

/** The open system, the same for all commands. */
function openedStack(): Promise<Stack> {
  opening ??= openStack(loadConfiguration({ env }), async () => 1);
  return opening;
}

export async function run(...argv: readonly string[]): Promise<Executed> {
  return execute(argv, { env, workingDirectory: place, stack: await openedStack() });
}

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
