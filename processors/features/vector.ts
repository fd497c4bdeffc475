// The feature vector of a cleaned text: every feature of schemas/features.ts, in its order.
import type { FeatureName } from '../../schemas/features.ts';
import { Letters } from './letters.ts';
import { phraseLists } from './phrases.ts';
import { Words } from './words.ts';

const asksBit = Object.fromEntries(
  phraseLists.map(({ feature }, index) => [feature, 1 << index]),
) as Readonly<Record<(typeof phraseLists)[number]['feature'], number>>;

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const flag = (condition: boolean): number => (condition ? 1 : 0);

/**
 * A function from a cleaned text to its features. Values are rounded to 32-bit floats, so that they come out of
 * Avro as they went in. The function keeps its tables between calls: one text at a time.
 */
export function createVector(): (text: string) => readonly number[] {
  const letters = new Letters();
  const words = new Words();
  return (text) => {
    letters.count(text);
    words.count(text);
    // Named in the order of the schema: reading them by name, one after the other, takes longer than counting them.
    const values = Object.values(nameValues(letters, words));
    for (let at = 0; at < values.length; at++) values[at] = Math.fround(values[at]!);
    return values;
  };
}

/** Every feature, in the order of the schema; a test holds it to that. */
function nameValues(letters: Letters, words: Words): Record<FeatureName, number> {
  const { marks, phrases } = words;
  const { distinct, once } = words.vocabulary;
  const isLatin = letters.latin * 2 > letters.letters;
  return {
    characters: letters.points,
    words: words.words,
    sentences: words.sentences,
    wordLength: ratio(words.wordPoints, words.measuredWords),
    sentenceLength: ratio(words.words, words.sentences),
    uniqueWordRatio: ratio(distinct, words.words),
    rootTypeTokenRatio: ratio(distinct, Math.sqrt(words.words)),
    onceOnlyRatio: ratio(once, distinct),
    longWords: words.longWords,
    syllablesPerWord: isLatin ? ratio(words.syllables, words.latinWords) : 0,
    readingEase: isLatin ? readingEase(words) : 0,
    numbers: words.numbers,
    hasNumbers: flag(words.numbers > 0),
    hasQuotes: flag(marks.quotes > 0),
    questionMarks: marks.questionMarks,
    exclamationMarks: marks.exclamationMarks,
    asksForExample: flag((phrases.found & asksBit.asksForExample) !== 0),
    asksForDetail: flag((phrases.found & asksBit.asksForDetail) !== 0),
    asksForFormat: flag((phrases.found & asksBit.asksForFormat) !== 0),
    listItems: words.listItems,
    codeBlocks: marks.codeBlocks,
    urls: words.urls,
    emails: marks.emails,
    upperCaseRatio: ratio(letters.upper, letters.upper + letters.lower),
    emoji: letters.emoji,
    mentions: marks.mentions,
    hashtags: marks.hashtags,
    punctuationRatio: ratio(letters.punctuation, letters.points),
    longestRepeat: letters.longestRepeat,
    lines: letters.lines,
    nonLatinRatio: ratio(letters.letters - letters.latin, letters.letters),
  };
}

/** Flesch, “A new readability yardstick” (1948): made for English, a rough order elsewhere. 0 hard, 100 easy. */
function readingEase(words: Words): number {
  const sentenceLength = ratio(words.words, words.sentences);
  const syllablesPerWord = ratio(words.syllables, words.latinWords);
  return Math.min(100, Math.max(0, 206.835 - 1.015 * sentenceLength - 84.6 * syllablesPerWord));
}
