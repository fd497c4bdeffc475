// What a character is: one table lookup per code point, filled once from Unicode’s own properties.

export const LETTER = 1;
export const MARK = 2;
export const DIGIT = 4;
export const UPPER = 8;
export const LOWER = 16;
export const PUNCTUATION = 32;
/** Letters of scripts that are written without spaces between words. */
export const UNSPACED = 64;
export const LATIN = 128;
/** May be an emoji; `emoji.ts` decides. */
export const PICTOGRAPH = 256;
/** Latin vowel, with or without accents. */
export const VOWEL = 512;
/** Ends a sentence wherever it stands; the full stop of Latin text and the ellipsis are not of this kind. */
export const STOP = 1024;
/** Belongs to the word when a letter stands on either side: apostrophes, joiners, Armenian intonation marks. */
export const CONNECTOR = 2048;
export const SPACE = 4096;

const properties: readonly (readonly [number, RegExp])[] = [
  [LETTER, /\p{L}+/gu],
  [MARK, /\p{M}+/gu],
  [DIGIT, /\p{Nd}+/gu],
  [UPPER, /\p{Lu}+/gu],
  [LOWER, /\p{Ll}+/gu],
  [PUNCTUATION, /\p{P}+/gu],
  [
    UNSPACED,
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu,
  ],
  [LATIN, /\p{Script=Latin}+/gu],
  [PICTOGRAPH, /(?:[\p{Extended_Pictographic}\p{Regional_Indicator}]|\u20e3)+/gu],
  [STOP, /\p{Sentence_Terminal}+/gu],
  [CONNECTOR, /['’·\u055a-\u055f\u05f3\u05f4\u200c\u200d]+/gu],
  [SPACE, /\s+/gu],
];

const planeSize = 65_536;
/** Planes 0 and 1; planes 2 and 3 hold ideographs only, the rest nothing that is counted. */
const classOf = new Uint16Array(2 * planeSize);
/** Lower case of a UTF-16 unit where that is one unit, else the unit itself. */
export const foldOf = new Uint16Array(planeSize);

/** Class bits of a code point. */
export function classAt(codePoint: number): number {
  if (codePoint < classOf.length) return classOf[codePoint] as number;
  return codePoint < 0x40000 ? LETTER | UNSPACED : 0;
}

/** Half of a character outside plane 0. */
export const isSurrogate = (unit: number): boolean => (unit & 0xf800) === 0xd800;

function classify(first: number, last: number): void {
  const units: string[] = [];
  for (let point = first; point < last; point++) {
    units.push(isSurrogate(point) && point < planeSize ? '\u0000' : String.fromCodePoint(point));
  }
  const text = units.join('');
  const width = first < planeSize ? 1 : 2;
  for (const [bit, pattern] of properties) {
    for (const run of text.matchAll(pattern)) {
      const from = first + run.index / width;
      for (let point = from; point < from + run[0].length / width; point++) {
        classOf[point] = (classOf[point] as number) | bit;
      }
    }
  }
}

/** Digits and marks of a script are not its letters, and a full stop may stand in a number or an abbreviation. */
function narrow(): void {
  for (let point = 0; point < classOf.length; point++) {
    const bits = classOf[point] as number;
    if ((bits & (LETTER | MARK)) === 0) classOf[point] = bits & ~UNSPACED;
    if ((bits & LETTER) === 0) classOf[point] = (classOf[point] as number) & ~LATIN;
  }
  for (const point of [0x2e, 0x2024, 0xfe52]) classOf[point] = (classOf[point] as number) & ~STOP;
}

function addVowels(): void {
  for (let unit = 0; unit < planeSize; unit++) {
    if (((classOf[unit] as number) & LATIN) === 0) continue;
    const [base = ''] = String.fromCharCode(unit).normalize('NFD').toLowerCase();
    if ('aeiouyæœøıɐəɛɔ'.includes(base)) classOf[unit] = (classOf[unit] as number) | VOWEL;
  }
}

function addFolds(): void {
  for (let unit = 0; unit < planeSize; unit++) {
    foldOf[unit] = unit;
    if (((classOf[unit] as number) & UPPER) === 0) continue;
    const lower = String.fromCharCode(unit).toLowerCase();
    if (lower.length === 1) foldOf[unit] = lower.charCodeAt(0);
  }
  foldOf[0x2019] = 0x27; // A typographic apostrophe does not make another word.
}

// Two blocks a plane keep the temporary strings small.
for (let first = 0; first < classOf.length; first += planeSize / 2) classify(first, first + planeSize / 2);
narrow();
addVowels();
addFolds();
