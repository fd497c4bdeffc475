// Which arm of an experiment a key belongs to: the same wherever and whenever it is asked, without anything stored.
import { derivedId } from '../../schemas/identity.ts';

/** An arm and its share of the keys, 0 to 1. */
export interface ArmShare {
  readonly name: string;
  readonly share: number;
}

/**
 * The arm of a key. `share` (0 to 1) of all keys get the treatment. Sticky: a key keeps its arm while salt and share
 * stay, and a share that grows takes keys only from the control. The salt is the experiment’s id: who was in one
 * experiment’s treatment says nothing about the next one. Throws `RangeError` for a share outside 0 to 1.
 */
export function armOf(key: string, salt: string, share: number): 'control' | 'treatment' {
  return armAmong(key, salt, [{ name: 'treatment', share }]) === null ? 'control' : 'treatment';
}

/**
 * The arm of a key among several, in the order in which they stand; null for the keys that are in none of them.
 * Throws `RangeError` when a share is negative or the shares are more than 1 together.
 */
export function armAmong(key: string, salt: string, arms: readonly ArmShare[]): string | null {
  const point = pointOf(key, salt);
  let end = 0;
  let found: string | null = null;
  for (const { name, share } of arms) {
    if (!(share >= 0)) throw new RangeError(`The arm ${name} cannot have a share of ${share}.`);
    end += share;
    if (found === null && point < end) found = name;
  }
  // Ten shares of 0.1 are a little more than 1 in binary.
  if (end > 1 + 1e-9) throw new RangeError(`The shares of the arms are ${end} together, more than 1.`);
  return found;
}

/** Where a key lies between 0 and 1: the first 48 bits of a SHA-256 of salt and key. */
function pointOf(key: string, salt: string): number {
  return Number.parseInt(derivedId('arm', salt, key).slice(0, 12), 16) / 2 ** 48;
}
