// Terms: what retrieval counts. Words in lower case without possessives, stemmed; the same for queries and passages.
import { stemOf } from './stem.ts';

const wordPattern = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:['’][\p{L}]+)?/gu;

/** Words in the order of the text, as they were written. */
export const wordsOf = (text: string): readonly string[] => text.match(wordPattern) ?? [];

/** Function words: they carry a question’s form, not its subject. */
const functionWords = new Set(
  `a about after all also am an and any are as at be because been before being between both but by can could did do
  does doing down during each few for from further had has have having he her here hers him his how i if in into is it
  its itself just me more most my no nor not now of off on once only or other our out over own same she should so some
  such than that the their them then there these they this those through to too under until up us very was we were
  what when where which while who whom whose why will with would you your lrb rrb s t`.split(/\s+/),
);

/** Stems are remembered: texts repeat their words. Bounded, as texts come from anywhere. */
const stems = new Map<string, string>();
const stemsMax = 100_000;

/** The term of a word. */
export function termOf(word: string): string {
  const known = stems.get(word);
  if (known !== undefined) return known;
  const lower = word.toLowerCase().replace(/['’].*$/u, '');
  const stem = stemOf(lower);
  if (stems.size >= stemsMax) stems.clear();
  stems.set(word, stem);
  return stem;
}

/** Terms of a text in its order, function words and all. */
export const termsOf = (text: string): readonly string[] => wordsOf(text).map(termOf);

const functionTerms = new Set([...functionWords].map(termOf));

/** Whether a term is a function word’s. */
export const isFunctionTerm = (term: string): boolean => functionTerms.has(term);
