// What can be counted one word at a time: words, sentences, numbers, web addresses, list items, phrases.
import { addressEnd, listMarkerEnd } from './addresses.ts';
import * as character from './characters.ts';
import { classAt, foldOf, isSurrogate } from './characters.ts';
import { hashOf, hashStart, hashUnit } from './hashing.ts';
import { DOT, GREEK_QUESTION, isAfterGreek, Marks, markOf, NOTHING, QUOTE } from './marks.ts';
import { numberHash, PhraseMatcher } from './phrases.ts';
import { Vocabulary } from './vocabulary.ts';

const WORD = character.LETTER | character.MARK | character.DIGIT;
const longWordPoints = 7;
/**
 * Longest part that is given to the segmenter at once. Its time grows with the square of the length (65,536
 * ideographs took 0.6 s); a cut may split one word.
 */
const segmentUnitsMax = 256;
const segmenter = new Intl.Segmenter('und', { granularity: 'word' });

/** Counts of one text, word by word. Every field is about the text of the last `count`. */
export class Words {
  readonly vocabulary = new Vocabulary();
  readonly phrases = new PhraseMatcher();
  readonly marks = new Marks();
  words = 0;
  /** Words that have a length: all but web addresses. */
  measuredWords = 0;
  /** Code points of the measured words. */
  wordPoints = 0;
  longWords = 0;
  latinWords = 0;
  /** Syllables of the Latin words. */
  syllables = 0;
  sentences = 0;
  numbers = 0;
  listItems = 0;
  urls = 0;
  #sinceStop = 0;
  #lastWordPoints = 0;

  /** Counts a cleaned text: well-formed, single spaces, no empty lines. */
  count(text: string): void {
    this.#clear(text.length);
    let place = this.#startLine(text, 0);
    while (place < text.length) {
      const unit = text.charCodeAt(place);
      const bits = isSurrogate(unit) ? classAt(text.codePointAt(place) as number) : classAt(unit);
      if ((bits & (character.LETTER | character.DIGIT)) === 0) place = this.#betweenWords(text, place, bits);
      else if ((bits & character.UNSPACED) === 0) place = this.#word(text, place);
      else place = this.#unspaced(text, place);
    }
    this.#endSentence();
  }

  #clear(length: number): void {
    this.vocabulary.clear(length);
    this.phrases.clear();
    this.marks.clear();
    this.words = this.measuredWords = this.wordPoints = this.longWords = this.latinWords = this.syllables = 0;
    this.sentences = this.numbers = this.listItems = this.urls = this.#sinceStop = this.#lastWordPoints = 0;
  }

  /** A word of a script with spaces: letters, marks, digits and the connectors between them. */
  #word(text: string, start: number): number {
    const address = mayBeginAddress(text.charCodeAt(start)) ? addressEnd(text, start) : start;
    if (address > start) return this.#address(text, start, address);
    let hash = hashStart;
    let [points, latin, syllables] = [0, 0, 0];
    let [vowel, inNumber, onlyDigits] = [false, false, true];
    let place = start;
    for (; place < text.length; place++) {
      const unit = text.charCodeAt(place);
      const bits = isSurrogate(unit) ? classAt(text.codePointAt(place) as number) : classAt(unit);
      if ((bits & WORD) === 0 || (bits & character.UNSPACED) !== 0) {
        if (!connects(text, place, bits, inNumber)) break;
        this.marks.countInside(unit);
      } else {
        points++;
        if ((bits & character.DIGIT) !== 0) {
          if (!inNumber) this.numbers++;
          inNumber = true;
        } else {
          inNumber = onlyDigits = false;
          if ((bits & character.LATIN) !== 0) {
            latin++;
            if ((bits & character.VOWEL) === 0) vowel = false;
            else if (!vowel) {
              syllables++;
              vowel = true;
            }
          }
        }
        if (isSurrogate(unit)) hash = hashUnit(hash, text.charCodeAt(++place) ^ unit);
        else hash = hashUnit(hash, unit);
      }
    }
    if (latin > 0) this.#addSyllables(syllables - (endsSilently(text, start, place) ? 1 : 0));
    this.#addWord(onlyDigits ? numberHash : hash, hash, points);
    return place;
  }

  #addSyllables(syllables: number): void {
    this.latinWords++;
    this.syllables += Math.max(1, syllables);
  }

  #addWord(phraseHash: number, hash: number, points: number): void {
    this.words++;
    this.measuredWords++;
    this.wordPoints += points;
    if (points >= longWordPoints) this.longWords++;
    this.vocabulary.add(hash);
    this.phrases.add(phraseHash);
    this.#sinceStop++;
    this.#lastWordPoints = points;
  }

  #address(text: string, start: number, end: number): number {
    this.urls++;
    this.words++;
    this.vocabulary.add(hashOf(text, start, end));
    this.#sinceStop++;
    this.#lastWordPoints = end - start;
    return end;
  }

  /** A run without spaces, cut into words by the dictionaries of ICU. */
  #unspaced(text: string, start: number): number {
    let end = start;
    while (end < text.length) {
      const unit = text.charCodeAt(end);
      const bits = isSurrogate(unit) ? classAt(text.codePointAt(end) as number) : classAt(unit);
      if ((bits & character.UNSPACED) === 0) break;
      const width = isSurrogate(unit) ? 2 : 1;
      if (end + width - start > segmentUnitsMax) break;
      end += width;
    }
    for (const { segment, isWordLike } of segmenter.segment(text.slice(start, end))) {
      if (isWordLike !== true) continue;
      const hash = hashOf(segment);
      this.#addWord(hash, hash, codePointsOf(segment));
    }
    return end;
  }

  #betweenWords(text: string, place: number, bits: number): number {
    const unit = text.charCodeAt(place);
    if (unit === 0x0a) return this.#startLine(text, place + 1);
    if (isSurrogate(unit)) return place + 2;
    const meaning = markOf[unit];
    if (meaning === NOTHING) {
      if ((bits & character.STOP) !== 0) this.#endSentence();
      return place + 1;
    }
    if ((bits & character.STOP) !== 0 || (meaning === GREEK_QUESTION && isAfterGreek(text, place))) {
      this.#endSentence();
    } else if (meaning === DOT && this.#endsAtDot(text, place)) this.#endSentence();
    return this.marks.read(text, place);
  }

  #startLine(text: string, place: number): number {
    const end = listMarkerEnd(text, place);
    if (end === place) return place;
    this.listItems++;
    this.#endSentence();
    return end;
  }

  #endSentence(): void {
    if (this.#sinceStop > 0) this.sentences++;
    this.#sinceStop = 0;
  }

  /** A full stop ends a sentence before white space or a closing mark, but not after an initial. */
  #endsAtDot(text: string, place: number): boolean {
    if (place + 1 === text.length) return true;
    const next = text.charCodeAt(place + 1);
    const closes = next === 0x29 || next === 0x5d || markOf[next] === QUOTE;
    return (closes || (classAt(next) & character.SPACE) !== 0) && this.#lastWordPoints !== 1;
  }
}

const mayBeginAddress = (unit: number): boolean => {
  const lower = unit | 0x20;
  return lower === 0x68 || lower === 0x77 || lower === 0x66;
};

/** Whether a word goes on past a mark: `don’t`, `snake_case`, `3.14`. */
function connects(text: string, place: number, bits: number, inNumber: boolean): boolean {
  const unit = text.charCodeAt(place);
  const next = classAt(text.charCodeAt(place + 1));
  if (unit === 0x5f) return (next & (character.LETTER | character.DIGIT)) !== 0;
  if ((bits & character.CONNECTOR) !== 0) {
    return (next & character.LETTER) !== 0 && (next & character.UNSPACED) === 0;
  }
  return inNumber && (unit === 0x2e || unit === 0x2c) && (next & character.DIGIT) !== 0;
}

/** English’s silent e: the last letter, after a consonant that is no l. */
function endsSilently(text: string, start: number, end: number): boolean {
  if (end - start < 3 || foldOf[text.charCodeAt(end - 1)] !== 0x65) return false;
  const before = text.charCodeAt(end - 2);
  return (
    (classAt(before) & (character.LATIN | character.VOWEL)) === character.LATIN && (before | 0x20) !== 0x6c
  );
}

function codePointsOf(text: string): number {
  let points = text.length;
  for (let place = 0; place < text.length; place++) {
    if ((text.charCodeAt(place) & 0xfc00) === 0xdc00) points--;
  }
  return points;
}
