// While handlers work on what was fetched, the next fetch is under way, as long as there is a backlog: kafkajs asks for
// more only when every handler is through, and then waits. So is a fetch that waits for more than the first record: it
// waits beside the handlers instead of after them. A fetch ahead is used if it is what kafkajs asks for next; after a
// seek, a rebalance or an error it is not.
import type { Cluster } from 'kafkajs';
import type { FetchedPartition, FetchResponse } from './fetch-response.ts';
import { fetchedRecords } from './fetched.ts';

/** Less than this is not worth it; where little comes, the latest is better than the next. */
const aheadBytesMin = 262_144;

export interface FetchParameters {
  /** The broker waits for so many, but not for long. */
  readonly minBytes: number;
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string }[];
  }[];
}

interface Broker {
  fetch(parameters: FetchParameters): Promise<FetchResponse>;
}

/** What was asked for ahead. */
interface Ahead {
  readonly offsets: ReadonlyMap<string, string>;
  readonly response: Promise<FetchResponse>;
}

/** Brokers that look ahead, so that none does so twice. */
const known = new WeakSet<object>();

/** Makes the fetches of a cluster with our codec look ahead. */
export function fetchAhead(cluster: Cluster): void {
  const find = cluster.findBroker.bind(cluster);
  cluster.findBroker = async (node) => {
    const broker = await find(node);
    if (!known.has(broker)) lookAhead(broker as unknown as Broker);
    known.add(broker);
    return broker;
  };
}

/** Exported for its test: changes `broker.fetch`. */
export function lookAhead(broker: Broker): void {
  const fetch = broker.fetch.bind(broker);
  let ahead: Ahead | undefined;
  broker.fetch = async (parameters) => {
    const asked = ahead;
    ahead = undefined;
    const usable = asked !== undefined && covers(asked, parameters);
    const response = usable ? only(await asked.response, parameters) : await fetch(parameters);
    const next = following(parameters, response);
    if (next) {
      ahead = { offsets: offsetsOf(next), response: fetch(next) };
      ahead.response.catch(() => undefined); // whoever asks for it gets the error
    }
    return response;
  };
}

const placeOf = (topic: string, partition: number): string => `${topic}/${partition}`;

const offsetsOf = ({ topics }: FetchParameters): Map<string, string> =>
  new Map(
    topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, fetchOffset }) => [placeOf(topic, partition), fetchOffset] as const),
    ),
  );

/** Whether everything that is wanted was asked for, from the same offset on. Less may be wanted: partitions are paused. */
const covers = ({ offsets }: Ahead, wanted: FetchParameters): boolean =>
  [...offsetsOf(wanted)].every(([place, offset]) => offsets.get(place) === offset);

/** The part of a response that is wanted. */
function only(response: FetchResponse, wanted: FetchParameters): FetchResponse {
  const places = offsetsOf(wanted);
  const responses = response.responses.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.filter(({ partition }) => places.has(placeOf(topicName, partition))),
  }));
  return { ...response, responses: responses.filter(({ partitions }) => partitions.length > 0) };
}

/** What will be asked for when all of a response has been handled; null where it had better be asked for then. */
function following(parameters: FetchParameters, response: FetchResponse): FetchParameters | null {
  const waits = parameters.minBytes > 1;
  if (response.bytes < aheadBytesMin && !waits) return null;
  const fetched = new Map<string, FetchedPartition>();
  for (const { topicName, partitions } of response.responses)
    for (const data of partitions) fetched.set(placeOf(topicName, data.partition), data);
  let backlog = false;
  const topics = parameters.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map((place) => {
      const data = fetched.get(placeOf(topic, place.partition));
      const next = data && fetchedRecords(data.messages)?.next;
      if (next === undefined) return place;
      backlog ||= next < Number(data!.highWatermark);
      return { ...place, fetchOffset: String(next) };
    }),
  }));
  return backlog || waits ? { ...parameters, topics } : null;
}
