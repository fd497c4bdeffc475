// `npm run kafka`: a real Apache Kafka (and a schema registry) on this machine, without docker.
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Misconfigured } from '../../schemas/errors.ts';
import { type Daemon, died, runningPid, startDaemon, stopDaemon, waitForExit } from './daemon.ts';
import { checkJava, fetchKafka, fetchRegistry, kafkaHome } from './jars.ts';
import { loginVariables, prepareLogin } from './login.ts';
import { prepareBroker, prepareRegistry } from './settings.ts';

interface Options {
  readonly port: number;
  readonly registry?: number | true;
  readonly data?: string;
  readonly secure?: true;
}

const registryPortDefault = 8081;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const dataFolder = ({ data, port }: Options): string =>
  data ? resolve(data) : join(kafkaHome, `broker-${port}`);

async function start(options: Options): Promise<readonly Daemon[]> {
  checkJava();
  const data = dataFolder(options);
  const login = options.secure ? await prepareLogin(data) : null;
  const daemons = [await prepareBroker(await fetchKafka(say), data, options.port, login)];
  if (options.registry) {
    const port = options.registry === true ? registryPortDefault : options.registry;
    daemons.push(await prepareRegistry(await fetchRegistry(say), data, port));
  }
  for (const daemon of daemons) {
    say(`starting the ${daemon.name} (log: ${join(data, `${daemon.name}.log`)})…`);
    await startDaemon(daemon);
  }
  say(`ready: ${[...daemons.map(address), ...(login ? loginVariables(login) : [])].join(' ')}`);
  return daemons;
}

function address({ name, ready }: Daemon): string {
  const at = `${ready.host}:${ready.port}`;
  return name === 'broker' ? `KAFKA_BROKERS=${at}` : `SCHEMA_REGISTRY_URL=http://${at}/apis/ccompat/v7`;
}

/** Runs until a signal or until one of the daemons ends by itself. */
async function runInForeground(options: Options): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  const daemons = await start(options);
  say('Ctrl-C stops it.');
  const lives = daemons.map((daemon) => waitForExit(runningPid(daemon) ?? 0, stopping.signal));
  await Promise.race(lives);
  const dead = stopping.signal.aborted ? undefined : daemons.find((daemon) => runningPid(daemon) === null);
  stopping.abort();
  await stop(options);
  if (dead) throw died(dead);
}

async function stop(options: Options): Promise<void> {
  for (const name of ['registry', 'broker']) {
    const stopped = await stopDaemon({ name, data: dataFolder(options) });
    if (stopped) say(`${name}: stopped`);
  }
}

function showStatus(options: Options): void {
  const pids = ['broker', 'registry'].map((name) => runningPid({ name, data: dataFolder(options) }));
  say(`broker: ${pids[0] ? `running, process ${pids[0]}` : 'not running'}`);
  say(`registry: ${pids[1] ? `running, process ${pids[1]}` : 'not running'}`);
  if (!pids[0]) process.exitCode = 3;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_533)
    throw new InvalidArgumentError('not a port number.');
  return port;
}

function withOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--port <port>', 'port of the broker; the next one is its controller’s')
        .argParser(parsePort)
        .default(9092),
    )
    .option('--registry [port]', `start a schema registry too (port ${registryPortDefault})`, parsePort)
    .option(
      '--secure',
      'want a login: SASL (plain, SCRAM) over TLS; the port after the next one takes client certificates',
    )
    .option('--data <folder>', 'folder of the data, logs and process ids (default: .kafka/broker-<port>)');
}

const program = new Command('kafka')
  .description(
    'Apache Kafka 4.3 (one KRaft node) and a schema registry on this machine; needs Java 17 and Maven.',
  )
  .addHelpText('after', '\nExample:\n  npm run kafka -- up --port 19092 --registry 18081');
withOptions(program.command('run', { isDefault: true }))
  .description('run in the foreground until Ctrl-C (default)')
  .action(runInForeground);
withOptions(program.command('up'))
  .description('run in the background; leaves one that runs as it is')
  .action(async (options: Options) => void (await start(options)));
withOptions(program.command('down')).description('stop what `up` started').action(stop);
withOptions(program.command('status'))
  .description('say what runs; exit code 3 when the broker does not')
  .action(showStatus);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Misconfigured)) throw error;
  process.stderr.write(`${error.message}\n→ ${error.fix}\n`);
  process.exitCode = 1;
}
