// `npm run bench`: end-to-end speed and latency of the whole system, embedded and (with KAFKA_BROKERS) on Kafka,
// chained and apart with the tasks that are asked for, and chained with all models for comments (“whole”). Prints a table, and JSON with --json; --save keeps the JSON in load-tests/results/.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfiguration } from '../streams/configuration/configuration.ts';
import { openStack } from '../streams/stack.ts';
import { startSystem } from '../streams/system.ts';
import { table } from '../streams/terminal.ts';
import { measureLatency } from './latency.ts';
import { measureThroughput } from './throughput.ts';

const usage = `npm run bench -- [--records 100000] [--rate 1000] [--seconds 20] [--tasks language] [--only embedded-chained] [--json] [--save]

Examples:
  npm run bench
  npm run bench -- --only embedded-whole
  KAFKA_BROKERS=127.0.0.1:9092 npm run bench -- --records 200000 --save
`;

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '100000' },
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
    tasks: { type: 'string', default: 'language' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Every model for comments there is: language, and the three that say something about it. */
const allTasks = 'language,sentiment,toxicity,emotion';

interface Setting {
  readonly name: string;
  readonly tasks: string;
  readonly env: Readonly<Record<string, string>>;
}

function settings(): readonly Setting[] {
  const brokers = process.env.KAFKA_BROKERS;
  const logs = [
    { log: 'embedded', env: {} },
    ...(brokers ? [{ log: 'kafka', env: { KAFKA_BROKERS: brokers } }] : []),
  ];
  return logs
    .flatMap(({ log, env }) => [
      { name: `${log}-chained`, tasks: values.tasks, env: { ...env, MILLRACE_MODE: 'chained' } },
      { name: `${log}-apart`, tasks: values.tasks, env: { ...env, MILLRACE_MODE: 'apart' } },
      { name: `${log}-whole`, tasks: allTasks, env: { ...env, MILLRACE_MODE: 'chained' } },
    ])
    .filter(({ name }) => !values.only || name === values.only);
}

/** One setting in a directory of its own: speed with a full topic, then latency at a steady rate. */
async function measure({ name, tasks, env }: Setting) {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const configuration = loadConfiguration({
    env: {
      ...env,
      MILLRACE_DATA_DIRECTORY: directory,
      MILLRACE_COMMENT_TASKS: tasks,
      MILLRACE_LOG_LEVEL: 'error',
    },
  });
  const stack = await openStack(configuration, async () => 1);
  try {
    const throughput = await measureThroughput(stack, Number(values.records));
    const system = await startSystem(stack, { driftByClock: false });
    const latency = await measureLatency(stack, Number(values.rate), Number(values.seconds)).finally(() =>
      system.close(),
    );
    return { setting: name, tasks, ...throughput, ...latency };
  } finally {
    await stack.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

if (values.help) {
  process.stdout.write(usage);
} else {
  const results = [];
  for (const setting of settings()) results.push(await measure(setting));
  const report = {
    when: new Date().toISOString(),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim(),
    machine: { node: process.version, processors: cpus().length, model: cpus()[0]?.model ?? '' },
    results,
  };
  if (values.save) {
    mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
    const file = new URL(`./results/bench-${report.when.slice(0, 10)}.json`, import.meta.url);
    writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  }
  process.stdout.write(
    values.json
      ? `${JSON.stringify(report)}\n`
      : table(
          results.map(({ stageShare, ...row }) => ({
            ...row,
            stages: Object.entries(stageShare)
              .map(([stage, share]) => `${stage} ${Math.round(share * 100)} %`)
              .join(' '),
          })),
        ),
  );
  process.exit(0);
}
