// The samples as a producer would send them: the same ids and event times however often the demo is started.
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { LogRecord } from '../../connectors/log.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { readLines } from '../lines.ts';
import type { Stack } from '../stack.ts';

const minuteMs = 60_000;
/** Event time that the unshifted samples are spread over; the shifted ones follow in the minute after. */
const sampleMinutes = 10;

export type SampleSet = 'comments' | 'prompts' | 'shifted';

interface Sample {
  readonly topic: string;
  readonly id: string;
  readonly json: Readonly<Record<string, unknown>>;
  /** Place in the sample’s span of event time, from 0 to 1. */
  readonly place: number;
  readonly set: SampleSet;
}

export interface Samples {
  readonly all: readonly Sample[];
  readonly ids: ReadonlySet<string>;
}

export async function loadSamples(): Promise<Samples> {
  const sets: readonly { readonly set: SampleSet; readonly topic: string }[] = [
    { set: 'comments', topic: 'comments' },
    { set: 'prompts', topic: 'prompts' },
    { set: 'shifted', topic: 'comments' },
  ];
  const all: Sample[] = [];
  for (const { set, topic } of sets) {
    const lines: Readonly<Record<string, unknown>>[] = [];
    const file = createReadStream(new URL(`../../samples/${set}.jsonl.gz`, import.meta.url)).pipe(
      createGunzip(),
    );
    for await (const line of readLines(file, 1_048_576)) lines.push(JSON.parse(line.toString('utf8')));
    for (const [index, json] of lines.entries())
      all.push({ topic, id: String(json.id), json, place: index / lines.length, set });
  }
  return { all, ids: new Set(all.map(({ id }) => id)) };
}

/** What an earlier start has published already. */
export interface Earlier {
  readonly ids: ReadonlySet<string>;
  /** Minute that the unshifted samples end before, in ms since 1970; null when none is there. */
  readonly shiftTime: number | null;
}

/** Reads the topics once, because a start that was killed left no other trace of how far it came. */
export async function readEarlier({ log, wire }: Stack, samples: Samples): Promise<Earlier> {
  const ids = new Set<string>();
  let firstTime = Number.POSITIVE_INFINITY;
  const unshifted = new Map(samples.all.map(({ id, set, place }) => [id, set === 'shifted' ? null : place]));
  for (const topic of ['comments', 'prompts']) {
    const ranges = await log.ranges([topic]);
    const from = new Map(ranges.map(({ partition, start }) => [partition, start]));
    const to = new Map(ranges.map(({ partition, end }) => [partition, end]));
    if (ranges.every(({ start, end }) => start === end)) continue;
    for await (const { partition, records } of log.read(topic, { from, to })) {
      await wire.prepare(topic, records);
      for (const record of records) {
        const message = wire.decode(topic, partition, record);
        if (message instanceof Refusal || !samples.ids.has(message.id)) continue;
        ids.add(message.id);
        const place = unshifted.get(message.id);
        if (place !== null && place !== undefined)
          firstTime = Math.min(firstTime, message.eventTime - place * sampleMinutes * minuteMs);
      }
    }
  }
  // Event times are cut to whole milliseconds; the minute that they were counted from is a whole one.
  const shiftTime = Number.isFinite(firstTime)
    ? (Math.round(firstTime / minuteMs) + sampleMinutes) * minuteMs
    : null;
  return { ids, shiftTime };
}

/** The minute before which the unshifted samples end, when this start is the first. */
export const shiftTimeFrom = (now: number): number => Math.floor(now / minuteMs) * minuteMs - minuteMs;

/** Spans of event time that the two kinds of traffic lie in. */
export const spans = (shiftTime: number) => ({
  unshifted: { from: shiftTime - sampleMinutes * minuteMs, to: shiftTime },
  shifted: { from: shiftTime, to: shiftTime + minuteMs },
});

/** A sample as a record of its topic. */
export function recordOf(sample: Sample, shiftTime: number, timestamp: number): LogRecord {
  const { unshifted, shifted } = spans(shiftTime);
  const span = sample.set === 'shifted' ? shifted : unshifted;
  const eventTime = Math.floor(span.from + sample.place * (span.to - span.from));
  return {
    key: Buffer.from(sample.id),
    value: Buffer.from(JSON.stringify({ ...sample.json, eventTime })),
    headers: {},
    timestamp,
  };
}
