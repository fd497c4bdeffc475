// A soak run: half of the load that the machine can take, random faults by seed, and a watch on the worker's memory.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Bench, Mode } from './bench.ts';
import { endAll, interrupted } from './children.ts';
import type { Injector } from './injector.ts';
import { Laboratory } from './laboratory.ts';
import { commitOf } from './results.ts';
import { randomOf, soakFaults } from './soak-faults.ts';
import { isFlat, trendOf } from './trend.ts';

const usage = `npm run soak -- [--minutes 30] [--mode kafka|embedded] [--rate N] [--seed 1] [--ports 29120] [--json] [--save] [--keep]

Measures for a minute what the machine can take, then publishes half of it (or --rate comments per second) while faults
come every 30 to 60 s. Reports what the checker finds, and the slope of the worker's memory after a fifth of the time.
Exit codes: 0 nothing lost and memory flat, 1 otherwise, 2 wrong use.

Examples:
  npm run soak
  npm run soak -- --minutes 5 --mode embedded --seed 7
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    mode: { type: 'string', default: 'kafka' },
    rate: { type: 'string' },
    seed: { type: 'string', default: '1' },
    ports: { type: 'string', default: '29120' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const probeSeconds = 60;
/** More than any machine of today stores; what is not stored waits. */
const probePerSecond = 8_000;
const warmUpShare = 0.2;
const sampleMs = 5_000;
const samplesPerPoint = 6;

const say = (line: string): void => {
  if (!values.json) process.stdout.write(`${line}\n`);
};

const stack = {
  name: 'soak',
  what: 'random faults at half load',
  modes: [],
  short: [],
  withServer: true,
  withRedis: true,
  act: async () => {},
};

interface Setting {
  readonly mode: Mode;
  readonly minutes: number;
  readonly seed: number;
}

/** Scores stored per second while more comes in than can be stored. */
async function capacity(laboratory: Laboratory, { mode }: Setting): Promise<number> {
  const bench = await laboratory.bench(stack, mode, probePerSecond);
  try {
    await bench.startWorker();
    const injector = bench.inject();
    await sleep((probeSeconds / 3) * 1_000);
    const started = performance.now();
    const before = (await bench.finished()) ?? 0;
    await sleep((probeSeconds * 2_000) / 3);
    const after = (await bench.finished()) ?? 0;
    await injector.stop();
    return (after - before) / ((performance.now() - started) / 1_000);
  } finally {
    await bench.close();
  }
}

/** Resident memory of a process, in MiB. */
function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1_024;
}

interface Sample {
  readonly x: number;
  readonly y: number;
}

function watchMemory(pid: number, into: Sample[]): () => void {
  const started = performance.now();
  const timer = setInterval(() => {
    try {
      into.push({ x: (performance.now() - started) / 3_600_000, y: memoryOf(pid) });
    } catch {
      // It is gone; the run says so.
    }
  }, sampleMs);
  return () => clearInterval(timer);
}

/** Means of neighbouring samples after the warm-up: what the collector's saw teeth leave. */
function pointsOf(samples: readonly Sample[]): Sample[] {
  const warm = samples.slice(Math.floor(samples.length * warmUpShare));
  const points: Sample[] = [];
  for (let at = 0; at + samplesPerPoint <= warm.length; at += samplesPerPoint) {
    const part = warm.slice(at, at + samplesPerPoint);
    const mean = (pick: (sample: Sample) => number) =>
      part.reduce((sum, one) => sum + pick(one), 0) / part.length;
    points.push({ x: mean(({ x }) => x), y: mean(({ y }) => y) });
  }
  return points;
}

/** Faults until the time is over; each is told as it comes. */
async function torment(
  bench: Bench,
  injector: Injector,
  { minutes, seed, mode }: Setting,
): Promise<string[]> {
  const random = randomOf(seed);
  const faults = soakFaults(mode);
  const happened: string[] = [];
  const end = Date.now() + minutes * 60_000;
  for (;;) {
    const pauseMs = 30_000 + random() * 30_000;
    const fault = faults[Math.floor(random() * faults.length)]!;
    if (Date.now() + pauseMs + 20_000 > end) break;
    await sleep(pauseMs);
    say(`${new Date().toISOString().slice(11, 19)} ${fault.name}`);
    happened.push(fault.name);
    await fault.act(bench, injector);
  }
  await sleep(Math.max(0, end - Date.now()));
  return happened;
}

async function soak(laboratory: Laboratory, setting: Setting, perSecond: number) {
  const bench = await laboratory.bench(stack, setting.mode, perSecond);
  try {
    const steady = await bench.startWorker();
    const injector = bench.inject();
    const samples: Sample[] = [];
    const stop = watchMemory(steady.pid, samples);
    const faults = await torment(bench, injector, setting);
    stop();
    bench.expect(steady.alive, `the steady worker ended: ${steady.how()}`);
    const result = await bench.finish();
    const memory = trendOf(pointsOf(samples));
    return {
      ...result,
      faults,
      memory,
      flat: isFlat(memory),
      samples: samples.map(({ y }) => Math.round(y)),
    };
  } finally {
    await bench.close();
  }
}

const rounded = (value: number): number => Math.round(value * 10) / 10;

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const { mode } = values;
  if (mode !== 'kafka' && mode !== 'embedded') throw new Error(`--mode is kafka or embedded, not ${mode}`);
  const signal = interrupted();
  const setting: Setting = { mode, minutes: Number(values.minutes), seed: Number(values.seed) };
  const ports = Number(values.ports);
  const laboratory = new Laboratory({ ports, perSecond: 0, short: false, keep: values.keep, say, signal });
  const most = values.rate ? Number(values.rate) * 2 : await capacity(laboratory, setting);
  say(`the machine takes ${Math.round(most)} comments/s; soaking at ${Math.round(most / 2)}`);
  const { verdict, charges, memory, flat, faults, samples } = await soak(laboratory, setting, most / 2);
  const report = {
    when: new Date().toISOString(),
    commit: commitOf(),
    machine: { node: process.version, processors: cpus().length, model: cpus()[0]?.model ?? '' },
    ...setting,
    commentsPerSecond: Math.round(most / 2),
    verdict,
    charges,
    faults,
    memoryMiB: {
      mean: rounded(memory.mean),
      slopePerHour: rounded(memory.slope),
      slopeError: rounded(memory.error),
      points: memory.samples,
      flat,
      samples,
    },
  };
  if (values.save)
    writeFileSync(
      new URL('../../load-tests/results/soak.json', import.meta.url),
      `${JSON.stringify(report, null, 2)}\n`,
    );
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  const { acknowledged, lost, duplicated, reordered, unseen } = verdict;
  say(
    `${acknowledged} acknowledged, ${lost} lost, ${duplicated} duplicated, ${reordered} reordered, ${unseen} unseen`,
  );
  say(
    `memory ${rounded(memory.mean)} MiB, ${rounded(memory.slope)} ± ${rounded(memory.error)} MiB/h: ${flat ? 'flat' : 'growing'}`,
  );
  for (const charge of charges) say(`✗ ${charge}`);
  return charges.length === 0 && flat ? 0 : 1;
}

let code = 2;
try {
  code = await main();
} catch (error) {
  process.stderr.write(`soak: ${error instanceof Error ? error.message : error}\n`);
} finally {
  await endAll();
}
process.exit(code);
