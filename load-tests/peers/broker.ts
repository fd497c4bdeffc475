// The benches' own broker: one node, a fully compiling JVM with 1 GiB, so that it is not the bottleneck.

import { type Daemon, runningPid, startDaemon, stopDaemon } from '../../infra/kafka/daemon.ts';
import { checkJava, fetchKafka } from '../../infra/kafka/jars.ts';
import { prepareBroker } from '../../infra/kafka/settings.ts';
import { brokerData, brokerPort } from './places.ts';

const jvm = ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC'];
const place = { name: 'broker', data: brokerData };

export const bootstrap = `127.0.0.1:${brokerPort}`;

/** Starts it and returns its process id; one that runs already is left as it is. */
export async function startBroker(say: (line: string) => void): Promise<number> {
  const running = runningPid(place);
  if (running) return running;
  checkJava();
  const daemon: Daemon = await prepareBroker(await fetchKafka(say), brokerData, brokerPort, null, jvm);
  return startDaemon(daemon);
}

/** False when it was not running. */
export const stopBroker = (): Promise<boolean> => stopDaemon(place);
