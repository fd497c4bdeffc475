// A group member in a process of its own, which a test stops and continues (SIGSTOP, SIGCONT):
//   librdkafka-member.ts <brokers> <group> <topic>
// It holds its first batch until it notices that it was stopped, then asks for everything that only an owner may have
// and prints what became of it, one JSON line each.
import { setTimeout as sleep } from 'node:timers/promises';
import { openLibrdkafkaLog } from '../../connectors/librdkafka/log.ts';
import type { Batch } from '../../connectors/log.ts';
import { subscribing } from '../contract/log/subject.ts';

const [brokers = '', group = '', topic = ''] = process.argv.slice(2);
const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
const outcomeOf = (work: Promise<void>): Promise<string> =>
  work.then(
    () => 'accepted',
    (error: Error) => error.name,
  );

async function stopped(): Promise<void> {
  for (let last = Date.now(), gap = 0; gap < 3_000; ) {
    await sleep(50);
    gap = Date.now() - last;
    last = Date.now();
  }
}

async function hold(batch: Batch): Promise<void> {
  await batch.heartbeat();
  say({ holding: batch.partition });
  await stopped();
  const [heartbeat, commit] = [await outcomeOf(batch.heartbeat()), await outcomeOf(batch.commit(3, 'late'))];
  say({ heartbeat, commit, revoked: batch.revoked.aborted });
}

const log = await openLibrdkafkaLog({ brokers: brokers.split(','), clientId: 'test-member' });
let held = false;
const options = subscribing(group, topic, { sessionTimeoutMs: 6_000 });
const subscription = await log.subscribe(options, async (batch) => {
  if (held) return;
  held = true;
  await hold(batch);
});
process.stdin.resume().on('end', async () => {
  await subscription.close();
  await log.close();
  say({ closed: true });
});
