// `npm run regression`: did Millrace become slower? Our jobs and reference jobs take turns, each round in a process of
// its own; ratios are compared with the last stored ones. Exits with 1 when one fell.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compiler } from '../infra/compiled.mjs';
import { table } from '../streams/terminal.ts';
import { describeMachine } from './machine.ts';
import { jobs } from './regression/jobs.ts';
import type { Measured } from './regression/measured.ts';
import { type Comparison, compare, type JobResult, type Round, resultOf } from './regression/verdict.ts';

const usage = `npm run regression -- [--rounds 5] [--only chained,route] [--tolerance 0.15] [--json] [--save]

Exits with 1 when a job's records per CPU second, divided by those of its reference in the same round, fell by more
than the tolerance since they were stored. --save stores them in load-tests/results/regression.json.
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    tolerance: { type: 'string', default: '0.15' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const file = new URL('./results/regression.json', import.meta.url);
const roundProgram = fileURLToPath(new URL('./regression/round.ts', import.meta.url));

function runRound(job: string): Measured {
  process.stderr.write(`${job}…\n`);
  const args = ['--max-semi-space-size=64', compiler, roundProgram, job];
  const { status, stdout } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${job} ended with ${status}: what it said stands above`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Measured;
}

/** Every round: each reference before and after the jobs that are compared with it, and their mean. */
function measure(names: readonly string[], rounds: number): readonly JobResult[] {
  const found = new Map<string, Round[]>(names.map((name) => [name, []]));
  const references = [...new Set(names.map((name) => jobs[name]!.reference!))];
  for (let round = 0; round < rounds; round++)
    for (const reference of references) {
      const ours = names.filter((name) => jobs[name]!.reference === reference);
      const before = runRound(reference);
      const costs = ours.map((name) => [name, runRound(name)] as const);
      const after = runRound(reference);
      for (const [name, cost] of costs) found.get(name)!.push(roundOf(cost, before, after));
    }
  return [...found].map(([name, all]) => resultOf(name, all));
}

function roundOf(cost: Measured, before: Measured, after: Measured): Round {
  const perCpu = ({ records, cpuSeconds }: Measured) => records / cpuSeconds;
  const perSecond = ({ records, seconds }: Measured) => records / seconds;
  return {
    recordsPerCpuSecond: perCpu(cost),
    recordsPerSecond: perSecond(cost),
    cpuRatio: perCpu(cost) / ((perCpu(before) + perCpu(after)) / 2),
    wallRatio: perSecond(cost) / ((perSecond(before) + perSecond(after)) / 2),
  };
}

interface Stored {
  readonly results: readonly JobResult[];
}

function report(results: readonly JobResult[], tolerance: number): readonly Comparison[] {
  const stored = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Stored).results : [];
  const comparison = compare(results, stored, tolerance);
  const said = {
    when: new Date().toISOString(),
    machine: describeMachine(),
    rounds: Number(values.rounds),
    tolerance,
    results,
  };
  if (values.save) {
    const others = stored.filter(({ job }) => !results.some((result) => result.job === job));
    writeFileSync(file, `${JSON.stringify({ ...said, results: [...results, ...others] }, null, 2)}\n`);
  }
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ ...said, comparison })}\n`
      : table(comparison.map((row) => ({ ...row }))),
  );
  return comparison;
}

const ours = Object.keys(jobs).filter((name) => jobs[name]!.reference !== null);
const names = values.only ? values.only.split(',') : ours;
const unknown = names.find((name) => !ours.includes(name));
if (values.help || unknown !== undefined) {
  process.stdout.write(
    unknown === undefined ? usage : `There is no job “${unknown}”. Choose of ${ours.join(', ')}.\n`,
  );
  process.exitCode = unknown === undefined ? 0 : 2;
} else {
  const comparison = report(measure(names, Number(values.rounds)), Number(values.tolerance));
  if (comparison.some(({ fell }) => fell)) process.exitCode = 1;
}
