// What can be counted one character at a time: letters, case, punctuation, repeats, lines, emoji.
import { classAt, isSurrogate, LATIN, LETTER, LOWER, PICTOGRAPH, PUNCTUATION, UPPER } from './characters.ts';

const variationSelector = 0xfe0f;
const joiner = 0x200d;
const keycap = 0x20e3;
/** From here on pictographs are shown as emoji by most fonts even without a variation selector. */
const firstEmoji = 0x2600;
/** The few below it that are always shown as emoji: watches and media buttons. */
const alwaysEmoji = /\p{Emoji_Presentation}/u;

/** Counts of one text, character by character. Every field is about the text of the last `count`. */
export class Letters {
  points = 0;
  letters = 0;
  latin = 0;
  upper = 0;
  lower = 0;
  punctuation = 0;
  longestRepeat = 0;
  lines = 0;
  emoji = 0;

  /** Counts a cleaned text: well-formed, without empty lines. */
  count(text: string): void {
    let [points, letters, latin, upper, lower, punctuation, longest, lines] = [0, 0, 0, 0, 0, 0, 0, 1];
    let seen = 0;
    let before = -1;
    let run = 0;
    for (let place = 0; place < text.length; place++) {
      let point = text.charCodeAt(place);
      if (isSurrogate(point)) point = text.codePointAt(place++) as number;
      const bits = classAt(point);
      seen |= bits;
      points++;
      if ((bits & LETTER) !== 0) letters++;
      if ((bits & LATIN) !== 0) latin++;
      if ((bits & LOWER) !== 0) lower++;
      else if ((bits & UPPER) !== 0) upper++;
      if ((bits & PUNCTUATION) !== 0) punctuation++;
      if (point === 0x0a) lines++;
      run = point === before ? run + 1 : 1;
      if (run > longest) longest = run;
      before = point;
    }
    this.points = points;
    this.letters = letters;
    this.latin = latin;
    this.upper = upper;
    this.lower = lower;
    this.punctuation = punctuation;
    this.longestRepeat = longest;
    this.lines = text === '' ? 0 : lines;
    this.emoji = (seen & PICTOGRAPH) === 0 ? 0 : countEmoji(text);
  }
}

const isFlagHalf = (point: number): boolean => point >= 0x1f1e6 && point <= 0x1f1ff;
const isSkinTone = (point: number): boolean => point >= 0x1f3fb && point <= 0x1f3ff;

/** Emoji as people see them: a family, a flag, a hand with a skin colour and a keycap are one each. */
function countEmoji(text: string): number {
  let emoji = 0;
  let before = 0;
  let halfFlag = false;
  for (let place = 0; place < text.length; place++) {
    const point = text.codePointAt(place) as number;
    if (point > 0xffff) place++;
    if (isFlagHalf(point)) {
      if (!halfFlag) emoji++;
      halfFlag = !halfFlag;
    } else {
      halfFlag = false;
      if (point === keycap) emoji++;
      else if (before !== joiner && !isSkinTone(point) && isEmoji(point, text.charCodeAt(place + 1))) emoji++;
    }
    before = point;
  }
  return emoji;
}

function isEmoji(point: number, next: number): boolean {
  if (point === keycap || (classAt(point) & PICTOGRAPH) === 0) return false;
  return next === variationSelector || point >= firstEmoji || alwaysEmoji.test(String.fromCodePoint(point));
}
