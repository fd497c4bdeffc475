// Identities that are the same on every run, so that a repeat is recognisable.
import { createHash } from 'node:crypto';

/**
 * Id of what a stage made from a message: the first 128 bits of SHA-256 over the parts, in hex.
 * Parts are joined by a byte that none of them contains.
 */
export function derivedId(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\u0000')).digest('hex').slice(0, 32);
}

/** Trace context of a message whose producer gave none, derived from its id so that every stage agrees. */
export function derivedTraceparent(id: string): string {
  const hash = createHash('sha256').update(`trace\u0000${id}`).digest('hex');
  return `00-${hash.slice(0, 32)}-${hash.slice(32, 48)}-01`;
}
