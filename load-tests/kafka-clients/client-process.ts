// One client measured in a process of its own, so that processor time and memory are its own:
//   client-process.ts <client> <brokers> <records>
// Prints one JSON line.
import { type ClientName, openClient } from './clients.ts';
import { measureConsume, measureLatency, measureProduce, measureRebalance, newTopic } from './measures.ts';

const [client = 'kafkajs', brokers = '', records = '100000'] = process.argv.slice(2);
const open = () =>
  openClient(client as ClientName, { brokers: brokers.split(','), clientId: `measured-${client}` });

const log = await open();
const warmUp = await newTopic(log);
await measureProduce(log, warmUp, 10_000);
await measureConsume(log, warmUp, 10_000);
const topic = await newTopic(log);
const produce = await measureProduce(log, topic, Number(records));
const consume = await measureConsume(log, topic, Number(records));
const latency = await measureLatency(log);
const rebalance = await measureRebalance(log, open);
const rssMib = process.resourceUsage().maxRSS / 1_024;
await log.close();
process.stdout.write(`${JSON.stringify({ client, produce, consume, latency, rebalance, rssMib })}\n`);
