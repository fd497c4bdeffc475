// Gathers what the checker judges by, after a run and without Millrace's own readers: topics through plain kafkajs or
// from the segment files, tables through plain HTTP, the ledger from its file.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import avsc from 'avsc';
import type { Evidence, LetterRecord, OutputRecord, Place } from './checker.ts';
import type { ClickhouseServer } from './clickhouse-server.ts';
import { type Kind, readLedger } from './injector.ts';
import { readTopics } from './kafka-reading.ts';
import { type RawRecord, readSegments } from './segments.ts';

/** Header that carries the injector's own word on a message, `kind:id`, past whatever is in its value. */
export const faultsHeader = 'faults-id';

export interface Sources {
  readonly ledger: string;
  readonly clickhouse: ClickhouseServer;
  /** Broker address, or null for the embedded log in `dataDirectory`. */
  readonly broker: string | null;
  readonly registryUrl: string | null;
  readonly dataDirectory: string;
  readonly deleted: ReadonlySet<string>;
}

const names = ['comments', 'predictions', 'scores', 'dead-letters'] as const;
const tables = {
  comments: 'comments',
  predictions: 'predictions',
  scores: 'scores',
  letters: 'dead_letters',
};

export async function gather(sources: Sources): Promise<Evidence> {
  const topics = sources.broker
    ? await readTopics(sources.broker, names)
    : new Map(names.map((name) => [name as string, readSegments(join(sources.dataDirectory, 'log'), name)]));
  const decoder = new Decoder(sources);
  const outputs = (topic: string) => decoder.outputs(topics.get(topic) ?? []);
  const rows = async (table: string): Promise<readonly Place[]> =>
    sources.clickhouse
      .query<{ p: number; o: number }>(`SELECT _partition AS p, toUInt32(_offset) AS o FROM ${table}`)
      .then((found) => found.map(({ p, o }) => ({ partition: p, offset: o })));
  const comments = commentsOf(topics.get('comments') ?? []);
  return {
    acknowledged: readLedger(sources.ledger),
    comments,
    predictions: await outputs('predictions'),
    scores: await outputs('scores'),
    letters: await decoder.letters(topics.get('dead-letters') ?? []),
    rows: {
      comments: await rows(tables.comments),
      predictions: await rows(tables.predictions),
      scores: await rows(tables.scores),
      letters: await rows(tables.letters),
    },
    view: await viewOf(sources.clickhouse),
    logStarts: startsOf(comments),
    deleted: sources.deleted,
  };
}

function commentsOf(records: readonly RawRecord[]): Evidence['comments'] {
  return records.map(({ partition, offset, key, headers }) => {
    const [kind = '', id = ''] = (headers[faultsHeader] ?? '').split(/:(.*)/s);
    if (id === '') throw new Error(`comments ${partition}/${offset} is not of the injector`);
    return { partition, offset, key, id, kind: kind as Kind };
  });
}

function startsOf(comments: Evidence['comments']): Map<number, number> {
  const starts = new Map<number, number>();
  for (const { partition, offset } of comments)
    starts.set(partition, Math.min(offset, starts.get(partition) ?? offset));
  return starts;
}

async function viewOf(clickhouse: ClickhouseServer): Promise<Evidence['view']> {
  const [view] = await clickhouse.query<{ results: number; counted: number }>(
    `SELECT toUInt32((SELECT sum(length(results.release)) FROM predictions)) AS results,
            toUInt32((SELECT sum(count) FROM histograms WHERE feature = 'label')) AS counted`,
  );
  return view ?? { results: -1, counted: 0 };
}

/** Reads JSON, and Avro by the schema that its frame names. */
class Decoder {
  readonly #sources: Sources;
  readonly #types = new Map<number, avsc.Type>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  async outputs(records: readonly RawRecord[]): Promise<OutputRecord[]> {
    const outputs: OutputRecord[] = [];
    for (const { partition, offset, value } of records) {
      const { messageId } = await this.#read(value);
      outputs.push({ partition, offset, messageId: String(messageId) });
    }
    return outputs;
  }

  async letters(records: readonly RawRecord[]): Promise<LetterRecord[]> {
    const letters: LetterRecord[] = [];
    for (const { partition, offset, value } of records) {
      const { code, fromTopic, fromPartition, fromOffset } = await this.#read(value);
      const from = { topic: String(fromTopic), partition: Number(fromPartition), offset: Number(fromOffset) };
      letters.push({ partition, offset, code: String(code), from });
    }
    return letters;
  }

  async #read(value: Buffer): Promise<Record<string, unknown>> {
    if (value[0] !== 0) return JSON.parse(value.toString('utf8'));
    const id = value.readInt32BE(1);
    let type = this.#types.get(id);
    if (!type) {
      type = avsc.Type.forSchema(JSON.parse(await this.#schema(id)) as avsc.Schema);
      this.#types.set(id, type);
    }
    return type.fromBuffer(value.subarray(5)) as Record<string, unknown>;
  }

  async #schema(id: number): Promise<string> {
    const { registryUrl, dataDirectory } = this.#sources;
    if (registryUrl) {
      const answer = await fetch(`${registryUrl}/schemas/ids/${id}`);
      return ((await answer.json()) as { schema: string }).schema;
    }
    const file = join(dataDirectory, 'registry.json');
    const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
    const versions = (Array.isArray(kept) ? kept : kept.versions) as { id: number; schema: string }[];
    return versions.find((version) => version.id === id)?.schema ?? '';
  }
}
