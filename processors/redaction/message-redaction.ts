// Which parts of a message people write freely, and so may hold personal data: the fields that schemas/ marks.
// Dead letters hold whole records, of which text is redacted and anything else is left out.
import type { DeadLetter } from '../../schemas/dead-letter.ts';
import type { Message, Topic } from '../../schemas/topic.ts';
import type { Redact } from './redaction.ts';

/** Fields of a topic that people write freely. */
export const freeTextsOf = ({ fields }: Topic): readonly string[] =>
  Object.entries(fields)
    .filter(([, field]) => field.type === 'text' && field.freeText === true)
    .map(([name]) => name);

/** An object with the named texts redacted; the same object when nothing was found. */
export function redactFields<T extends Readonly<Record<string, unknown>>>(
  given: T,
  names: readonly string[],
  redact: Redact,
): T {
  let changed: Record<string, unknown> | null = null;
  for (const name of names) {
    const value = given[name];
    if (typeof value !== 'string') continue;
    const redacted = redact(value);
    if (redacted === value) continue;
    changed ??= { ...given };
    changed[name] = redacted;
  }
  return (changed as T | null) ?? given;
}

const fatal = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as redacted text; null when they are no text: nobody can tell what personal data is in them. */
function redactBytes(bytes: Uint8Array | null, redact: Redact): Uint8Array | null {
  // A zero begins an Avro frame: its bytes may happen to be UTF-8, and a change of length would break it.
  if (bytes === null || bytes[0] === 0) return null;
  try {
    const text = fatal.decode(bytes);
    const redacted = redact(text);
    return redacted === text ? bytes : Buffer.from(redacted);
  } catch {
    return null;
  }
}

/** A dead letter without personal data. `recordBytes` still tells how long the value was. */
function redactDeadLetter(letter: DeadLetter, redact: Redact): DeadLetter {
  const headers = Object.entries(letter.recordHeaders).map(([name, value]) => [name, redact(value)]);
  return {
    ...letter,
    reason: redact(letter.reason),
    recordKey: redactBytes(letter.recordKey, redact),
    recordValue: redactBytes(letter.recordValue, redact),
    recordHeaders: Object.fromEntries(headers),
  };
}

/** Any message of a topic without personal data. */
export const redactMessage = (topic: Topic, message: Message, redact: Redact): Message =>
  topic.name === 'dead-letters'
    ? redactDeadLetter(message as DeadLetter, redact)
    : redactFields(message, freeTextsOf(topic), redact);
