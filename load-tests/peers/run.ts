// One peer on one job, measured and checked by python/bench.py; the row comes back as it printed it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { clusterId } from '../../infra/kafka/settings.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { bootstrap } from './broker.ts';
import { type Contestant, ceilings, contestants } from './contestants.ts';
import { type Job, jobs } from './jobs.ts';
import { home, isInstalled, makeHome, modelFile, python, sources } from './places.ts';
import type { Row } from './rows.ts';

const rawProgram = fileURLToPath(new URL('./node/raw.mjs', import.meta.url));

/**
 * Runs a peer on a job with so many rows (the job's own number unless given). Throws `Misconfigured` for a name that
 * nobody has, and when nothing is installed.
 */
export async function runPeer(
  peer: string,
  jobName: string,
  rows: number | null,
  brokerPid: number,
): Promise<Row> {
  if (!isInstalled())
    throw new Misconfigured('The peers are not installed.', {
      code: 'peers-missing',
      fix: 'npm run peers -- install',
    });
  makeHome();
  const job = findByName(jobs, jobName, 'job');
  const count = rows ?? job.rows;
  const env = {
    ...jobEnvironment(job, count),
    PEER: peer,
    BROKER_PID: String(brokerPid),
  };
  if (peer === 'raw-py') return measure('raw.py', [String(count)], env);
  if (peer === 'raw-node') return measureNode(job, count, env);
  if (!existsSync(join(home, 'data', `ref-${job.model}.npy`)))
    await runPeer('raw-py', job.name, job.rows, brokerPid);
  const contestant = findByName(contestants, peer, 'peer', ceilings);
  return measure('bench.py', contestant.command, { ...env, ...contestantEnvironment(contestant) });
}

const jobEnvironment = (job: Job, rows: number): Record<string, string> => ({
  JOB: job.name,
  ROWS: String(rows),
  RATE: String(job.rate),
  MODEL: job.model,
  MODEL_PATH: modelFile(job.model),
  ORT_THREADS: process.env.ORT_THREADS ?? String(job.threads),
  MAX_WAIT_MS: process.env.MAX_WAIT_MS ?? String(job.maxWaitMs),
  BOOTSTRAP: bootstrap,
  CLUSTER_ID: clusterId,
  PEERS_HOME: home,
  PYTHONUNBUFFERED: '1',
  PYTHONDONTWRITEBYTECODE: '1',
});

const contestantEnvironment = ({ folder, env, prepare, settleS, commits }: Contestant) => ({
  PEER_CWD: folder,
  SETTLE_S: String(settleS ?? 3),
  COMMITS: commits === false ? '0' : '1',
  ...(prepare ? { PREPARE: JSON.stringify(prepare) } : {}),
  ...env,
});

async function measureNode(job: Job, rows: number, env: Readonly<Record<string, string>>): Promise<Row> {
  const features = join(home, 'data', `features-${job.model}-${rows}.json`);
  const given = { ...env, FEATURES: features };
  if (!existsSync(features))
    await output(python('python'), ['raw.py', String(rows), '--features', features], given, 'python');
  return JSON.parse(await output('node', [rawProgram], given, 'node')) as Row;
}

async function measure(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Row> {
  return JSON.parse(await output(python('python'), [file, ...args], env, 'python')) as Row;
}

/** The last line that a program wrote; what it says on stderr goes to the terminal. */
async function output(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  folder: string,
): Promise<string> {
  const child = spawn(program, args, {
    cwd: join(sources, folder),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const printed = await text(child.stdout);
  const code = await ended;
  if (code === 0) return printed.trim().split('\n').at(-1) ?? '';
  throw new Misconfigured(`${program} ${args[0]} ended with ${code}.`, {
    code: 'peer-failed',
    fix: `What it said stands above; a peer’s own log is under ${join(home, 'runs')}.`,
  });
}

function findByName<T extends { readonly name: string }>(
  all: readonly T[],
  name: string,
  what: string,
  more: readonly string[] = [],
): T {
  const found = all.find((one) => one.name === name);
  if (found) return found;
  throw new Misconfigured(`There is no ${what} “${name}”.`, {
    code: 'unknown-name',
    fix: `Choose one of ${[...all.map((one) => one.name), ...more].join(', ')}.`,
  });
}
