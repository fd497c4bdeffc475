// A record's value as JSON, or why it is none.
import { isUtf8 } from 'node:buffer';
import { Refusal } from './refusal.ts';

/** The parsed value; a `Refusal` for bytes that are no UTF-8 and for text that is no JSON. */
export function parseJson(value: Buffer): unknown {
  if (!isUtf8(value)) return new Refusal('invalid-utf8', 'the value is neither Avro nor valid UTF-8');
  try {
    return JSON.parse(value.toString('utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return new Refusal('malformed-json', `neither Avro nor JSON: ${reason.slice(0, 200)}`);
  }
}
