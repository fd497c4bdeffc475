// An echo in a process of its own, which dies or stops where it is told: right before, or right after, the broker
// commits its second transaction. Arguments: a JSON route with brokers and `fate`.
import { createRequire } from 'node:module';
import { type Route, startEcho } from './echo-stream.ts';

/** What happens at the second commit. */
export type Fate = 'killed before commit' | 'killed after commit' | 'stopped before commit' | 'lives';

interface EndOfTransaction {
  readonly transactionResult: boolean;
}
interface BrokerClass {
  readonly prototype: { endTxn(end: EndOfTransaction): Promise<unknown> };
}

const { fate, brokers, ...route } = JSON.parse(process.argv[2]!) as Route & {
  readonly fate: Fate;
  readonly brokers: readonly string[];
};

// The broker’s own client is the one place between the last record of a transaction and its commit.
const { prototype } = createRequire(import.meta.url)('kafkajs/src/broker') as BrokerClass;
const endTxn = prototype.endTxn;
let commits = 0;
prototype.endTxn = async function end(given) {
  if (given.transactionResult) commits += 1;
  const isDue = given.transactionResult && commits === 2;
  if (isDue && fate === 'killed before commit') process.kill(process.pid, 'SIGKILL');
  if (isDue && fate === 'stopped before commit') process.kill(process.pid, 'SIGSTOP');
  const answer = await endTxn.call(this, given);
  if (isDue && fate === 'killed after commit') process.kill(process.pid, 'SIGKILL');
  return answer;
};

const close = await startEcho(brokers, route);
process.on('SIGTERM', () => void close().then(() => process.exit(0)));
process.stdout.write('started\n');
