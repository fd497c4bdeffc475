// A process that publishes and commits is killed, again and again; what it had acknowledged must all be there, once.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compiler } from '../../../infra/compiled.mjs';
import { textOf } from '../../contract/log/subject.ts';
import { logs } from './subject.ts';

const publisher = fileURLToPath(new URL('./kill-publisher.ts', import.meta.url));
const partitions = 3;

interface Acknowledged {
  readonly numbers: number[];
  readonly committed: number;
}

/** Runs the publisher on `directory`, kills it after a while, and returns what it said was done. */
async function runAndKill(directory: string): Promise<Acknowledged> {
  const child = spawn(process.execPath, [compiler, publisher, directory, String(partitions)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const numbers: number[] = [];
  let committed = -1;
  const lines = createInterface({ input: child.stdout });
  const first = once(lines, 'line');
  lines.on('line', (line) => {
    const [what, first, end] = line.split(' ');
    if (what === 'committed') committed = Number(first);
    else for (let number = Number(first); number < Number(end); number++) numbers.push(number);
  });
  await Promise.race([first, once(child, 'exit').then(() => assert.fail('the publisher ended by itself'))]);
  await sleep(20 + Math.random() * 300);
  child.kill('SIGKILL');
  await once(lines, 'close');
  return { numbers, committed };
}

it('keeps what was acknowledged through kill -9, once and in order', { timeout: 180_000 }, async (t) => {
  const { directory, open } = logs(t);
  const limits = { segmentBytesMax: 400_000 };
  const published = new Set<number>();
  for (let round = 0; round < 6; round++) {
    const { numbers, committed } = await runAndKill(directory);
    assert.ok(numbers.length > 0, `round ${round} acknowledged nothing`);
    for (const number of numbers) published.add(number);
    const log = await open(limits);
    const from = new Map(Array.from({ length: partitions }, (_, number) => [number, 0]));
    const to = new Map((await log.ranges(['t'])).map(({ partition, end }) => [partition, end]));
    const seen = new Set<number>();
    const last = new Map<number, number>();
    for await (const { partition, records } of log.read('t', { from, to }))
      for (const stored of records) {
        const number = Number.parseInt(textOf(stored), 10);
        assert.ok(
          number > (last.get(partition) ?? -1),
          `partition ${partition}: ${number} out of order or twice`,
        );
        last.set(partition, number);
        seen.add(number);
      }
    for (const number of published) assert.ok(seen.has(number), `${number} is lost`);
    const [position] = await log.positions('g', ['t']);
    assert.ok((position?.offset ?? -1) >= committed, 'an acknowledged commit is lost');
    await log.close();
  }
});
