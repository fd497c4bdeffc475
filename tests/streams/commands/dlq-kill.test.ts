// kill -9 of the process in the middle of a redrive, and a redrive after it: every record is back exactly once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { counted, finished, jsonLines, Workplace } from './spawned.ts';

const letters = 150;
// All of them are blank, which would stop the stream.
const env = {
  MILLRACE_LOG_LEVEL: 'error',
  MILLRACE_COMMENT_TASKS: 'sentiment',
  MILLRACE_INFERENCE_WORKERS: '1',
  MILLRACE_LOOP_INVALID_SHARE_MAX: '1',
};

let place: Workplace;
before(() => {
  place = new Workplace();
});
after(() => place.close());

const run = (...argv: readonly string[]) => place.run(argv, { env });

/** Begins a redrive and kills the process that works on it when it has put back a part. */
async function killRedrive(part: number): Promise<void> {
  const up = await place.up({ ...env, MILLRACE_STREAMS: 'sinks' });
  const redriving = place.start(['dlq', 'redrive', '--yes', '--rate', '5'], env);
  const ended = finished(redriving);
  // The sink has read what was published at first.
  await counted(up, /^millrace_records_in_total\{.*topic="comments"/, part);
  // The one that works on it first; the one that asked for it would go on by itself.
  up.child.kill('SIGKILL');
  redriving.kill('SIGKILL');
  await up.ended;
  await ended;
}

test('nothing is put back twice and nothing is left out', { timeout: 400_000 }, async () => {
  const input = Array.from({ length: letters }, (_, index) => `{"id":"r${index}","text":" "}\n`).join('');
  const first = await place.up(env);
  assert.equal((await place.run(['publish', 'comments'], { input, env })).code, 0);
  await counted(first, /^millrace_dead_letters_total\{/, letters);
  await counted(first, /^millrace_records_in_total\{stream="sink.*topic="comments"/, letters);
  first.child.kill('SIGTERM');
  await first.ended;
  await killRedrive(10);
  const { code, stdout, stderr } = await run('dlq', 'redrive', '--yes', '--json');
  assert.equal(code, 0, stderr);
  const { redriven, before: earlier } = JSON.parse(stdout) as { redriven: number; before: number };
  assert.equal(redriven + earlier, letters);
  assert.ok(earlier >= 10 && redriven > 0, `${earlier} were back, ${redriven} were not`);
  const tail = await run('tail', 'comments', '--from-beginning', '--no-follow');
  const times = new Map<string, number>();
  for (const { id } of jsonLines<{ id: string }>(tail.stdout)) times.set(id, (times.get(id) ?? 0) + 1);
  assert.deepEqual([...new Set(times.values())], [2]);
  assert.equal(times.size, letters);
});
