// Comments for the benchmarks: the samples over and over, each under an id of its own.
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { LogRecord } from '../connectors/log.ts';
import { readLines } from '../streams/lines.ts';

/** Texts of the sample comments. */
export async function loadTexts(): Promise<readonly string[]> {
  const texts: string[] = [];
  const file = createReadStream(new URL('../samples/comments.jsonl.gz', import.meta.url)).pipe(
    createGunzip(),
  );
  for await (const line of readLines(file, 1_048_576))
    texts.push((JSON.parse(line.toString('utf8')) as { text: string }).text);
  return texts;
}

/** `sentAt` in ms since 1970 is the record’s time. */
export function commentRecord(
  texts: readonly string[],
  run: string,
  number: number,
  sentAt: number,
): LogRecord {
  const id = `bench-${run}-${number}`;
  return {
    key: Buffer.from(id),
    value: Buffer.from(JSON.stringify({ id, text: texts[number % texts.length], source: 'bench' })),
    headers: {},
    timestamp: sentAt,
  };
}
