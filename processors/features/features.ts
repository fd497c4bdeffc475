// The features processor: cleans a comment or a prompt and counts what a text looks like.
import type { Comment } from '../../schemas/comment.ts';
import type { Features, Kind } from '../../schemas/features.ts';
import { derivedId } from '../../schemas/identity.ts';
import { invalid, type Outcome, ok, type Process } from '../../schemas/outcome.ts';
import type { Prompt } from '../../schemas/prompt.ts';
import { cleanText } from './cleaning.ts';
import { createVector } from './vector.ts';

/** A message as it came in, with the kind that its topic gives it. */
export interface Source {
  readonly kind: Kind;
  readonly message: Comment | Prompt;
}

/**
 * A processor from sources to features, one output per message. A text of which nothing is left after clean-up is
 * `invalid` with code `no-text`. Linear in the length of the texts.
 */
export function createFeatures(): Process<Source, Features> {
  const vector = createVector();
  return async (batch) => batch.map((source) => extract(source, vector));
}

function extract({ kind, message }: Source, vector: (text: string) => readonly number[]): Outcome<Features> {
  const text = cleanText(message.text);
  if (text === '') {
    return invalid(
      'no-text',
      `The text of ${kind} ${message.id} holds nothing but spaces or control characters.`,
    );
  }
  return ok({
    id: derivedId(message.id, 'features'),
    tenant: message.tenant,
    eventTime: message.eventTime,
    ingestTime: message.ingestTime,
    source: message.source,
    traceparent: message.traceparent,
    messageId: message.id,
    kind,
    text,
    values: vector(text),
    stickyKey: stickyKeyOf(message),
  });
}

/** Whoever a message came from, as far as it says. */
const stickyKeyOf = (message: Comment | Prompt): string | null =>
  ('author' in message ? message.author : ((message as Prompt).user ?? (message as Prompt).session)) ?? null;
