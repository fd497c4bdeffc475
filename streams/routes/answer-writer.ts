// Writes what a route publishes, one JSON object for each record, straight into bytes. Answers of a chunk share their
// memory: one allocation serves many, and nothing of it is written again once it is handed out.
import type { LogRecord, StoredRecord } from '../../connectors/log.ts';
import { originHeader, originPrefix } from '../../connectors/origin-mark.ts';
import type { Answers } from '../../processors/inference/engine.ts';
import { writeFraction, writeInteger } from './json-numbers.ts';

const slabBytes = 262_144;
/** The longest number that is written, sign and point counted, and a comma. */
const numberBytesMax = 28;
const traceparentBytesMax = 64;

const begin = Buffer.from('{"id":');
const quote = 0x22;
const comma = 0x2c;
const closeBrace = 0x7d;

/** How answers of one release look, whatever the record. */
interface Frame {
  readonly release: string;
  /** `,"label":…,"probs":[` for each label, and last the one for texts without any. */
  readonly labels: readonly Buffer[];
  readonly afterProbabilities: Buffer;
  /** Bytes of an answer at most, its id and origin left out. */
  readonly bytesMax: number;
}

/** What an answer is about. */
export interface AnswerPlace {
  readonly record: StoredRecord;
  /** The id's text between these in the record's value, or `id` where `idStart` is -1. */
  readonly idStart: number;
  readonly idEnd: number;
  readonly id: string | number;
}

export interface AnswerWriterOptions {
  /** Name of the stream, for the marks of inputs. */
  readonly stream: string;
  /** The name of the leading label, or its place among the model's. */
  readonly label: 'name' | 'index';
}

export class AnswerWriter {
  readonly #options: AnswerWriterOptions;
  #slab = Buffer.alloc(0);
  #at = 0;
  #frame: Frame | null = null;
  #origin = Buffer.alloc(0);
  #answers!: Answers;
  #nowMs = 0;

  constructor(options: AnswerWriterOptions) {
    this.#options = options;
  }

  /** What is written next are answers about records of this partition. */
  start(topic: string, partition: number, answers: Answers, nowMs: number): void {
    this.#origin = Buffer.from(originPrefix(this.#options.stream, topic, partition));
    if (this.#frame?.release !== answers.release) this.#frame = frameOf(answers, this.#options.label);
    this.#answers = answers;
    this.#nowMs = nowMs;
  }

  /** The record that answers, by one row of the answers. Its key is the key of the one it answers. */
  write(place: AnswerPlace, row: number): LogRecord {
    const { record } = place;
    const value = this.#value(place, row);
    const headers: Record<string, Buffer> = { [originHeader]: this.#mark(record.offset) };
    const { traceparent } = record.headers;
    if (traceparent && traceparent.length <= traceparentBytesMax) headers.traceparent = traceparent;
    return { key: record.key, value, headers, timestamp: this.#nowMs };
  }

  #value(place: AnswerPlace, row: number): Buffer {
    const { labels, afterProbabilities, bytesMax } = this.#frame!;
    const id = place.idStart < 0 ? Buffer.from(JSON.stringify(place.id)) : null;
    this.#reserve(bytesMax + (id ? id.length : place.idEnd - place.idStart) + this.#origin.length);
    const slab = this.#slab;
    const from = this.#at;
    let at = copied(slab, from, begin);
    if (id) at = copied(slab, at, id);
    else {
      slab[at++] = quote;
      const value = place.record.value!;
      for (let byte = place.idStart; byte < place.idEnd; byte++) slab[at++] = value[byte]!;
      slab[at++] = quote;
    }
    at = copied(slab, at, labels[this.#leading(row)]!);
    at = this.#probabilities(slab, at, row);
    at = copied(slab, at, afterProbabilities);
    at = writeInteger(slab, at, Math.max(0, Math.trunc(this.#nowMs - place.record.timestamp)));
    slab[at++] = closeBrace;
    this.#at = at;
    return slab.subarray(from, at);
  }

  #probabilities(slab: Buffer, start: number, row: number): number {
    const { labels, probabilities } = this.#answers;
    let at = start;
    for (let label = 0; label < labels.length; label++) {
      if (label > 0) slab[at++] = comma;
      at = writeFraction(slab, at, probabilities[row * labels.length + label]!);
    }
    return at;
  }

  /** The first of the largest values; one past the last label where there is nothing but zeros. */
  #leading(row: number): number {
    const { labels, probabilities } = this.#answers;
    const start = row * labels.length;
    let leading = 0;
    let isNothing = true;
    for (let label = 0; label < labels.length; label++) {
      const value = probabilities[start + label]!;
      if (value !== 0) isNothing = false;
      if (value > probabilities[start + leading]!) leading = label;
    }
    return isNothing ? labels.length : leading;
  }

  #mark(offset: number): Buffer {
    const from = this.#at;
    this.#at = writeInteger(this.#slab, copied(this.#slab, from, this.#origin), offset);
    return this.#slab.subarray(from, this.#at);
  }

  #reserve(bytes: number): void {
    if (this.#slab.length - this.#at >= bytes) return;
    this.#slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, bytes));
    this.#at = 0;
  }
}

function frameOf({ task, release, labels, emptyLabel }: Answers, form: 'name' | 'index'): Frame {
  const label = (said: string | number | null) => Buffer.from(`,"label":${JSON.stringify(said)},"probs":[`);
  const version = release.slice(release.indexOf('@') + 1);
  const frame = {
    release,
    labels: [
      ...labels.map((name, place) => label(form === 'name' ? name : place)),
      label(form === 'name' ? emptyLabel : null),
    ],
    afterProbabilities: Buffer.from(
      `],"model":${JSON.stringify(task)},"version":${JSON.stringify(version)},"latencyMs":`,
    ),
  };
  const longest = frame.labels.reduce((most, bytes) => Math.max(most, bytes.length), 0);
  // Numbers: one for each label, the latency, the offset in the mark.
  const numbers = numberBytesMax * (labels.length + 2);
  const bytesMax = begin.length + longest + frame.afterProbabilities.length + numbers + 3;
  return { ...frame, bytesMax };
}

/** Below this many bytes a loop beats the call into `Buffer.set`. */
const loopBytesMax = 48;

/** Copies and returns the place after. */
function copied(into: Buffer, at: number, from: Buffer): number {
  if (from.length < loopBytesMax)
    for (let byte = 0; byte < from.length; byte++) into[at + byte] = from[byte]!;
  else into.set(from, at);
  return at + from.length;
}
