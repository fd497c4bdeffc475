// The loop around a real Kafka: each participant is a process of its own, as anybody would deploy them, and every one of
// them can be killed at any moment and is started again at once.
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandOn, settingsOf, type World } from '../../load-tests/loop/world.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { openStack } from '../../streams/stack.ts';
import { Broker } from '../faults/broker.ts';
import { endAll, forkModule, kill } from '../faults/children.ts';
import { ClickhouseServer } from '../faults/clickhouse-server.ts';

const program = new URL('../../streams/cli.ts', import.meta.url);

/** Who takes part, and the streams that each runs. */
const participants = {
  worker: 'chain,sinks',
  watch: 'drift,alerts',
  trainer: 'trainer',
  experiments: 'experiments',
} as const;
type Participant = keyof typeof participants;

export interface KafkaWorld extends World {
  /** kill -9 of all participants; each is started again. */
  killAll(): Promise<void>;
  /** Participants that ended by themselves. */
  readonly ended: readonly string[];
}

/** Takes six ports from `ports` on. */
export async function openKafkaWorld(
  folder: string,
  ports: number,
  env: Readonly<Record<string, string>>,
): Promise<KafkaWorld> {
  mkdirSync(join(folder, 'kafka'), { recursive: true });
  const broker = new Broker(join(folder, 'kafka'), ports);
  const clickhouse = new ClickhouseServer(join(folder, 'clickhouse'), ports + 3);
  await Promise.all([broker.start(), clickhouse.start()]);
  await clickhouse.proxy.listen();
  const settings = {
    ...settingsOf(folder),
    ...env,
    ...clickhouse.env,
    KAFKA_BROKERS: broker.address,
    KAFKA_PARTITIONS: '2',
    KAFKA_SESSION_TIMEOUT_MS: '6000',
    MILLRACE_INFERENCE_WORKERS: '1',
  };
  const configuration = loadConfiguration({ env: settings });
  // Nothing of what other suites are told: all are to speak to the same log, with the same schemas.
  const { PATH, HOME, TMPDIR } = process.env;
  const surroundings = { PATH, HOME, TMPDIR };
  const ended: string[] = [];
  const running = new Map<Participant, ChildProcess>();
  const start = (name: Participant) => {
    const log = join(folder, `${name}.log`);
    const own = { MILLRACE_STREAMS: participants[name], MILLRACE_DATA_DIRECTORY: join(folder, 'data') };
    const child = forkModule(program, ['up'], { log, env: { ...surroundings, ...settings, ...own } });
    // Nobody but `kill` ends a participant.
    child.once('exit', (code) => {
      if (code !== null) ended.push(`${name} ended with ${code}: ${readFileSync(log, 'utf8').slice(-2_000)}`);
    });
    running.set(name, child);
  };
  const names = Object.keys(participants) as Participant[];
  const stack = await openStack(configuration, async () => 1);
  for (const name of names) start(name);
  return {
    stack,
    command: (argv) => commandOn(stack, configuration, argv),
    ended,
    async killAll() {
      await Promise.all([...running.values()].map((child) => kill(child)));
      for (const name of names) start(name);
    },
    async close() {
      await Promise.all([...running.values()].map((child) => kill(child)));
      await stack.close();
      await clickhouse.proxy.close();
      await clickhouse.stop();
      await endAll();
    },
  };
}
