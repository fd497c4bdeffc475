// Models that fail: on some texts, by answering no numbers, by being slow, by losing their threads.
import type { Bench } from '../bench.ts';
import { both, type FaultCase, neither } from '../case.ts';
import { crashWord, type EngineFault } from '../engine-faults.ts';

/** One message in fifty is more than the model can stand: a dead letter, and the rest of its batch is scored. */
async function failOnSome(bench: Bench, engine: EngineFault): Promise<void> {
  await bench.startWorker({ engine });
  bench.inject({
    make: (number) =>
      number % 50 === 7
        ? { kind: 'refused', text: `a text ${number} with ${crashWord} in it` }
        : { kind: 'good' },
  });
  await bench.wait(bench.span(10, 4));
  bench.expect(bench.lastWorker.alive, 'one bad text must not stop the stream');
}

async function slow(bench: Bench): Promise<void> {
  await bench.startWorker({ engine: 'slow-20x' });
  bench.inject();
  await bench.wait(bench.span(20, 6));
  await bench.recover();
}

async function loseThreads(bench: Bench): Promise<void> {
  await bench.startWorker({ engine: 'threads-killed' });
  bench.inject();
  await bench.wait(bench.span(20, 6));
  bench.expect(bench.lastWorker.alive, 'a thread that dies must not stop the stream');
  await bench.worker.stop();
  await bench.startWorker({}, false);
  await bench.recover();
}

export const modelCases: readonly FaultCase[] = [
  {
    name: 'model-throws',
    what: 'the model throws on one text in fifty',
    modes: both,
    short: ['embedded'],
    act: (bench) => failOnSome(bench, 'throws'),
  },
  {
    name: 'model-nan',
    what: 'the model answers NaN to one text in fifty',
    modes: both,
    short: neither,
    act: (bench) => failOnSome(bench, 'nan'),
  },
  {
    name: 'model-slow-20x',
    what: 'the model takes twenty times as long',
    modes: both,
    short: neither,
    act: slow,
  },
  {
    name: 'model-worker-killed',
    what: 'the inference thread is ended every 0.4 s',
    modes: both,
    short: neither,
    act: loseThreads,
  },
];
