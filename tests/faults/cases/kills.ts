// kill -9 and SIGSTOP at the moments that matter, and workers that come and go.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { both, type FaultCase, neither } from '../case.ts';
import type { FailPoint } from '../fail-points.ts';
import type { Recipe } from '../injector.ts';
import { unreadable } from './messages.ts';

/** Which passes of the point are deadly, one worker after the other. */
const passes = [3, 1, 6, 12, 2];
const shortPasses = [4, 2];
const deathSeconds = 90;

/** Workers die at the point, each a few passes further, until one is let live. */
async function killAt(bench: Bench, point: FailPoint, recipe: Recipe = {}): Promise<void> {
  bench.inject(recipe);
  let deaths = 0;
  for (const pass of bench.options.short ? shortPasses : passes) {
    const worker = await bench.startWorker({ order: { point, pass, signal: 'SIGKILL' } }, false);
    const died = await bench.until(`the death of worker ${pass} ${point}`, deathSeconds, () => !worker.alive);
    if (died && worker.signal === 'SIGKILL') deaths += 1;
    else bench.expect(!died, `a worker ended by itself: ${worker.how()}`);
    await worker.kill();
  }
  bench.notes.push(`${deaths} deaths ${point}`);
  await bench.startWorker({}, false);
  await bench.recover();
  await bench.wait(bench.span(3, 1));
}

const killCase = (
  name: string,
  point: FailPoint,
  short: FaultCase['short'],
  when: string,
  recipe: Recipe = {},
): FaultCase => ({
  name,
  what: `kill -9 ${when}, several times over`,
  modes: both,
  short,
  act: (bench) => killAt(bench, point, recipe),
});

/** A worker stops in the worst place, right before it writes, and wakes up when others have gone on. */
async function pause(bench: Bench, point: FailPoint): Promise<void> {
  const seconds = bench.span(60, 15);
  const zombie = await bench.startWorker({ order: { point, pass: 8, signal: 'SIGSTOP' } });
  bench.inject();
  await bench.until('the pause', 60, () => zombie.isPaused);
  if (bench.mode === 'kafka') {
    // What it publishes after its successor has read back: one chunk at most, predictions and scores.
    bench.repeatsMax = 2 * 1_000;
    await bench.startWorker();
    await bench.recover();
  }
  await bench.wait(seconds);
  zombie.send('SIGCONT');
  await bench.recover();
  bench.notes.push(`paused ${seconds} s`);
  await bench.wait(bench.span(10, 5));
}

/** Kafka: a second worker joins and leaves. Embedded, where one process owns the directory: it is restarted over and over. */
async function churn(bench: Bench): Promise<void> {
  const end = Date.now() + bench.span(180, 30) * 1_000;
  const steady = await bench.startWorker();
  bench.inject();
  let comings = 0;
  while (Date.now() < end) {
    comings += 1;
    if (bench.mode === 'embedded') {
      await bench.worker.stop();
      await bench.startWorker();
      await bench.wait(2);
      continue;
    }
    const guest = await bench.startWorker({}, false);
    await Promise.race([guest.ready(), sleep(8_000)]).catch(() => {});
    await bench.wait(2);
    // Half of the guests leave, half of them die.
    if (comings % 2 === 0) await guest.stop();
    else await guest.kill();
    await bench.wait(2);
  }
  bench.expect(bench.mode === 'embedded' || steady.alive, `the steady worker ended: ${steady.how()}`);
  bench.notes.push(`${comings} comings and goings`);
  await bench.recover();
}

export const killCases: readonly FaultCase[] = [
  killCase('kill-after-poll', 'after-poll', neither, 'after a fetch, before any work'),
  killCase('kill-during-inference', 'during-inference', neither, 'while models answer'),
  killCase('kill-after-insert', 'after-insert', both, 'after an insert, before its commit'),
  killCase('kill-after-commit', 'after-commit', ['embedded'], 'right after a commit'),
  killCase('kill-during-dead-letter', 'during-dead-letter', neither, 'while dead letters are published', {
    make: (number, id) => (number % 10 === 3 ? unreadable(number, id) : { kind: 'good' }),
  }),
  {
    name: 'pause-60s',
    what: 'SIGSTOP for 60 s between journal and insert; on Kafka another worker takes over meanwhile',
    modes: both,
    short: ['kafka'],
    act: (bench) => pause(bench, 'before-insert'),
  },
  {
    name: 'pause-60s-publishing',
    what: 'SIGSTOP for 60 s before outputs are published; another worker takes over meanwhile',
    modes: ['kafka'],
    short: neither,
    act: (bench) => pause(bench, 'before-publish'),
  },
  {
    name: 'pause-60s-transactions',
    what: 'the same with `exactlyOnce: kafka`: the zombie’s transaction is refused, nothing is repeated',
    modes: ['kafka'],
    short: neither,
    act: async (bench) => {
      bench.env = { MILLRACE_EXACTLY_ONCE: 'kafka' };
      await pause(bench, 'before-publish');
      bench.repeatsMax = 0;
    },
  },
  {
    name: 'churn',
    what: 'for 3 min a worker joins or leaves every 2 s, half of them by kill -9; embedded: restarts',
    modes: both,
    short: neither,
    act: churn,
  },
];
