// The topics of a simulated world, their wire, and how a message tells where it came from.
import { openWire, type Wire } from '../../connectors/wire/wire.ts';
import { deadLetters } from '../../schemas/dead-letter.ts';
import { derivedId, derivedTraceparent } from '../../schemas/identity.ts';
import { envelope, type Message, type MessageOf, topic } from '../../schemas/topic.ts';

const numbered = {
  ...envelope,
  series: { type: 'text', doc: 'Messages of one series keep their order.' },
  sequence: { type: 'count', doc: 'Place in the series, from 0.' },
} as const;

const paper = { version: 1, doc: 'Simulated.', orderBy: ['id'], producers: [], consumers: [] } as const;

export const inputs = topic({
  ...paper,
  name: 'inputs',
  title: 'Input',
  key: 'series',
  fields: { ...numbered, text: { type: 'text', doc: 'What the model reads.' } },
});

const outputs = topic({
  ...paper,
  name: 'outputs',
  title: 'Output',
  key: 'series',
  fields: {
    ...numbered,
    fromPartition: { type: 'count', doc: 'Partition of the input.' },
    fromOffset: { type: 'double', doc: 'Offset of the input.' },
  },
});

export type Input = MessageOf<typeof inputs>;

/** Everything that is stored. */
export const sinkTopics = [inputs, outputs, deadLetters];
/** What the model refuses. */
export const poison = 'poison';

/** The production wire over a registry that is only numbers. It keeps nothing of a world, so all of them share it. */
export async function openSimulatedWire(): Promise<Wire> {
  const schemas: string[] = [];
  const topics = [inputs, outputs, deadLetters];
  const wire = await openWire({
    topics,
    format: 'avro',
    registry: {
      register: async (_, avro) => schemas.push(avro) - 1,
      schema: async (id) => schemas[id] ?? null,
      subjects: async () => [],
      close: async () => {},
    },
  });
  // Every schema is looked up now: a look-up in the first world only would make it differ from the second.
  for (const [id, { name }] of topics.entries()) {
    const value = Buffer.alloc(5);
    value.writeInt32BE(id, 1);
    await wire.prepare(name, [{ key: null, value, headers: {}, timestamp: 0, offset: 0 }]);
  }
  return wire;
}

export function outputOf(input: Input, partition: number, offset: number): Message {
  // Named after the record, not only after the message: then every record must be there exactly once, also where its
  // producer published a message again.
  const id = derivedId(input.id, 'simulation', String(partition), String(offset));
  const { tenant, eventTime, ingestTime, source, series, sequence } = input;
  const envelope = { id, tenant, eventTime, ingestTime, source, traceparent: derivedTraceparent(id) };
  return { ...envelope, series, sequence, fromPartition: partition, fromOffset: offset };
}

/** Whose result a message is, and of which input: `chain 0/7`. */
export const originOf = (message: Message): string =>
  `${message.stage ?? 'chain'} ${message.fromPartition}/${message.fromOffset}`;
