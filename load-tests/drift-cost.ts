// `node --import tsx load-tests/drift-cost.ts`: what one examination of a window costs when the same hour holds 1 M, 10 M
// and 100 M predictions. The rows go through the real views; the job reads counts per minute.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openEmbeddedClickhouse } from '../connectors/clickhouse/embedded.ts';
import { writeBaselines } from '../connectors/clickhouse/histograms.ts';
import { applyMigrations, readMigrations } from '../connectors/clickhouse/migrations.ts';
import type { Clickhouse } from '../connectors/clickhouse.ts';
import type { Baseline } from '../schemas/baseline.ts';
import { loadConfiguration } from '../streams/configuration/configuration.ts';
import { reportsOn } from '../streams/drift/examination.ts';
import { driftJobs } from '../streams/drift/jobs.ts';
import { count, table } from '../streams/terminal.ts';
import { describeMachine } from './machine.ts';

const usage = `node --import tsx load-tests/drift-cost.ts [--rows 1e6,1e7,1e8] [--directory /tmp/millrace-drift-cost] [--minutes 10] [--json] [--save]

Goes on where an earlier run in the same directory stopped; --minutes bounds the filling. Remove the directory afterwards.

Examples:
  node --import tsx load-tests/drift-cost.ts --rows 1e5,1e6
  nice node --import tsx load-tests/drift-cost.ts --save
`;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1e6,1e7,1e8' },
    directory: { type: 'string', default: '/tmp/millrace-drift-cost' },
    minutes: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const from = Date.UTC(2026, 0, 5, 12);
const to = from + 3_600_000;
const release = 'toxicity@9.9.9';
/** Rows of an insert, in the order of time like traffic. */
const chunkRows = 10_000_000;
const looks = 15;
/** Rows of predictions that stay: what the examples are taken from, and what counting rows would have to read. */
const rowsKeptMax = 10_000_000;

interface Line {
  readonly predictions: number;
  readonly rowsOfHistograms: number;
  readonly jobMs: { readonly least: number; readonly median: number; readonly most: number };
  /** Processor time of all threads, median: what a busy machine distorts less. */
  readonly jobCpuMs: number;
  /** What the same four histograms cost when they are counted from the rows; null where those were not kept. */
  readonly countedFromRowsMs: number | null;
  readonly samples: number;
  readonly verdict: string;
}

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const directory = resolve(values.directory);
  const file = join(directory, 'lines.json');
  if (!existsSync(file)) rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const lines: Line[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  const clickhouse = await openEmbeddedClickhouse({ directory: join(directory, 'clickhouse') });
  try {
    await applyMigrations(clickhouse, await readMigrations());
    await writeBaselines(clickhouse, baselines);
    const deadline = Date.now() + Number(values.minutes) * 60_000;
    for (const rows of values.rows.split(',').map(Number)) {
      if (lines.some((line) => line.predictions >= rows)) continue;
      const filled = await fill(clickhouse, rows, deadline);
      lines.push(await measure(clickhouse, filled));
      writeFileSync(file, JSON.stringify(lines));
      if (filled < rows) break;
    }
  } finally {
    await clickhouse.close();
  }
  if (values.save) save(lines);
  process.stdout.write(values.json ? `${JSON.stringify(lines, null, 2)}\n` : table(lines.map(print)));
}

const shares = { confidence: 10, length: 10, language: 20 };
const edges = (bins: number, step: number, first: number): number[] =>
  Array.from({ length: bins - 1 }, (_, at) => first + step * at);

const numeric = (feature: string, all: readonly number[]): Baseline => ({
  ...{ release, feature, kind: 'numeric', edges: all },
  bins: [...all, 0].map((_, at) => String(at)),
  counts: [...all, 0].map(() => 1_000),
  samples: 1_000 * (all.length + 1),
});

const categorical = (feature: string, bins: readonly string[]): Baseline => ({
  ...{ release, feature, kind: 'categorical', edges: [], bins },
  counts: bins.map(() => 1_000),
  samples: 1_000 * bins.length,
});

const languages = Array.from({ length: shares.language }, (_, at) => `l${at}`);
// Labels have moved (half of them are a third of the baseline), so that examples are looked for as well.
const baselines: readonly Baseline[] = [
  categorical('label', ['a', 'b', 'c']),
  categorical('language', languages),
  numeric('confidence', edges(shares.confidence, 0.05, 0.55)),
  numeric('length', edges(shares.length, 20, 20)),
];

/** Inserts chunk after chunk until there are so many, or the time is up; resolves to how many there are. */
async function fill(clickhouse: Clickhouse, rows: number, deadline: number): Promise<number> {
  let there = await predictionsCounted(clickhouse);
  while (there < rows && Date.now() < deadline) {
    const size = Math.min(chunkRows, rows - there);
    await clickhouse.command(insertionOf(there, size));
    there += size;
    if (there > rowsKeptMax && there < rows) await clickhouse.command('TRUNCATE TABLE predictions');
    process.stderr.write(`${count(there)} of ${count(rows)} predictions\n`);
  }
  return predictionsCounted(clickhouse);
}

/** What the view has counted: the rows themselves may be gone. */
async function predictionsCounted(clickhouse: Clickhouse): Promise<number> {
  const [row] = await clickhouse.query<{ n: number }>(
    "SELECT toFloat64(sum(histograms.count)) AS n FROM histograms WHERE feature = 'label'",
  );
  return row?.n ?? 0;
}

/**
 * Every minute of the hour, two tenants, two kinds, three labels, twenty languages, every bin; of the columns those that
 * the views and the examination read.
 */
const insertionOf = (first: number, size: number): string =>
  `INSERT INTO predictions (tenant, eventTime, ingestTime, messageId, kind, textLength, language, \`results.task\`,
     \`results.release\`, \`results.label\`, \`results.confidence\`, \`results.labels\`, \`results.probabilities\`, \`results.arm\`)
   WITH cityHash64(number) AS random
   SELECT if(number % 3 = 0, 'acme', 'default'), fromUnixTimestamp64Milli(${from} + intDiv((number - ${first}) * 3600000, ${size})) AS at,
     at, toString(number), if(number % 5 = 0, 'prompt', 'comment'), 1 + random % 220,
     concat('l', toString(bitShiftRight(random, 16) % 20)), ['toxicity'], ['${release}'],
     [['a', 'a', 'a', 'b', 'b', 'c'][1 + bitShiftRight(random, 32) % 6]],
     [toFloat32(0.5 + (bitShiftRight(random, 44) % 1000) / 2000)], [[]], [[]], [NULL]
   FROM numbers(${first}, ${size})
   SETTINGS max_insert_threads = 2`;

async function measure(clickhouse: Clickhouse, predictions: number): Promise<Line> {
  await settled(clickhouse);
  const configuration = loadConfiguration({ env: { MILLRACE_DRIFT_WINDOW_MS: '1h' } });
  const [job] = driftJobs(configuration);
  const stack = { clickhouse, configuration, now: () => to };
  const times: number[] = [];
  const cpu: number[] = [];
  let reports = await reportsOn(stack, job!, { from, to });
  for (let look = 0; look < looks; look++) {
    const started = performance.now();
    const before = process.cpuUsage();
    reports = await reportsOn(stack, job!, { from, to });
    const used = process.cpuUsage(before);
    times.push(performance.now() - started);
    cpu.push((used.user + used.system) / 1_000);
  }
  times.sort((a, b) => a - b);
  cpu.sort((a, b) => a - b);
  const [rows] = await clickhouse.query<{ n: number }>('SELECT toFloat64(count()) AS n FROM histograms');
  return {
    predictions,
    rowsOfHistograms: rows!.n,
    jobMs: { least: times[0]!, median: times[looks >> 1]!, most: times.at(-1)! },
    jobCpuMs: cpu[looks >> 1]!,
    countedFromRowsMs: predictions <= rowsKeptMax ? await countRows(clickhouse) : null,
    samples: reports.reduce((all, { samples }) => all + samples, 0),
    verdict: reports.map(({ verdict }) => verdict).join(', '),
  };
}

/** Parts merge by themselves, of predictions too, which would count as processor time of the job. */
async function settled(clickhouse: Clickhouse): Promise<void> {
  for (let [waited, quiet] = [0, 0]; waited < 60 && quiet < 3; waited++) {
    const [row] = await clickhouse.query<{ n: number }>(
      'SELECT toUInt32(count()) AS n FROM system.merges WHERE database = currentDatabase()',
    );
    quiet = row?.n === 0 ? quiet + 1 : 0;
    await sleep(1_000);
  }
}

async function countRows(clickhouse: Clickhouse): Promise<number> {
  const started = performance.now();
  for (const bin of [
    'result.3',
    'language',
    'toString(floor(result.4 * 20))',
    'toString(intDiv(textLength, 20))',
  ])
    await clickhouse.query(
      `SELECT kind, ${bin} AS bin, count() AS n FROM predictions
       ARRAY JOIN arrayZip(\`results.task\`, \`results.release\`, \`results.label\`, \`results.confidence\`) AS result
       WHERE result.2 = '${release}' AND eventTime >= fromUnixTimestamp64Milli(${from}) AND eventTime < fromUnixTimestamp64Milli(${to})
       GROUP BY kind, bin`,
    );
  return performance.now() - started;
}

const print = (line: Line) => ({
  predictions: count(line.predictions),
  'rows of histograms': count(line.rowsOfHistograms),
  'job, ms (median)': line.jobMs.median.toFixed(0),
  'processor, ms': line.jobCpuMs.toFixed(0),
  'least to most': `${line.jobMs.least.toFixed(0)} to ${line.jobMs.most.toFixed(0)}`,
  'counted from rows, ms': line.countedFromRowsMs?.toFixed(0) ?? null,
  judged: count(line.samples),
  verdict: line.verdict,
});

function save(lines: readonly Line[]): void {
  const file = new URL('results/drift-cost.json', import.meta.url);
  const method =
    'One examination of the same hour, every tenant together, two kinds of message; rows through the materialized views.';
  writeFileSync(file, `${JSON.stringify({ method, machine: describeMachine(), lines }, null, 2)}\n`);
}

await main();
