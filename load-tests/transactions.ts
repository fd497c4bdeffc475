// `node --import tsx load-tests/transactions.ts`: the same stream from topic to topic with journals (the default) and
// in Kafka transactions (`exactlyOnce: kafka`), in alternating rounds on one broker. The processor only derives an id,
// so that what is measured is the log. Ratios say more than numbers: the machine is shared.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Addressed, Delivery } from '../connectors/delivery.ts';
import { openKafkaLog } from '../connectors/kafka/log.ts';
import type { Log } from '../connectors/log.ts';
import { openEmbeddedRegistry } from '../connectors/registry/embedded.ts';
import { TopicDelivery } from '../connectors/topic-delivery.ts';
import { TransactionalDelivery } from '../connectors/transactional-delivery.ts';
import { openWire } from '../connectors/wire/wire.ts';
import { comments } from '../schemas/comment.ts';
import { derivedId } from '../schemas/identity.ts';
import { ok } from '../schemas/outcome.ts';
import type { Message } from '../schemas/topic.ts';
import { type Configuration, loadConfiguration } from '../streams/configuration/configuration.ts';
import { kafkaConnection } from '../streams/configuration/kafka-connection.ts';
import { Budget } from '../streams/loop/budget.ts';
import { Percentiles } from '../streams/percentiles.ts';
import { run, type Stream } from '../streams/run.ts';
import { decodeThen } from '../streams/stage.ts';
import { table } from '../streams/terminal.ts';
import { commentRecord, loadTexts } from './comments.ts';

const usage = `KAFKA_BROKERS=… node --import tsx load-tests/transactions.ts [--rounds 5] [--records 50000] [--rate 500] [--seconds 10] [--json] [--save]

Examples:
  KAFKA_BROKERS=127.0.0.1:9092 node --import tsx load-tests/transactions.ts
  KAFKA_BROKERS=127.0.0.1:9092 node --import tsx load-tests/transactions.ts --rounds 3 --records 20000 --save
`;

const fetchBytes = 1_048_576;
const publishRecords = 1_000;
const tickMs = 10;
const modes = ['none', 'kafka'] as const;
type Mode = (typeof modes)[number];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    records: { type: 'string', default: '50000' },
    rate: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

interface Round {
  readonly perSecond: number;
  readonly cpuSecondsPer100k: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A stream with topics and a group of its own, and what it has done so far. */
async function startStream(log: Log, { kafka, loop }: Configuration, mode: Mode, name: string) {
  const [from, to, group] = [`${name}-in`, `${name}-out`, `${name}-group`];
  const registry = await openEmbeddedRegistry({ file: join(tmpdir(), `${name}.json`) });
  const topics = [from, to].map((topic) => ({ ...comments, name: topic }));
  const wire = await openWire({ topics, registry, format: 'json' });
  const options = { log, wire, stage: 'bench', outputTopics: [to], now: Date.now };
  const delivery: Delivery<Addressed> =
    mode === 'kafka' ? new TransactionalDelivery({ ...options, group }) : new TopicDelivery(options);
  const outputOf = (message: Message) =>
    ok({ topic: to, message: { ...message, id: derivedId('bench', message.id) } });
  const stream: Stream<Addressed> = {
    name,
    subscribe: {
      group,
      topics: [from],
      concurrency: kafka.partitions,
      sessionTimeoutMs: kafka.sessionTimeoutMs,
      fetchWaitMs: loop.lingerMs,
      fetchBytesMin: 65_536,
      partitionBytesMax: fetchBytes,
    },
    limits: { recordsMax: loop.chunkRecordsMax, bytesMax: fetchBytes },
    process: decodeThen(
      wire,
      (message) => message,
      async (messages: readonly Message[]) => messages.map(outputOf),
    ),
    delivery,
  };
  const progress = { done: 0, startedAt: 0, cpu: process.cpuUsage() };
  const begin = () => {
    if (progress.startedAt > 0) return;
    progress.startedAt = performance.now();
    progress.cpu = process.cpuUsage();
  };
  const subscription = await run(stream, {
    log,
    budget: new Budget(loop.inFlightBytesMax),
    ...loop,
    observer: {
      assigned: begin,
      chunkDone: (_, { records: done }) => {
        progress.done += done.length;
      },
      retried: (_, error) => process.stderr.write(`${mode}: ${error.message}\n`),
    },
  });
  return { progress, close: () => subscription.close() };
}

async function measure(log: Log, configuration: Configuration, mode: Mode): Promise<Round> {
  const name = `bench-transactions-${randomUUID().slice(0, 8)}`;
  const topics = [`${name}-in`, `${name}-out`];
  await log.createTopics(
    topics.map((topic) => ({ name: topic, partitions: configuration.kafka.partitions })),
  );
  const texts = await loadTexts();
  const records = Number(values.records);
  const publish = (first: number, count: number, at: number) =>
    log.publish([
      {
        topic: `${name}-in`,
        records: Array.from({ length: count }, (_, n) => commentRecord(texts, name, first + n, at)),
      },
    ]);
  for (let first = 0; first < records; first += publishRecords)
    await publish(first, Math.min(publishRecords, records - first), Date.now());
  const { progress, close } = await startStream(log, configuration, mode, name);
  while (progress.done < records) await sleep(5);
  const seconds = (performance.now() - progress.startedAt) / 1_000;
  const { user, system } = process.cpuUsage(progress.cpu);
  const latency = await latencyAtRate(log, `${name}-out`, (first, count, at) =>
    publish(records + first, count, at),
  );
  await close();
  return {
    perSecond: Math.round(records / seconds),
    cpuSecondsPer100k: ((user + system) / 1e6 / records) * 1e5,
    ...latency,
  };
}

/** From the moment a record was due until a reader of committed records has its output, at a steady rate. */
async function latencyAtRate(
  log: Log,
  to: string,
  publish: (first: number, count: number, at: number) => Promise<unknown>,
): Promise<Pick<Round, 'p50Ms' | 'p99Ms'>> {
  const total = Number(values.rate) * Number(values.seconds);
  const latencies = new Percentiles();
  const from = new Map((await log.ranges([to])).map(({ partition, end }) => [partition, end]));
  const stop = new AbortController();
  let seen = 0;
  const reading = (async () => {
    for await (const { records } of log.read(to, { from, signal: stop.signal })) {
      const at = Date.now();
      for (const { value } of records) {
        const { eventTime } = JSON.parse(String(value)) as { eventTime: number };
        latencies.add(at - eventTime);
      }
      seen += records.length;
    }
  })();
  const started = Date.now();
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((Date.now() - started) / 1_000) * Number(values.rate)));
    if (due > sent) void publish(sent, due - sent, Date.now());
    sent = due;
    await sleep(tickMs);
  }
  while (seen < total) await sleep(tickMs);
  stop.abort();
  await reading;
  return { p50Ms: latencies.at(0.5)!, p99Ms: latencies.at(0.99)! };
}

const measures = ['perSecond', 'cpuSecondsPer100k', 'p50Ms', 'p99Ms'] as const;

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Medians of each mode, and the median over the rounds of transactions to journals. */
function summary(rounds: Readonly<Record<Mode, readonly Round[]>>) {
  const row = (exactlyOnce: string, of: (measure: (typeof measures)[number]) => number) => ({
    exactlyOnce,
    ...Object.fromEntries(measures.map((measure) => [measure, rounded(of(measure))])),
  });
  return [
    ...modes.map((mode) => row(mode, (measure) => median(rounds[mode].map((round) => round[measure])))),
    row('kafka / none', (measure) =>
      median(rounds.kafka.map((round, index) => round[measure] / rounds.none[index]![measure])),
    ),
  ];
}

async function main(): Promise<void> {
  const configuration = loadConfiguration({ env: { ...process.env, MILLRACE_WIRE_FORMAT: 'json' } });
  const log = await openKafkaLog(kafkaConnection(configuration.kafka));
  const rounds: Record<Mode, Round[]> = { none: [], kafka: [] };
  for (let round = 0; round < Number(values.rounds); round += 1)
    for (const mode of round % 2 === 0 ? modes : [...modes].reverse())
      rounds[mode].push(await measure(log, configuration, mode));
  await log.close();
  const { records, rate, seconds } = values;
  const report = {
    when: new Date().toISOString(),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim(),
    machine: { node: process.version, processors: cpus().length, model: cpus()[0]?.model ?? '' },
    settings: {
      rounds: rounds.none.length,
      records,
      rate,
      seconds,
      partitions: configuration.kafka.partitions,
    },
    results: summary(rounds),
    rounds,
  };
  if (values.save)
    writeFileSync(
      new URL('results/transactions.json', import.meta.url),
      `${JSON.stringify(report, null, 2)}\n`,
    );
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : table(report.results));
}

if (values.help) process.stdout.write(usage);
else await main();
