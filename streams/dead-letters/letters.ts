// The dead letters as the log holds them: read from the topic itself, which ClickHouse’s table may lag behind.
import { Refusal } from '../../connectors/wire/refusal.ts';
import type { DeadLetter } from '../../schemas/dead-letter.ts';
import type { Stack } from '../stack.ts';

export const deadLetterTopic = 'dead-letters';

/** A dead letter with when it became one, in ms since 1970. */
export interface Letter {
  readonly letter: DeadLetter;
  readonly time: number;
}

/** What letters are looked at; what is left out does not matter. Times are when they became dead letters, in ms. */
export interface LetterFilter {
  readonly stage?: string;
  readonly code?: string;
  readonly topic?: string;
  readonly tenant?: string;
  /** From here on. */
  readonly since?: number;
  /** Before this. */
  readonly until?: number;
  readonly ids?: ReadonlySet<string>;
}

export interface ReadProgress {
  readonly read: number;
  readonly total: number;
}

export interface LetterReadOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ReadProgress) => void;
}

/**
 * Every dead letter that the log has now, a fetch at a time, in the order of each partition. Records that are no dead
 * letters are passed over. Throws the signal’s reason when it is aborted.
 */
export async function* readLetters(
  { log, wire }: Pick<Stack, 'log' | 'wire'>,
  { signal, onProgress = () => {} }: LetterReadOptions,
): AsyncGenerator<readonly Letter[], void, void> {
  const ranges = await log.ranges([deadLetterTopic]);
  const from = new Map(ranges.map(({ partition, start }) => [partition, start]));
  const to = new Map(ranges.map(({ partition, end }) => [partition, end]));
  const total = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  let read = 0;
  for await (const { partition, records } of log.read(deadLetterTopic, { from, to, signal })) {
    await wire.prepare(deadLetterTopic, records);
    const letters: Letter[] = [];
    for (const record of records) {
      const message = wire.decode(deadLetterTopic, partition, record);
      if (message instanceof Refusal) continue;
      // What `dead-letters` decodes to is a dead letter: the topic’s fields were checked.
      letters.push({ letter: message as unknown as DeadLetter, time: record.timestamp });
    }
    read += records.length;
    onProgress({ read, total });
    yield letters;
  }
  signal.throwIfAborted();
}

export function matches(filter: LetterFilter, { letter, time }: Letter): boolean {
  const { stage, code, topic, tenant, since, until, ids } = filter;
  return (
    (stage === undefined || letter.stage === stage) &&
    (code === undefined || letter.code === code) &&
    (topic === undefined || letter.fromTopic === topic) &&
    (since === undefined || time >= since) &&
    (until === undefined || time < until) &&
    (ids === undefined || ids.has(letter.id)) &&
    (tenant === undefined || tenantOf(letter) === tenant)
  );
}

/** Whose message it was: a stage that could not read it did not know, but the value may still tell. */
function tenantOf({ tenant, recordValue }: DeadLetter): string {
  if (tenant !== 'default' || !recordValue || recordValue[0] !== 0x7b) return tenant;
  try {
    const { tenant: told } = JSON.parse(Buffer.from(recordValue).toString('utf8')) as { tenant?: unknown };
    return typeof told === 'string' && told !== '' ? told : tenant;
  } catch {
    return tenant;
  }
}

/** Where the record of a letter stood, as one word: several stages may have refused the same record. */
export const originOf = ({ fromTopic, fromPartition, fromOffset }: DeadLetter): string =>
  `${fromTopic}/${fromPartition}/${fromOffset}`;
