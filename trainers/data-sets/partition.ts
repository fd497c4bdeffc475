// Which part of a data set a text belongs to. The text, the seed and nothing else decide, so that equal texts stay
// together, rows that are added move no other row, and every label is split in the same shares up to chance.
import { createHash } from 'node:crypto';
import { sameKey } from './rows.ts';

/** A place in [0, 1), spread evenly over texts. Texts that are the same to a model have the same. */
export function placeOf(text: string, seed: number, purpose: 'split' | 'fold' | 'balance'): number {
  const digest = createHash('sha256')
    .update(`${purpose}\0${seed}\0${sameKey(text)}`)
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** The split of a text under shares that sum up to 1. */
export function splitOf(text: string, seed: number, shares: Readonly<Record<string, number>>): string {
  const place = placeOf(text, seed, 'split');
  const names = Object.keys(shares);
  let reached = 0;
  for (const name of names) {
    reached += shares[name]!;
    if (place < reached) return name;
  }
  // Shares sum up to 1 within rounding.
  return names.at(-1)!;
}

/** The fold of a text, 0 to `folds` - 1, independent of its split. */
export const foldOf = (text: string, seed: number, folds: number): number =>
  Math.floor(placeOf(text, seed, 'fold') * folds);

/**
 * Parts of exactly the wanted shares within each label (largest remainder): every label’s texts are ranked by their
 * places and cut. Adding rows may move those at the cuts, so such a split is written to files rather than computed
 * anew. `texts` are distinct; answers the part of each, as its number among `shares`.
 */
export function stratify(
  texts: readonly { readonly text: string; readonly label: string }[],
  seed: number,
  shares: readonly number[],
): Int32Array {
  const parts = new Int32Array(texts.length);
  const places = Float64Array.from(texts, ({ text }) => placeOf(text, seed, 'split'));
  const byLabel = groupsOf(texts);
  for (const members of byLabel.values()) {
    members.sort((a, b) => places[a]! - places[b]! || a - b);
    let from = 0;
    for (const [part, size] of sizesOf(members.length, shares).entries()) {
      for (const at of members.slice(from, from + size)) parts[at] = part;
      from += size;
    }
  }
  return parts;
}

function groupsOf(texts: readonly { readonly label: string }[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [at, { label }] of texts.entries()) {
    const members = groups.get(label);
    if (members) members.push(at);
    else groups.set(label, [at]);
  }
  return groups;
}

/** Whole sizes that sum up to `total`, as near to the shares as can be. */
function sizesOf(total: number, shares: readonly number[]): number[] {
  const exact = shares.map((share) => share * total);
  const sizes = exact.map(Math.floor);
  const order = exact
    .map((_, at) => at)
    .sort((a, b) => exact[b]! - sizes[b]! - (exact[a]! - sizes[a]!) || a - b);
  const rest = total - sizes.reduce((sum, size) => sum + size, 0);
  for (const at of order.slice(0, rest)) sizes[at]! += 1;
  return sizes;
}
