// `node --import tsx load-tests/kafka-clients.ts`: kafkajs with our codec and with its own, librdkafka, and librdkafka's
// producer with kafkajs's consumer, through the log port, in alternating rounds on one broker; each round in a process
// of its own. Medians of the rounds.
// Ratios say more than numbers: the machine is shared with the broker, and with whatever else runs.
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadConfiguration } from '../streams/configuration/configuration.ts';
import { table } from '../streams/terminal.ts';
import { type ClientName, clients } from './kafka-clients/clients.ts';

const usage = `KAFKA_BROKERS=… node --import tsx load-tests/kafka-clients.ts [--clients kafkajs,stock,librdkafka,mixed] [--records 200000] [--rounds 3] [--json] [--save]

Examples:
  KAFKA_BROKERS=127.0.0.1:9092 node --import tsx load-tests/kafka-clients.ts --clients kafkajs,stock
  KAFKA_BROKERS=127.0.0.1:9092 node --import tsx load-tests/kafka-clients.ts --records 500000 --rounds 5 --save
`;

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: clients.join(',') },
    records: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

type Tree = { readonly [name: string]: number | string | null | Tree };

async function measure(client: ClientName, brokers: string): Promise<Tree> {
  const script = fileURLToPath(new URL('kafka-clients/client-process.ts', import.meta.url));
  const args = ['--import', 'tsx', script, client, brokers, values.records];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const output = await text(child.stdout);
  const code = await ended;
  if (code !== 0) throw new Error(`measuring ${client} ended with exit code ${code}`);
  return JSON.parse(output.trim().split('\n').at(-1)!) as Tree;
}

/** `{ produce: { kPerSecond: 1 } }` → `{ 'produce kPerSecond': 1 }`, numbers only. */
function flat(tree: Tree, prefix = ''): Record<string, number> {
  return Object.fromEntries(
    Object.entries(tree).flatMap(([name, value]) => {
      if (typeof value === 'number') return [[`${prefix}${name}`, value]];
      return value !== null && typeof value === 'object'
        ? Object.entries(flat(value, `${prefix}${name} `))
        : [];
    }),
  );
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!];
  return Number(((low + high) / 2).toPrecision(3));
}

function medians(rounds: readonly Record<string, number>[]): Record<string, number> {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round[name]!))]));
}

if (values.help) {
  process.stdout.write(usage);
} else {
  const { kafka } = loadConfiguration({ env: process.env });
  const wanted = clients.filter((client) => values.clients.split(',').includes(client));
  const rounds = Object.fromEntries(wanted.map((client) => [client, [] as Record<string, number>[]]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const client of round % 2 === 0 ? wanted : wanted.toReversed())
      rounds[client]!.push(flat(await measure(client, kafka.brokers.join(','))));
  const results = wanted.map((client) => ({ client, ...medians(rounds[client]!) }));
  const report = {
    when: new Date().toISOString(),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim(),
    machine: { node: process.version, processors: cpus().length, model: cpus()[0]?.model ?? '' },
    note: 'Broker and other work on the same processors: read ratios, not numbers. kafkajs: with our codec; stock: with its own; mixed: librdkafka publishes, kafkajs consumes.',
    records: Number(values.records),
    rounds,
    results,
  };
  if (values.save) {
    const file = new URL('results/kafka-clients.json', import.meta.url);
    writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  }
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : table(results));
}
