// Spreads a hash.

/** Thirty-two bits that each depend on all of `hash` (the finaliser of MurmurHash3, Appleby). */
export function scramble(hash: number): number {
  let bits = hash ^ (hash >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
