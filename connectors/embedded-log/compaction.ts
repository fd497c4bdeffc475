// Log compaction (kafka.apache.org/documentation/#compaction): of the sealed segments only the latest record of each
// key stays, deletions until they are old. Offsets keep their values; small segments are put together.
//
// Order that makes a crash harmless: 1. the rewritten segment goes to `<base>.clean` and to the disk, 2. it is renamed
// to `<base>-<end>.swap`, which decides, 3. the replaced files are deleted, 4. it gets its name. Opening a partition
// deletes what has only seen step 1 and finishes what has seen step 2.
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { StoredRecord } from '../log.ts';
import { decodeBatch } from '../record-batch/decode.ts';
import { encodeSparse } from '../record-batch/encode.ts';
import { readHeader } from '../record-batch/header.ts';
import { scanBatches } from './batch-scan.ts';
import { corrupt } from './failures.ts';
import type { Partition } from './partition.ts';
import { finishSwaps, swapName } from './recovery.ts';
import { Segment, segmentName, syncDirectory } from './segment.ts';
import { type IndexEntry, indexIntervalBytes, SegmentIndex } from './segment-index.ts';

/** Share of bytes not yet compacted from which it is worth rewriting everything: Kafka’s `min.cleanable.dirty.ratio`. */
const dirtyShareMin = 0.5;
/** Bytes handled before the event loop gets its turn. */
const strideBytes = 1_048_576;

interface Sealed {
  readonly segment: Segment;
  readonly end: number;
}

/** Compacts what is worth it. Stops at the next turn when the partition closes; what was begun then does not count. */
export async function compactPartition(partition: Partition): Promise<void> {
  const sealed = sealedSegments(partition);
  const cleanEnd = readCleanEnd(partition.directory);
  const dirty = sealed.filter(({ end }) => end > cleanEnd);
  const bytesOf = (some: readonly Sealed[]) => some.reduce((sum, { segment }) => sum + segment.bytes, 0);
  if (dirty.length === 0 || bytesOf(dirty) < dirtyShareMin * bytesOf(sealed)) return;
  const latest = new Map<string, number>();
  let end = cleanEnd;
  for (const one of dirty) {
    if (latest.size >= partition.settings.compactionKeysMax) break;
    for await (const { records } of recordsOf(one.segment))
      for (const { key, offset } of records) if (key) latest.set(key.toString('latin1'), offset);
    if (partition.closed) return;
    end = one.end;
  }
  const done = await rewrite(
    partition,
    sealed.filter((one) => one.end <= end),
    latest,
  );
  if (!done) return;
  writeFileSync(join(partition.directory, 'clean-end'), String(end));
}

/** Where the last compaction ended; a lost or torn file only costs a pass more. */
function readCleanEnd(directory: string): number {
  try {
    return Number(readFileSync(join(directory, 'clean-end'), 'utf8')) || 0;
  } catch {
    return 0;
  }
}

const sealedSegments = ({ segments }: Partition): Sealed[] =>
  segments.slice(0, -1).map((segment, place) => ({ segment, end: segments[place + 1]!.baseOffset }));

interface DecodedBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly records: StoredRecord[];
}

async function* recordsOf(segment: Segment): AsyncGenerator<DecodedBatch> {
  let [end, stride] = [0, strideBytes];
  for (const { header, position, source, at } of scanBatches(segment, 0, true)) {
    const records: StoredRecord[] = [];
    decodeBatch(source, at, header, records);
    yield { baseOffset: header.baseOffset, lastOffset: header.lastOffset, records };
    end = position + header.bytes;
    if (end < stride) continue;
    stride = end + strideBytes;
    await turn();
  }
  if (end !== segment.bytes) throw corrupt(segment.file, end);
}

/** Rewrites segments, as many into one as fit. False when the partition was closed meanwhile. */
async function rewrite(
  partition: Partition,
  sealed: readonly Sealed[],
  latest: ReadonlyMap<string, number>,
): Promise<boolean> {
  const tombstonesFrom = partition.settings.clock() - partition.settings.tombstoneRetentionMs;
  const stays = ({ key, value, offset, timestamp }: StoredRecord): boolean => {
    const newest = key === null ? undefined : latest.get(key.toString('latin1'));
    if (newest !== undefined && newest > offset) return false;
    return value !== null || timestamp >= tombstonesFrom;
  };
  for (let place = 0; place < sealed.length; ) {
    const written = new CleanFile(partition.directory, sealed[place]!.segment.baseOffset);
    const run: Sealed[] = [];
    try {
      do {
        const one = sealed[place++]!;
        run.push(one);
        await copy(one.segment, written, stays, () => partition.closed);
        if (partition.closed) return false;
      } while (place < sealed.length && fits(sealed[place]!, written, partition));
      written.sync();
    } finally {
      written.close();
    }
    const unchanged = run.length === 1 && written.bytes === run[0]!.segment.bytes;
    if (unchanged) unlinkSync(written.file);
    else swap(partition, run, written);
  }
  return true;
}

const fits = ({ segment }: Sealed, written: CleanFile, { settings }: Partition): boolean =>
  written.bytes + segment.bytes <= settings.segmentBytesMax;

async function copy(
  segment: Segment,
  into: CleanFile,
  stays: (record: StoredRecord) => boolean,
  stopped: () => boolean,
): Promise<void> {
  for await (const { baseOffset, lastOffset, records } of recordsOf(segment)) {
    if (stopped()) return;
    const kept = records.filter(stays);
    if (kept.length > 0) into.append(encodeSparse(kept, baseOffset, lastOffset));
  }
}

/** Puts the rewritten segment in the place of its run, on disk and in memory, without a turn in between. */
function swap(partition: Partition, run: readonly Sealed[], written: CleanFile): void {
  const { directory } = partition;
  const baseOffset = run[0]!.segment.baseOffset;
  renameSync(written.file, join(directory, swapName(baseOffset, run.at(-1)!.end)));
  syncDirectory(directory);
  for (const { segment } of run) {
    segment.retired = true;
    segment.close();
  }
  finishSwaps(directory);
  const index = SegmentIndex.save(join(directory, `${segmentName(baseOffset)}.index`), written.entries);
  const { appendedAt } = run.at(-1)!.segment;
  const merged = new Segment({ directory, baseOffset, bytes: written.bytes, appendedAt, index });
  partition.segments.splice(partition.segments.indexOf(run[0]!.segment), run.length, merged);
}

/** A segment file in the making, with the index entries it will need. */
class CleanFile {
  readonly file: string;
  readonly entries: IndexEntry[] = [];
  bytes = 0;
  #descriptor: number;

  constructor(directory: string, baseOffset: number) {
    this.file = join(directory, `${segmentName(baseOffset)}.clean`);
    this.#descriptor = openSync(this.file, 'w');
  }

  append(batch: Buffer): void {
    const header = readHeader(batch, 0)!;
    if (this.bytes - (this.entries.at(-1)?.position ?? 0) >= indexIntervalBytes)
      this.entries.push({ offset: header.baseOffset, position: this.bytes });
    for (let done = 0; done < batch.length; ) done += writeSync(this.#descriptor, batch, done);
    this.bytes += batch.length;
  }

  sync(): void {
    fsyncSync(this.#descriptor);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
