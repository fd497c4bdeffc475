// Walks the batches of a segment file from a position on, as far as they are valid.
import { type BatchHeader, checksumHolds, headerBytes, readHeader } from '../record-batch/header.ts';
import type { Segment } from './segment.ts';

const chunkBytes = 1_048_576;

export interface ScannedBatch {
  readonly header: BatchHeader;
  /** Position in the file. */
  readonly position: number;
  /** Bytes that hold the batch, and where in them it begins. */
  readonly source: Buffer;
  readonly at: number;
}

/**
 * Yields the batches from `position` to the end of the file and stops at the first that is incomplete, has an
 * impossible header, an offset below its predecessor’s end, or (when `verify`) a wrong checksum.
 */
export function* scanBatches(segment: Segment, position: number, verify: boolean): Generator<ScannedBatch> {
  let place = position;
  let offsetMin = segment.baseOffset;
  let source: Buffer = Buffer.alloc(0);
  let sourceStart = position;
  while (segment.bytes - place >= headerBytes) {
    let at = place - sourceStart;
    let header = readHeader(source, at);
    if (!header || at + header.bytes > source.length) {
      if (header && header.bytes > segment.bytes - place) return;
      source = segment.read(place, Math.max(chunkBytes, header?.bytes ?? 0));
      sourceStart = place;
      at = 0;
      header = readHeader(source, 0);
      if (!header || header.bytes > segment.bytes - place) return;
      if (header.bytes > source.length) source = segment.read(place, header.bytes);
    }
    if (header.baseOffset < offsetMin || (verify && !checksumHolds(source, at, header))) return;
    yield { header, position: place, source, at };
    place += header.bytes;
    offsetMin = header.lastOffset + 1;
  }
}
