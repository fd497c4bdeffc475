// What the n-gram featurizer can read beyond words and characters, each behind an option of its own: marks of the whole
// text, words as they were meant before they were disguised, identity terms as one token, words under a negation.

/** Hash of a lower-case word, as the featurizer makes it unit by unit. */
function hashOf(word: string, seed: number, prime: number): number {
  let hash = seed;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), prime);
  return hash;
}

/** Groups of people that hate speech is about, in English: a model that sees one token for all cannot judge by group. */
const identityTerms = `women woman female females men gays gay lesbian lesbians homosexual homosexuals trans transgender
queer bisexual lgbt muslim muslims islam islamic jew jews jewish christian christians catholic catholics hindu hindus
buddhist sikh atheist atheists black blacks white whites asian asians latino latinos latina hispanic hispanics african
africans arab arabs mexican mexicans chinese indian indians pakistani immigrant immigrants migrant migrants refugee
refugees foreigner foreigners disabled deaf blind autistic`;

const negatingWords = `not no never nor none nobody nothing neither cannot without don't doesn't didn't isn't aren't
wasn't weren't won't wouldn't can't couldn't shouldn't haven't hasn't hadn't ain't dont doesnt didnt isnt cant wont nicht
kein keine nie ne pas jamais non mai sin nunca`;

const words = (list: string): readonly string[] => list.split(/\s+/);

/** Hashes of the words of both lists. */
export function markedWords(seed: number, prime: number) {
  const hashes = (list: string) => new Set(words(list).map((word) => hashOf(word, seed, prime)));
  return { identities: hashes(identityTerms), negations: hashes(negatingWords) };
}

/** Letters that digits and signs stand for in disguised words; 0 for units that stand for themselves. */
const meantFor = new Uint16Array(128);
for (const [sign, letter] of ['0o', '1i', '3e', '4a', '5s', '7t', '8b', '@a', '$s']) {
  meantFor[sign!.charCodeAt(0)] = letter!.charCodeAt(0);
}

const isDigit = (unit: number): boolean => unit >= 48 && unit <= 57;

/** Whether a sign inside a word can stand for a letter, as in `b@d` and `a$$`. */
export const standsForLetter = (unit: number): boolean => unit === 0x40 || unit === 0x24;

/**
 * Writes the word[1..end) as it was meant into `repaired`, from 1: signs and digits among letters as the letters they
 * look like, and no unit more than twice in a row. Returns its end, or 0 where nothing was to be mended.
 */
export function repairWord(word: Uint16Array, end: number, repaired: Uint16Array): number {
  let letters = 0;
  let signs = 0;
  let digits = 0;
  for (let at = 1; at < end; at++) {
    const unit = word[at]!;
    if (standsForLetter(unit)) signs++;
    else if (!isDigit(unit)) letters++;
    else if (meantFor[unit] !== 0 && at + 1 < end && !isDigit(word[at + 1]!)) digits++;
  }
  // 1st, mp3, covid19 are words as they stand: a digit is a letter only in front of another, in words of some length.
  const isDisguised = (signs > 0 && letters > 0) || (digits > 0 && letters >= 3);
  let to = 1;
  let changed = isDisguised;
  for (let at = 1; at < end; at++) {
    const unit = word[at]!;
    const meant = isDisguised && unit < 128 && meantFor[unit] !== 0 ? meantFor[unit]! : unit;
    if (to > 2 && repaired[to - 1] === meant && repaired[to - 2] === meant && !isDigit(meant)) {
      changed = true;
      continue;
    }
    repaired[to++] = meant;
  }
  return changed ? to : 0;
}

/** Units of a text that are looked at for its marks. */
const unitsMax = 8_192;

/** Signs of program code, and of maths. */
const isCode = createTable('{}[]();=<>_`|&#');
const isMaths = createTable('+*/^=%√∑∫∞≤≥≠±×÷π\\');

function createTable(signs: string): Uint8Array {
  const table = new Uint8Array(65_536);
  for (const sign of signs) table[sign.charCodeAt(0)] = 1;
  return table;
}

/**
 * Marks of a whole text, as bits: 1 a line break, 2 several, 4 a question mark, 8 one at its end, 16 program code, 32
 * maths; from bit 8 on the logarithm of its length to the base 2.
 */
export function textMarks(text: string): number {
  const end = Math.min(text.length, unitsMax);
  let lines = 0;
  let questions = 0;
  let code = 0;
  let maths = 0;
  let digits = 0;
  for (let at = 0; at < end; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 10) lines++;
    else if (unit === 63) questions++;
    else if (isDigit(unit)) digits++;
    code += isCode[unit]!;
    maths += isMaths[unit]!;
  }
  const last = text.charCodeAt(text.length - 1);
  return (
    (lines > 0 ? 1 : 0) |
    (lines > 3 ? 2 : 0) |
    (questions > 0 ? 4 : 0) |
    (last === 63 ? 8 : 0) |
    (code >= 4 && 40 * code >= end ? 16 : 0) |
    (digits >= 2 && maths > 0 ? 32 : 0) |
    ((31 - Math.clz32(text.length)) << 8)
  );
}

/** Bits of `textMarks` that stand for themselves. */
export const markBits = 6;
