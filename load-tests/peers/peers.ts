// `npm run peers`: one Kafka and ONNX job, done by Millrace and by what a user would pick instead. See docs/benchmarks.md.
import { Command, InvalidArgumentError } from 'commander';
import { Misconfigured } from '../../schemas/errors.ts';
import { table } from '../../streams/terminal.ts';
import { bootstrap, startBroker, stopBroker } from './broker.ts';
import { contestants } from './contestants.ts';
import { install } from './install.ts';
import { jobs } from './jobs.ts';
import { keepRow, storeRows, summary, summaryTable } from './rows.ts';
import { runPeer } from './run.ts';

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

function parseRows(text: string): number {
  const rows = Number(text);
  if (!Number.isInteger(rows) || rows < 1) throw new InvalidArgumentError('not a number of rows.');
  return rows;
}

async function run(peer: string, job: string, rows: number | null): Promise<boolean> {
  const row = await runPeer(peer, job, rows, await startBroker(say));
  keepRow(row);
  process.stdout.write(`${JSON.stringify(row)}\n`);
  return row.ok ?? true;
}

/** Every spec is `JOB:peer,peer`; peers take turns, so that a change of the machine's mood hits all of them. */
async function sweep(specs: readonly string[], rounds: number, rows: number | null): Promise<void> {
  const turns = specs.flatMap((spec) => {
    const [job = '', peers = ''] = spec.split(':');
    return peers.split(/[, ]+/).map((peer) => ({ job, peer }));
  });
  for (let round = 0; round < rounds; round++)
    for (const { job, peer } of turns) {
      say(`round ${round + 1}: ${peer} on ${job}`);
      if (!(await run(peer, job, rows))) process.exitCode = 1;
    }
  process.stdout.write(summaryTable());
}

const program = new Command('peers').description('The same job, done by Millrace and by others.');
program
  .command('list')
  .description('peers and jobs')
  .action(() => {
    process.stdout.write(table(contestants.map(({ name, about }) => ({ peer: name, about }))));
    process.stdout.write(table(jobs.map(({ name, about, rows }) => ({ job: name, about, rows }))));
  });
program
  .command('install')
  .description('fetch and build all peers (about 1.5 GB in .cache/peers)')
  .action(() => install(say));
program
  .command('up')
  .description('start the broker')
  .action(async () => {
    await startBroker(say);
    say(`ready: KAFKA_BROKERS=${bootstrap}`);
  });
program
  .command('down')
  .description('stop the broker')
  .action(async () => say((await stopBroker()) ? 'stopped' : 'was not running'));
program
  .command('run <peer> <job>')
  .description('one peer on one job; prints a JSON line; exits with 1 when an answer is wrong or missing')
  .option('--rows <n>', 'fewer or more rows than the job has', parseRows)
  .action(async (peer: string, job: string, { rows }: { rows?: number }) => {
    if (!(await run(peer, job, rows ?? null))) process.exitCode = 1;
  });
program
  .command('sweep <spec...>')
  .description('several in turn, for example: sweep R1:py,node,millrace R3:kstreams,millrace')
  .option('--rounds <n>', 'how often', parseRows, 3)
  .option('--rows <n>', 'fewer or more rows than the job has', parseRows)
  .action((specs: string[], { rounds, rows }: { rounds: number; rows?: number }) =>
    sweep(specs, rounds, rows ?? null),
  );
program
  .command('table')
  .description('medians of all runs kept in .cache/peers/rows.jsonl')
  .option('--json', 'as JSON')
  .option('--save', 'write load-tests/results/peers.json')
  .action(({ json, save }: { json?: true; save?: true }) => {
    if (save) storeRows();
    process.stdout.write(json ? `${JSON.stringify(summary())}\n` : summaryTable());
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Misconfigured)) throw error;
  say(`${error.message}\n→ ${error.fix}`);
  process.exitCode = 1;
}
