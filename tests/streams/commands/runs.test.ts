// `millrace runs`: the training runs of a data directory, as tables for people and as JSON for programs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openExperimentLog } from '../../../connectors/experiment-log.ts';
import type { LoggedRun } from '../../../connectors/experiment-runs.ts';
import { execute } from './executed.ts';

const place = mkdtempSync(join(tmpdir(), 'millrace-runs-command-'));
after(() => rmSync(place, { recursive: true, force: true }));
const run = (...argv: readonly string[]) =>
  execute(argv, { env: { MILLRACE_DATA_DIRECTORY: place }, workingDirectory: place });

test('runs are listed and shown; none and unknown ones are told', async () => {
  const none = await run('runs', 'list');
  assert.deepEqual([none.code, none.stdout], [0, '']);
  assert.match(none.stderr, /^no runs in /);
  assert.equal((await run('runs', 'list', '--json')).stdout, '[]\n');
  const log = openExperimentLog({ directory: join(place, 'runs'), warn: assert.fail });
  const start = { trainer: 'ngram', parameters: { rate: 0.1, nested: { epochs: 3 } }, seed: 1 };
  const data = [{ name: 'moods', rows: 1_234, sha256: 'ab'.repeat(32) }];
  const mood = log.startRun({ ...start, task: 'mood', data });
  mood.epoch(1, { loss: 0.75 });
  await mood.end('finished', { figures: { 'a/samples': 5, 'a/accuracy': 0.625 }, release: 'mood@1.0.0' });
  log.startRun({ ...start, task: 'weather', data: [] });
  const people = await run('runs', 'list');
  assert.match(people.stdout, /weather +ngram +running +– +0 +–/);
  assert.match(people.stdout, /mood +ngram +finished +[\d.]+ +1 +mood@1\.0\.0 +a\/accuracy +0\.6250/);
  const listed = JSON.parse((await run('runs', 'list', '--task', 'mood', '--json')).stdout) as LoggedRun[];
  assert.deepEqual(
    listed.map(({ id, status }) => [id, status]),
    [[mood.id, 'finished']],
  );
  const shown = await run('runs', 'show', mood.id.slice(-6));
  for (const line of [
    /status +finished/,
    /Parameters\n/,
    /rate +0\.1/,
    /moods +1234/,
    /loss/,
    /a\/accuracy +0\.6250/,
  ])
    assert.match(shown.stdout, line);
  assert.deepEqual(JSON.parse((await run('runs', 'show', mood.id, '--json')).stdout), listed[0]);
  const unknown = await run('runs', 'show', 'nothing');
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /no run “nothing”/);
});
