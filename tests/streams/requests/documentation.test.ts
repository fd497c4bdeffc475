// Every command of docs/http.md, run as it stands there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, it } from 'node:test';
import { promisify } from 'node:util';
import { serve } from './subject.ts';

const page = readFileSync(new URL('../../../docs/http.md', import.meta.url), 'utf8');

/** Commands with the status that the comment before them names, 2xx without one. */
const commands = [...page.matchAll(/^```\n([\s\S]*?)^```$/gm)].flatMap(([, block]) =>
  [...block!.matchAll(/(?:^# (\d{3})\n)?^(curl .*)$/gm)].map(([, status, command]) => ({
    status,
    command: command!,
  })),
);

const served = await serve();
after(() => served.close());

it('the documented commands work', { timeout: 120_000 }, async () => {
  assert.ok(commands.length >= 10);
  for (const { status, command } of commands) {
    // A look-up finds what an earlier command had scored, once that is stored.
    if (command.includes('/v1/scores/p1')) await served.rows("SELECT 1 FROM scores WHERE messageId = 'p1'");
    const here = command.replaceAll('localhost:8080', new URL(served.url).host);
    const { stdout } = await promisify(execFile)('bash', ['-c', `${here} -w '\\n%{http_code}'; true`]);
    const got = stdout.slice(stdout.lastIndexOf('\n') + 1);
    assert.match(got, status === undefined ? /^2\d\d$/ : new RegExp(`^${status}$`), `${command}\n${stdout}`);
  }
});
