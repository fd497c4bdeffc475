// `npm run k6 -- [scenario]`: load on the HTTP door from k6, with the mission's limits as thresholds. Starts a Millrace
// of its own unless it is given an address; exits with 1 when a threshold was crossed.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { Misconfigured } from '../schemas/errors.ts';
import { table } from '../streams/terminal.ts';
import { loadTexts } from './comments.ts';
import { prepareK6 } from './k6/k6-program.ts';
import { heldRate, type Summary, scenarioRows, thresholdRows } from './k6/summary.ts';
import { describeMachine } from './machine.ts';
import { startMillrace, usageOf } from './millrace-process.ts';

interface Options {
  readonly url?: string;
  readonly rate: string;
  readonly seconds?: string;
  readonly tasks: string;
  readonly short?: true;
  readonly json?: true;
  readonly save?: true;
}

const scenarios = ['steady', 'ramp', 'spike', 'users', 'soak', 'mixed'];
const script = fileURLToPath(new URL('./k6/scenarios.js', import.meta.url));
const results = new URL('./results/k6.json', import.meta.url);
const thresholdsCrossed = 99;
const textsMax = 5_000;

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Seconds of the measured part. */
function durationOf(scenario: string, { seconds, short }: Options): string {
  if (seconds) return seconds;
  if (short) return '20';
  return scenario === 'soak' ? '1800' : '60';
}

async function run(scenario: string, options: Options): Promise<void> {
  const k6 = prepareK6(say);
  const work = mkdtempSync(join(tmpdir(), 'millrace-k6-'));
  // The samples come again within minutes: answers that were kept would flatter it.
  const env = { MILLRACE_COMMENT_TASKS: options.tasks, MILLRACE_ANSWER_CACHE: 'off' };
  const millrace = options.url ? null : await startMillrace(env);
  try {
    const url = millrace?.url ?? options.url!;
    const before = await usageOf(url);
    const { code, summary } = await load(k6, work, url, scenario, options);
    const after = await usageOf(url);
    report(scenario, options, summary, {
      requests: summary.metrics.http_reqs?.values.count ?? 0,
      cpuSeconds: after.cpuSeconds - before.cpuSeconds,
      rssMiBBefore: before.rssMiB,
      rssMiB: after.rssMiB,
    });
    if (code !== 0) process.exitCode = 1;
  } finally {
    await millrace?.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

async function load(k6: string, work: string, url: string, scenario: string, options: Options) {
  const files = { texts: join(work, 'texts.json'), summary: join(work, 'summary.json') };
  writeFileSync(files.texts, JSON.stringify((await loadTexts()).slice(0, textsMax)));
  const child = spawn(k6, ['run', '--quiet', '--no-usage-report', script], {
    env: {
      ...process.env,
      SCENARIO: scenario,
      URL: url,
      RATE: options.rate,
      SECONDS: durationOf(scenario, options),
      SHORT: options.short ? '1' : '0',
      TASKS: options.tasks,
      TEXTS: files.texts,
      SUMMARY: files.summary,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  if ((code === 0 || code === thresholdsCrossed) && existsSync(files.summary))
    return { code, summary: JSON.parse(readFileSync(files.summary, 'utf8')) as Summary };
  throw new Misconfigured(`k6 ended with ${code}.`, { code: 'k6-failed', fix: 'What it said stands above.' });
}

interface Usage {
  readonly requests: number;
  readonly cpuSeconds: number;
  readonly rssMiBBefore: number;
  readonly rssMiB: number;
}

function report(scenario: string, options: Options, summary: Summary, usage: Usage): void {
  const rows = scenarioRows(summary);
  const thresholds = thresholdRows(summary);
  const cpuMsPerRequest = Math.round((usage.cpuSeconds / usage.requests) * 1e5) / 100;
  const held = scenario === 'ramp' ? heldRate(summary) : null;
  const result = {
    when: new Date().toISOString(),
    machine: describeMachine(),
    rate: Number(options.rate),
    seconds: Number(durationOf(scenario, options)),
    tasks: options.tasks,
    ...(scenario === 'ramp' ? { heldRate: held } : {}),
    server: { ...usage, cpuMsPerRequest },
    rows,
    thresholds,
  };
  if (options.save) save(scenario, result);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ scenario, ...result })}\n`);
    return;
  }
  process.stdout.write(table(rows));
  process.stdout.write(table(thresholds));
  if (scenario === 'ramp') process.stdout.write(`held: ${held ?? 'no step'} requests/s\n`);
  process.stdout.write(
    `server: ${cpuMsPerRequest} ms of CPU per request, ${usage.rssMiBBefore} → ${usage.rssMiB} MiB\n`,
  );
}

/** One result for every scenario, the newest. */
function save(scenario: string, result: object): void {
  const kept = existsSync(results) ? (JSON.parse(readFileSync(results, 'utf8')) as object) : {};
  writeFileSync(results, `${JSON.stringify({ ...kept, [scenario]: result }, null, 2)}\n`);
}

const program = new Command('k6')
  .description('Load on the HTTP door; every latency counts from when a request was due.')
  .argument('[scenario]', scenarios.join(', '), 'steady')
  .option(
    '--url <address>',
    'a Millrace that runs; otherwise one is started, embedded, with the shipped models',
  )
  .option('--rate <n>', 'requests/s', '1000')
  .option('--seconds <n>', 'measured time (60; soak 1800)')
  .option('--tasks <list>', 'what is asked of every text', 'language,sentiment,toxicity,emotion')
  .option('--short', '20 s after 5 s of warming up, for CI')
  .addOption(new Option('--json', 'print JSON'))
  .option('--save', 'keep the result in load-tests/results/k6.json')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run k6\n  npm run k6 -- ramp --save\n  npm run k6 -- steady --short',
  )
  .action(async (scenario: string, options: Options) => {
    if (!scenarios.includes(scenario))
      throw new Misconfigured(`There is no scenario “${scenario}”.`, {
        code: 'unknown-scenario',
        fix: `Choose one of ${scenarios.join(', ')}.`,
      });
    await run(scenario, options);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Misconfigured)) throw error;
  say(`${error.message}\n→ ${error.fix}`);
  process.exitCode = 1;
}
