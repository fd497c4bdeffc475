// The log port on a worker: every call goes over the network to the broker. Publishing, consuming and asking have a
// connection each, as with Kafka's clients.
import type { Log, StoredRecord } from '../../connectors/log.ts';
import type { Broker } from './broker.ts';
import type { Actor } from './clock.ts';
import type { Holdings } from './ledger.ts';
import type { Network, Surroundings } from './network.ts';
import { type Client, RemoteSubscription } from './remote-subscription.ts';

export interface ClientParts {
  readonly world: Surroundings;
  readonly network: Network;
  readonly actor: Actor;
  readonly holdings: Holdings;
  /** The broker that is there now. */
  readonly current: () => Broker | null;
}

export function remoteLog(parts: ClientParts): Log {
  const client = clientOf(parts);
  const { ask, holdings } = client;
  return {
    createTopics: (specs) => ask('admin', 'createTopics', (broker) => broker.log.createTopics(specs)),
    ranges: (topics) => ask('admin', 'ranges', (broker) => broker.log.ranges(topics)),
    publish: (batches) =>
      ask(
        'producer',
        `publish of ${batches.map(({ topic, records }) => `${records.length} to ${topic}`)}`,
        (broker, request) => broker.viewOf(holdings).publishFor(batches, request),
      ),
    async subscribe(options, handler) {
      const subscription = new RemoteSubscription(client, options, handler);
      await subscription.join();
      return subscription;
    },
    positions: (group, topics) => ask('admin', 'positions', (broker) => broker.log.positions(group, topics)),
    groups: () => ask('admin', 'groups', (broker) => broker.log.groups()),
    async *read(topic, options) {
      yield* await ask('reader', `read of ${topic}`, (broker) => readAll(broker.log, topic, options));
    },
    async close() {},
  };
}

type Shares = { readonly partition: number; readonly records: readonly StoredRecord[] }[];

export async function readAll(log: Log, topic: string, options: Parameters<Log['read']>[1]): Promise<Shares> {
  const shares: Shares = [];
  for await (const share of log.read(topic, options)) shares.push(share);
  return shares;
}

function clientOf({ world: { clock }, network, actor, holdings, current }: ClientParts): Client {
  return {
    actor,
    clock,
    holdings,
    ask(lane, what, apply) {
      const broker = current();
      return network.call({
        from: actor,
        to: broker?.actor ?? null,
        lane,
        what,
        apply: (request) => apply(broker!, request),
      });
    },
    tell(run) {
      const broker = current();
      if (broker) network.push(actor, broker.actor, () => run(broker));
    },
  };
}
