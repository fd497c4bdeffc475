// Where our own record batch codec goes into kafkajs: between a request’s parameters and its bytes, and between a
// response’s bytes and what kafkajs makes of them. Sockets, logins, metadata, groups, retries, sequence numbers and
// transactions stay kafkajs’s. Each client is changed by itself; others in the process keep the stock codec.
//
// This reaches into what is not kafkajs’s public face. Its version is pinned and no longer changes; with another one
// the stock codec is used, loudly.
import { createRequire } from 'node:module';
import type { Cluster, Kafka } from 'kafkajs';
import { type Connection, type DirectRequest, sendDirectly } from './direct-send.ts';
import type { FetchParameters } from './fetch-ahead.ts';
import { Damages, decodeFetchResponse, fetchVersionMin } from './fetch-response.ts';
import {
  encodeProduceRequest,
  isOurs,
  noteWritten,
  type ProduceParameters,
  type ProduceResponse,
  produceVersionMin,
} from './produce-request.ts';

export type CodecName = 'own' | 'stock';

const knownVersion = '2.2.4';
const clusterMaker = 'private:Kafka:createCluster';
const produceKey = 0;
const fetchKey = 1;

type Protocol = Omit<DirectRequest<unknown>, 'pieces'>;
type Produce = DirectRequest<ProduceResponse>;
type Make = (parameters: object) => Protocol | Produce;
type Lookup = (apiKey: number, definition: object) => Make;
interface Broker {
  /** Set anew with every connection. */
  lookupRequest: Lookup;
  readonly connectionPool: {
    send(protocol: Protocol | Produce): Promise<unknown>;
    /** Connects where that is not done yet. */
    getConnectionByRequest(protocol: Protocol): Promise<Connection>;
  };
}
type MakeCluster = (options: object) => Cluster;
/** Why our codec cannot be used with the kafkajs that is installed; null when it can. */
export function codecObstacle(kafka: Kafka): string | null {
  const { version } = createRequire(import.meta.url)('kafkajs/package.json') as { version: string };
  if (version !== knownVersion) return `it knows kafkajs ${knownVersion}, and ${version} is installed`;
  return makerOf(kafka) ? null : 'kafkajs is not as it was';
}

const makerOf = (kafka: Kafka): symbol | undefined =>
  Object.getOwnPropertySymbols(kafka).find(({ description }) => description === clusterMaker);

const clusters = new WeakMap<object, Cluster>();

/** The cluster behind a producer of a client with our codec. */
export const clusterOf = (producer: object): Cluster => clusters.get(producer)!;

/** Gives everything that is made from this client our codec. */
export function useOwnCodec(kafka: Kafka): Kafka {
  const holder = kafka as unknown as Record<symbol, MakeCluster>;
  const maker = makerOf(kafka)!;
  const makeCluster = holder[maker]!;
  let made: Cluster | undefined;
  holder[maker] = (options) => {
    made = translating(makeCluster(options));
    return made;
  };
  const makeProducer = kafka.producer.bind(kafka);
  kafka.producer = (options) => {
    const producer = makeProducer(options);
    clusters.set(producer, made!);
    return producer;
  };
  return kafka;
}

function translating(cluster: Cluster): Cluster {
  const damages = new Damages();
  const translated = new WeakSet<object>();
  const find = cluster.findBroker.bind(cluster);
  cluster.findBroker = async (node) => {
    const found = await find(node);
    const broker = found as unknown as Broker;
    if (!translated.has(broker.lookupRequest)) {
      broker.lookupRequest = translatingLookup(broker.lookupRequest, damages);
      translated.add(broker.lookupRequest);
    }
    if (!translated.has(broker.connectionPool)) {
      sendProduceDirectly(broker.connectionPool);
      translated.add(broker.connectionPool);
    }
    return found;
  };
  return cluster;
}

function sendProduceDirectly(pool: Broker['connectionPool']): void {
  const send = pool.send.bind(pool);
  pool.send = async (protocol) =>
    'pieces' in protocol
      ? sendDirectly(await pool.getConnectionByRequest(protocol), protocol)
      : send(protocol);
}

const translatingLookup =
  (lookup: Lookup, damages: Damages): Lookup =>
  (apiKey, definition) => {
    const make = lookup(apiKey, definition);
    if (apiKey === fetchKey)
      return (parameters) => fetching(make(parameters), parameters as FetchParameters, damages);
    if (apiKey === produceKey)
      return (parameters) => producing(make(parameters), parameters as ProduceParameters);
    return make;
  };

function fetching(protocol: Protocol, { topics }: FetchParameters, damages: Damages): Protocol {
  const { apiVersion } = protocol.request;
  if (apiVersion < fetchVersionMin) return protocol;
  const asked = (topic: string, partition: number): number => {
    const places = topics.filter((one) => one.topic === topic).flatMap(({ partitions }) => partitions);
    return Number(places.find((place) => place.partition === partition)!.fetchOffset);
  };
  const decode = (bytes: Buffer) => decodeFetchResponse(bytes, apiVersion, asked, damages);
  return { ...protocol, response: { ...protocol.response, decode } };
}

function producing(protocol: Protocol, parameters: ProduceParameters): Protocol | Produce {
  if (!isOurs(parameters)) return protocol;
  const { request, response } = protocol as Produce;
  if (request.apiVersion < produceVersionMin)
    throw new Error(`Produce requests of version ${request.apiVersion} do not take record batches`);
  const parse = (decoded: ProduceResponse) => {
    noteWritten(parameters, decoded);
    return response.parse(decoded);
  };
  return { request, response: { ...response, parse }, pieces: () => encodeProduceRequest(parameters) };
}
