// What became of a dead letter: whether its record was put back, and what the streams made of it then.
import type { DeadLetter } from '../../schemas/dead-letter.ts';
import type { Stack } from '../stack.ts';
import { arrivals, type Entry, Ledger } from './ledger.ts';
import { originOf, readLetters } from './letters.ts';

export interface Afterlife {
  /** When it was put back, in ms since 1970. */
  readonly at: number;
  /** Where the record stands now; null when the log does not keep it any more. */
  readonly place: string | null;
  /** Id of the message that it is, where it has one. */
  readonly messageId: string | null;
  /** Ids of the dead letters that it became again. */
  readonly letters: readonly string[];
  /** Its row in `scores`, where it has one. */
  readonly score: Readonly<Record<string, unknown>> | null;
}

/** Null for a letter whose record was never put back. */
export async function afterlifeOf(
  stack: Stack,
  letter: DeadLetter,
  signal: AbortSignal,
): Promise<Afterlife | null> {
  const ledger = new Ledger(stack.log);
  await ledger.refresh();
  const entry = ledger.sent(originOf(letter));
  if (!entry) return null;
  const { place, messageId } = await standing(stack, entry, letter, signal);
  return {
    at: entry.at,
    place,
    messageId,
    letters: place === null ? [] : await lettersAbout(stack, place, signal),
    score: messageId === null ? null : await scoreOf(stack, messageId),
  };
}

async function standing({ log }: Stack, entry: Entry, letter: DeadLetter, signal: AbortSignal) {
  const wanted = originOf(letter);
  for await (const { origin, topic, partition, record } of arrivals(log, entry, signal)) {
    if (origin !== wanted) continue;
    const messageId = record.headers.ce_id?.toString('utf8') ?? null;
    return { place: `${topic}/${partition}/${record.offset}`, messageId };
  }
  return { place: null, messageId: letter.recordHeaders.ce_id ?? null };
}

async function lettersAbout(stack: Stack, place: string, signal: AbortSignal): Promise<readonly string[]> {
  const found = new Set<string>();
  for await (const letters of readLetters(stack, { signal }))
    for (const { letter } of letters) if (originOf(letter) === place) found.add(letter.id);
  return [...found];
}

async function scoreOf(
  { clickhouse }: Stack,
  messageId: string,
): Promise<Readonly<Record<string, unknown>> | null> {
  const [row] = await clickhouse.query('SELECT * FROM scores WHERE messageId = {messageId:String} LIMIT 1', {
    messageId,
  });
  return row ?? null;
}
