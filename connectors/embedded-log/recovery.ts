// Brings a partition’s directory back to whole segments: finishes an interrupted compaction, cuts a torn write off
// the last segment, and makes indexes anew that are missing or wrong. Sealed segments are not read, only their ends.
import { readdirSync, renameSync, rmSync, statSync, truncateSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { headerBytes, readHeader } from '../record-batch/header.ts';
import { scanBatches } from './batch-scan.ts';
import { Segment, segmentName } from './segment.ts';
import { type IndexEntry, indexIntervalBytes, SegmentIndex } from './segment-index.ts';
import type { Settings } from './settings.ts';

/** Rewritten segments before they count: `<base>.clean` is being written, `<base>-<end>.swap` replaces that range. */
export const swapName = (baseOffset: number, end: number): string =>
  `${segmentName(baseOffset)}-${segmentName(end)}.swap`;
const swapPattern = /^(\d{20})-(\d{20})\.swap$/;
const segmentPattern = /^(\d{20})\.log$/;

/** The segments of a directory in order, at least one, and the offset the next record gets. */
export function recoverSegments(
  directory: string,
  settings: Settings,
): { readonly segments: Segment[]; readonly end: number } {
  for (const name of readdirSync(directory)) if (name.endsWith('.clean')) unlinkSync(join(directory, name));
  finishSwaps(directory);
  const bases = baseOffsets(directory);
  const last = bases.pop();
  if (last === undefined) return { segments: [Segment.create(directory, 0)], end: 0 };
  const sealed = bases.map((base) => openSealed(directory, base));
  const { active, end } = recoverActive(directory, last, settings);
  return { segments: [...sealed, active], end };
}

function baseOffsets(directory: string): number[] {
  const matches = readdirSync(directory).map((name) => segmentPattern.exec(name));
  return matches.flatMap((match) => (match ? [Number(match[1])] : [])).sort((one, other) => one - other);
}

/** The rename to `.swap` was the decision; what follows it can be done any number of times. */
export function finishSwaps(directory: string): void {
  for (const name of readdirSync(directory)) {
    const match = swapPattern.exec(name);
    if (!match) continue;
    const [base, end] = [Number(match[1]), Number(match[2])];
    for (const replaced of baseOffsets(directory).filter((offset) => offset >= base && offset < end)) {
      rmSync(join(directory, `${segmentName(replaced)}.index`), { force: true });
      if (replaced !== base) unlinkSync(join(directory, `${segmentName(replaced)}.log`));
    }
    renameSync(join(directory, name), join(directory, `${segmentName(base)}.log`));
  }
}

function openSealed(directory: string, baseOffset: number): Segment {
  const name = join(directory, segmentName(baseOffset));
  const { size: bytes, mtimeMs: appendedAt } = statSync(`${name}.log`);
  const index = SegmentIndex.load(`${name}.index`);
  const segment = new Segment({ directory, baseOffset, bytes, appendedAt, index });
  const { entries } = lastSoundEntry(segment, false);
  if (entries > 0 ? entries === index.count : bytes < indexIntervalBytes) return segment;
  const made = SegmentIndex.save(index.file, scanTail(segment, 0, false).entries);
  return new Segment({ directory, baseOffset, bytes, appendedAt, index: made });
}

function recoverActive(
  directory: string,
  baseOffset: number,
  settings: Settings,
): { readonly active: Segment; readonly end: number } {
  const name = join(directory, segmentName(baseOffset));
  const { size, mtimeMs: appendedAt } = statSync(`${name}.log`);
  const index = SegmentIndex.load(`${name}.index`);
  const found = new Segment({ directory, baseOffset, bytes: size, appendedAt, index });
  const { position, entries } = lastSoundEntry(found, true);
  index.keep(entries);
  const scan = scanTail(found, position, true);
  for (const entry of scan.entries) index.add(entry);
  const { position: bytes, end = baseOffset } = scan;
  if (bytes < size) {
    truncateSync(found.file, bytes);
    settings.onRecovery({ file: found.file, keptBytes: bytes, droppedBytes: size - bytes });
  }
  const active = new Segment({ directory, baseOffset, bytes, appendedAt, index });
  active.activate();
  // What a killed process wrote last may not be on the disk yet. It is readable from here on, so it has to be: else a
  // machine that dies next would take back what readers have seen, and give its offsets to others.
  if (settings.fsync) active.syncNow();
  return { active, end };
}

/** The last index entry that points at the batch it names: its position, and how many entries there are up to it. */
function lastSoundEntry(
  segment: Segment,
  verify: boolean,
): { readonly position: number; readonly entries: number } {
  for (let entries = segment.index.count; entries > 0; entries--) {
    const { offset, position } = segment.index.at(entries - 1);
    if (position >= segment.bytes) continue;
    if (readHeader(segment.read(position, headerBytes), 0)?.baseOffset !== offset) continue;
    if (verify && scanBatches(segment, position, true).next().done) continue;
    return { position, entries };
  }
  return { position: 0, entries: 0 };
}

interface Tail {
  /** End of the last valid batch. */
  readonly position: number;
  /** Offset after it; left out without any batch. */
  readonly end?: number;
  /** Entries the index lacks for what was scanned. */
  readonly entries: IndexEntry[];
}

function scanTail(segment: Segment, from: number, verify: boolean): Tail {
  let tail: Tail = { position: from, entries: [] };
  let indexed = from;
  for (const { header, position } of scanBatches(segment, from, verify)) {
    if (position - indexed >= indexIntervalBytes) {
      indexed = position;
      tail.entries.push({ offset: header.baseOffset, position });
    }
    tail = { position: position + header.bytes, end: header.lastOffset + 1, entries: tail.entries };
  }
  return tail;
}
