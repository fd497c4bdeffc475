// Identities that are the same on every run, so that a repeat is recognisable.
import { hash } from 'node:crypto';

/** Stands between the parts of an id; none of them contains it. Several parts joined by it are as good as one each. */
export const partDivider = '\u0000';

/** Id of what a stage made from a message: the first 128 bits of SHA-256 over the parts, in hex. */
export function derivedId(...parts: readonly string[]): string {
  return hash('sha256', parts.join(partDivider)).slice(0, 32);
}

/** Trace context of a message whose producer gave none, derived from its id so that every stage agrees. */
export function derivedTraceparent(id: string): string {
  const digest = hash('sha256', `trace\u0000${id}`);
  return `00-${digest.slice(0, 32)}-${digest.slice(32, 48)}-01`;
}
