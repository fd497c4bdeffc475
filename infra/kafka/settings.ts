// What the two daemons are started with: a one-node KRaft broker and an Apicurio registry.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Daemon } from './daemon.ts';
import { registryJar } from './jars.ts';
import { type Login, loginProperties, scramUsers } from './login.ts';

// One cluster per data folder; the id only has to be 22 characters of URL-safe base64 and stay the same.
export const clusterId = 'bWlsbHJhY2UtbG9jYWwtMQ';

// Ready soon and small; a broker under load wants flags of its own.
const smallJvm = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** Writes the broker's settings under `data`, formats its storage once, and says how to start it. Without a login anyone may do anything. */
export async function prepareBroker(
  jars: string,
  data: string,
  port: number,
  login: Login | null = null,
  jvm: readonly string[] = smallJvm,
): Promise<Daemon> {
  await mkdir(data, { recursive: true });
  const logs = join(data, 'logs');
  const properties = join(data, 'server.properties');
  const listeners = login ? loginProperties(port, login) : plainListeners(port);
  await writeFile(properties, listeners + serverProperties(port, logs), { mode: 0o600 });
  await writeFile(join(data, 'log4j2.properties'), log4jProperties);
  const classPath = ['-cp', join(jars, '*')];
  if (!existsSync(join(logs, 'meta.properties'))) formatStorage(classPath, properties, login);
  const logging = `-Dlog4j2.configurationFile=${join(data, 'log4j2.properties')}`;
  return {
    name: 'broker',
    data,
    ports: login ? [port, port + 1, port + 2] : [port, port + 1],
    command: ['java', ...jvm, logging, ...classPath, 'kafka.Kafka', properties],
    ready: { host: '127.0.0.1', port },
  };
}

/** Says how to start the registry. Its schemas lie in a file under `data`, as the topics that need them do. */
export async function prepareRegistry(folder: string, data: string, port: number): Promise<Daemon> {
  await mkdir(data, { recursive: true });
  const http = [`-Dquarkus.http.port=${port}`, '-Dquarkus.http.host=127.0.0.1'];
  const database = `-Dquarkus.datasource.jdbc.url=jdbc:h2:file:${join(data, 'registry')}`;
  const jvm = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
  return {
    name: 'registry',
    data,
    ports: [port],
    command: ['java', ...jvm, ...http, database, '-jar', registryJar(folder)],
    ready: { host: '127.0.0.1', port, path: '/apis/ccompat/v7/subjects' },
  };
}

function formatStorage(classPath: readonly string[], properties: string, login: Login | null): void {
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties];
  if (login) tool.push(...scramUsers(login));
  const { status, stdout, stderr } = spawnSync('java', [...classPath, ...tool], { encoding: 'utf8' });
  if (status === 0) return;
  throw new Misconfigured(`Kafka’s storage could not be formatted:\n${stdout}${stderr}`, {
    code: 'format-failed',
    fix: 'Choose another folder with --data, or remove what is in this one.',
  });
}

const plainListeners = (
  port: number,
): string => `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${port + 1}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
`;

// One node, so every internal topic has one replica; few partitions for them, so that start-up stays quick.
const serverProperties = (port: number, logs: string): string => `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${port + 1}
controller.listener.names=CONTROLLER
log.dirs=${logs}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
`;

const log4jProperties = `status=error
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
`;
