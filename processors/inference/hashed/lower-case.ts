// What each character is to a hashed tokenizer: part of a word, and then as which character it is lower-cased to, or
// what stands between words. Worked out from the engine's own Unicode tables, 256 characters at a time, when one of
// them is met first.

/** No letter and no digit. */
export const separator = 0;
/** Its lower case depends on what is around it, or is more than one character: the text takes the exact path. */
export const undecided = -1;

const blockSize = 256;
const isWordCharacter = /^[\p{L}\p{N}]$/u;
/** Σ is lower-cased by its place in the word. */
const capitalSigma = 0x3a3;
const blocks: (Int32Array | undefined)[] = [];

/** The lower case of a code point that belongs to a word; `separator` or `undecided` for the others. */
export function lowerCaseOf(codePoint: number): number {
  const block = blocks[codePoint >>> 8];
  return (block ?? newBlock(codePoint >>> 8))[codePoint & (blockSize - 1)]!;
}

function newBlock(number: number): Int32Array {
  const block = new Int32Array(blockSize);
  for (let at = 0; at < blockSize; at++) block[at] = lookUp(number * blockSize + at);
  blocks[number] = block;
  return block;
}

function lookUp(codePoint: number): number {
  if (codePoint === capitalSigma) return undecided;
  const lower = String.fromCodePoint(codePoint).toLowerCase();
  const only = lower.codePointAt(0)!;
  if (lower.length !== (only > 0xffff ? 2 : 1)) return undecided;
  return isWordCharacter.test(lower) ? only : separator;
}
