// What every group has committed, kept as a compacted topic of its own: key is [group, topic, partition], value is
// offset and metadata. The latest of each key is held in memory, which is what the log says, read once.
import { join } from 'node:path';
import type { Position } from '../log.ts';
import { Partition } from './partition.ts';
import { PartitionReader } from './partition-reader.ts';
import { metadataBytesMax, type Settings } from './settings.ts';

const offsetsTopic = '__consumer_offsets';
const segmentBytesMax = 4_194_304;
const readBytes = 1_048_576;

type Place = readonly [group: string, topic: string, partition: number];

export class CommittedOffsets {
  readonly partition: Partition;
  readonly #positions = new Map<string, Position>();
  readonly #groups = new Set<string>();
  readonly #clock: () => number;

  constructor(settings: Settings) {
    const directory = join(settings.directory, offsetsTopic, '0');
    const own = { ...settings, segmentBytesMax: Math.min(segmentBytesMax, settings.segmentBytesMax) };
    this.partition = Partition.open(offsetsTopic, 0, directory, own, { compacted: true, retentionMs: -1 });
    this.#clock = settings.clock;
    const reader = new PartitionReader(this.partition, 0);
    for (let records = reader.next(readBytes); records.length > 0; records = reader.next(readBytes))
      for (const { key, value } of records) this.#remember(String(key), String(value));
  }

  #remember(key: string, value: string): void {
    const [group, topic, partition] = JSON.parse(key) as Place;
    const { offset, metadata } = JSON.parse(value) as Pick<Position, 'offset' | 'metadata'>;
    this.#positions.set(key, { topic, partition, offset, metadata });
    this.#groups.add(group);
  }

  /** Throws a plain error for an impossible offset or too much metadata, `Retryable` when the disk refuses. */
  async commit(group: string, { topic, partition, offset, metadata }: Position): Promise<void> {
    if (!Number.isSafeInteger(offset) || offset < 0)
      throw new RangeError(`cannot commit offset ${offset} of ${topic}/${partition} for group ${group}`);
    const bytes = Buffer.byteLength(metadata);
    if (bytes > metadataBytesMax)
      throw new RangeError(
        `metadata of ${bytes} bytes for ${topic}/${partition} in group ${group}: at most ${metadataBytesMax} are kept`,
      );
    const key = keyOf(group, topic, partition);
    const value = JSON.stringify({ offset, metadata });
    const record = {
      key: Buffer.from(key),
      value: Buffer.from(value),
      headers: {},
      timestamp: this.#clock(),
    };
    this.partition.append([record]);
    this.#positions.set(key, { topic, partition, offset, metadata });
    this.#groups.add(group);
    await this.partition.flush();
  }

  position(group: string, topic: string, partition: number): Position | null {
    return this.#positions.get(keyOf(group, topic, partition)) ?? null;
  }

  /** Names of groups that have committed. */
  groups(): Iterable<string> {
    return this.#groups;
  }
}

const keyOf = (...place: Place): string => JSON.stringify(place);
