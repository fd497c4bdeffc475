// The BACKWARD rule: whoever reads with the new schema can read what was written with the latest one.
import avsc from 'avsc';
import { Misconfigured } from '../../schemas/errors.ts';

/** Avro type of a schema text. Throws `Misconfigured` (code `invalid-schema`) when it is none. */
export function parseSchema(subject: string, avro: string): avsc.Type {
  try {
    return avsc.Type.forSchema(JSON.parse(avro) as avsc.Schema);
  } catch (cause) {
    throw new Misconfigured(`The schema for ${subject} is not Avro: ${messageOf(cause)}`, {
      code: 'invalid-schema',
      fix: 'Correct the schema; for Millrace’s own topics it is printed by npm run generate.',
      cause,
    });
  }
}

/** Throws `Misconfigured` (code `incompatible-schema`) when `next` cannot read what `latest` wrote. */
export function checkBackward(subject: string, next: string, latest: string): void {
  const [reader, writer] = [parseSchema(subject, next), parseSchema(subject, latest)];
  try {
    reader.createResolver(writer);
  } catch (cause) {
    throw incompatible(subject, messageOf(cause), cause);
  }
}

export const incompatible = (subject: string, reason: string, cause?: unknown): Misconfigured =>
  new Misconfigured(`The new schema for ${subject} cannot read what the latest one wrote: ${reason}`, {
    code: 'incompatible-schema',
    fix: 'Give new fields a default and keep the types of old ones, or publish under a new topic.',
    cause,
  });

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
