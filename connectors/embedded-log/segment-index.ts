// The sparse index beside a segment: every 32 KiB of log one entry of two 64-bit floats, the offset of a batch and its
// position. It is a hint that can be made anew from the log.
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';

/** Bytes of log between two entries. */
export const indexIntervalBytes = 32_768;
const fields = 2;
const entryBytes = fields * 8;

export interface IndexEntry {
  readonly offset: number;
  readonly position: number;
}

export class SegmentIndex {
  readonly file: string;
  #values: Float64Array;
  #count: number;
  #descriptor: number | null = null;
  #kept = true;

  private constructor(file: string, values: Float64Array) {
    this.file = file;
    this.#values = values;
    this.#count = values.length / fields;
  }

  /** What the file holds, up to the first entry that cannot be; nothing when there is no file. */
  static load(file: string): SegmentIndex {
    let bytes: Buffer;
    try {
      bytes = readFileSync(file);
    } catch {
      return new SegmentIndex(file, new Float64Array(0));
    }
    const whole = bytes.subarray(0, bytes.length - (bytes.length % entryBytes));
    const values = new Float64Array(whole.length / 8);
    new Uint8Array(values.buffer).set(whole);
    return new SegmentIndex(file, values.subarray(0, fields * soundEntries(values)));
  }

  /** Writes a whole index in one go, for a segment that was just made. */
  static save(file: string, entries: readonly IndexEntry[]): SegmentIndex {
    const values = new Float64Array(entries.flatMap(({ offset, position }) => [offset, position]));
    writeFileSync(file, new Uint8Array(values.buffer));
    return new SegmentIndex(file, values);
  }

  get count(): number {
    return this.#count;
  }

  at(place: number): IndexEntry {
    return { offset: this.#values[place * fields]!, position: this.#values[place * fields + 1]! };
  }

  /** Where to begin looking for `offset`: the position of a batch at or before it. */
  positionBefore(offset: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#values[middle * fields]! <= offset) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.#values[(low - 1) * fields + 1]!;
  }

  /** Adds an entry, in memory and at the end of the file. A file that cannot be written is given up: it is a hint. */
  add({ offset, position }: IndexEntry): void {
    const from = this.#count * fields;
    if (from === this.#values.length) {
      const grown = new Float64Array(Math.max(64 * fields, 2 * this.#values.length));
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values.set([offset, position], from);
    this.#count++;
    if (this.#kept)
      this.#write(new Uint8Array(this.#values.buffer, this.#values.byteOffset + from * 8, entryBytes));
  }

  #write(entry: Uint8Array): void {
    try {
      this.#descriptor ??= openSync(this.file, 'a');
      writeSync(this.#descriptor, entry);
    } catch {
      this.#kept = false;
    }
  }

  /** Forgets all but the first `count` entries, in memory and in the file, which need not exist. */
  keep(count: number): void {
    this.close();
    this.#count = Math.min(count, this.#count);
    this.#descriptor = openSync(this.file, 'a');
    ftruncateSync(this.#descriptor, this.#count * entryBytes);
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

/** How many entries from the first on are whole numbers and ascend. */
function soundEntries(values: Float64Array): number {
  const count = values.length / fields;
  for (let entry = 0; entry < count; entry++)
    for (let at = entry * fields; at < (entry + 1) * fields; at++) {
      const sound = Number.isSafeInteger(values[at]) && values[at]! >= 0;
      if (!sound || (entry > 0 && values[at]! <= values[at - fields]!)) return entry;
    }
  return count;
}
