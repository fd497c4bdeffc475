// `npm run kafka-load`: comments at a constant rate onto a real Kafka that a Millrace in a process of its own works off;
// how long until a score can be read, until its row can be queried, what is lost and what comes twice.
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openKafkaLog } from '../connectors/kafka/log.ts';
import { loadConfiguration } from '../streams/configuration/configuration.ts';
import { kafkaConnection } from '../streams/configuration/kafka-connection.ts';
import { Percentiles } from '../streams/percentiles.ts';
import { table } from '../streams/terminal.ts';
import { commentRecord, loadTexts } from './comments.ts';
import { load } from './kafka-load/loader.ts';
import { Arrivals, endOfScores, query, watchRows, watchScores } from './kafka-load/watchers.ts';
import { describeMachine } from './machine.ts';
import { startMillrace, usageOf } from './millrace-process.ts';

const usage = `KAFKA_BROKERS=… npm run kafka-load -- [--rate 1000] [--seconds 30] [--warm-up 10] [--tasks language] [--json] [--save]

Examples:
  KAFKA_BROKERS=127.0.0.1:9092 npm run kafka-load
  KAFKA_BROKERS=127.0.0.1:9092 npm run kafka-load -- --tasks language,sentiment,toxicity,emotion --save
`;

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '30' },
    'warm-up': { type: 'string', default: '10' },
    tasks: { type: 'string', default: 'language' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** How long what is under way at the end may still take; a row that takes longer counts as lost. */
const drainMs = 30_000;
const results = new URL('./results/', import.meta.url);

interface Plan {
  readonly ratePerSecond: number;
  readonly warmUp: number;
  readonly total: number;
}

async function measure(plan: Plan) {
  const millrace = await startMillrace({ MILLRACE_COMMENT_TASKS: values.tasks });
  const log = await openKafkaLog(kafkaConnection(loadConfiguration().kafka));
  const watching = new AbortController();
  try {
    const run = Date.now().toString(36);
    const prefix = `bench-${run}-`;
    const texts = await loadTexts();
    const from = await endOfScores(log);
    const start = Date.now() + 500;
    const scores = follow(plan, start);
    const rows = follow(plan, start);
    const watches = Promise.all([
      watchScores(log, from, { prefix, signal: watching.signal }, scores.onArrival),
      watchRows(millrace.directory, { prefix, signal: watching.signal }, rows.onArrival),
    ]);
    process.stderr.write(`sending ${plan.total} comments…\n`);
    const before = await usageOf(millrace.url);
    const loaded = await load(log, { ...plan, start }, (number, dueAt) =>
      commentRecord(texts, run, number, Math.floor(dueAt)),
    );
    process.stderr.write(`sent; waiting for ${scores.missing()} scores and ${rows.missing()} rows…\n`);
    for (let waited = 0; waited < drainMs && scores.missing() + rows.missing() > 0; waited += 100)
      await sleep(100);
    const after = await usageOf(millrace.url);
    watching.abort();
    await watches;
    const [table] = await query<{ rows: number; ids: number }>(
      millrace.directory,
      `SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(messageId)) AS ids FROM scores
       WHERE startsWith(messageId, '${prefix}')`,
    );
    return {
      latencies: [
        { what: 'due → acknowledged by Kafka', ...percentiles(loaded.acknowledged) },
        { what: 'due → score readable', ...percentiles(scores.latency) },
        { what: 'due → row queryable', ...percentiles(rows.latency) },
        { what: 'of that, the loader’s own lateness', ...percentiles(loaded.slip) },
      ],
      counts: {
        sent: plan.total,
        scoresLost: scores.missing(),
        scoresTwice: scores.arrivals.repeats,
        rowsLost: plan.total - table!.ids,
        rowsTwice: table!.rows - table!.ids,
      },
      server: {
        cpuSecondsPer100k: round(((after.cpuSeconds - before.cpuSeconds) / plan.total) * 1e5),
        rssMiB: after.rssMiB,
      },
    };
  } finally {
    watching.abort();
    await log.close();
    await millrace.stop();
  }
}

/** Latencies from due times, what was due while warming up left out; all of it counts as lost or doubled. */
function follow({ total, ratePerSecond, warmUp }: Plan, start: number) {
  const latency = new Percentiles();
  const arrivals = new Arrivals(total);
  return {
    latency,
    arrivals,
    missing: () => arrivals.missing,
    onArrival: (number: number, at: number) => {
      if (arrivals.add(number) && number >= warmUp)
        latency.add(at - start - (number / ratePerSecond) * 1_000);
    },
  };
}

const round = (value: number | null): number | null => (value === null ? null : Math.round(value * 10) / 10);

const percentiles = (of: Percentiles) => ({
  p50Ms: round(of.at(0.5)),
  p95Ms: round(of.at(0.95)),
  p99Ms: round(of.at(0.99)),
  p999Ms: round(of.at(0.999)),
  maxMs: round(of.at(1)),
});

if (values.help || !process.env.KAFKA_BROKERS) {
  process.stdout.write(usage);
  process.exitCode = values.help ? 0 : 2;
} else {
  const ratePerSecond = Number(values.rate);
  const warmUp = ratePerSecond * Number(values['warm-up']);
  const total = warmUp + ratePerSecond * Number(values.seconds);
  const measured = await measure({ ratePerSecond, warmUp, total });
  const report = {
    when: new Date().toISOString(),
    machine: describeMachine(),
    ratePerSecond,
    tasks: values.tasks,
    ...measured,
  };
  if (values.save) {
    mkdirSync(results, { recursive: true });
    writeFileSync(new URL('kafka-load.json', results), `${JSON.stringify(report, null, 2)}\n`);
  }
  process.stdout.write(
    values.json
      ? `${JSON.stringify(report)}\n`
      : `${table(measured.latencies)}${table([{ ...measured.counts, ...measured.server }])}`,
  );
  const { scoresLost, rowsLost, rowsTwice } = measured.counts;
  process.exit(scoresLost + rowsLost + rowsTwice > 0 ? 1 : 0);
}
