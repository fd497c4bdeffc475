// Features: what a text looks like, counted before any model sees it.
import type { VectorItem } from './field.ts';
import { envelope, type MessageOf, topic } from './topic.ts';

/** Every feature, in the order of the vector. The order is part of the format: append, never insert. */
export const featureItems = [
  { name: 'characters', unit: 'code points', doc: 'Length of the cleaned text.' },
  {
    name: 'words',
    unit: 'words',
    doc: 'Words; in scripts without spaces, as a dictionary cuts them. A web address is one word.',
  },
  {
    name: 'sentences',
    unit: 'sentences',
    doc: 'Sentences by final punctuation of the text’s script, and list items; at least 1 when there are words.',
  },
  { name: 'wordLength', unit: 'code points', doc: 'Mean length of a word, web addresses left out.' },
  { name: 'sentenceLength', unit: 'words', doc: 'Mean number of words in a sentence.' },
  {
    name: 'uniqueWordRatio',
    unit: 'ratio',
    doc: 'Distinct words over words, case-folded (type-token ratio).',
  },
  {
    name: 'rootTypeTokenRatio',
    unit: 'ratio',
    doc: 'Distinct words over the square root of words (Guiraud), comparable across lengths.',
  },
  {
    name: 'onceOnlyRatio',
    unit: 'ratio',
    doc: 'Words that occur once over distinct words (hapax legomena).',
  },
  { name: 'longWords', unit: 'words', doc: 'Words of seven or more code points.' },
  {
    name: 'syllablesPerWord',
    unit: 'syllables',
    doc: 'Mean vowel groups of a Latin word without a silent final e; 0 for texts not in Latin script.',
  },
  {
    name: 'readingEase',
    unit: 'points',
    doc: 'Flesch reading ease (made for English), clipped to 0–100; 0 for texts not in Latin script.',
  },
  {
    name: 'numbers',
    unit: 'numbers',
    doc: 'Runs of digits of any script, marks inside them included: 3.14 is one.',
  },
  { name: 'hasNumbers', unit: 'flag', doc: '1 when there is a number.' },
  { name: 'hasQuotes', unit: 'flag', doc: '1 when there is a quoted passage.' },
  { name: 'questionMarks', unit: 'marks', doc: 'Question marks of any script.' },
  { name: 'exclamationMarks', unit: 'marks', doc: 'Exclamation marks of any script.' },
  {
    name: 'asksForExample',
    unit: 'flag',
    doc: '1 when an example is asked for or given (“for example”, “such as”, “e.g.”).',
  },
  {
    name: 'asksForDetail',
    unit: 'flag',
    doc: '1 when depth is asked for (“in detail”, “step by step”, “explain why”).',
  },
  {
    name: 'asksForFormat',
    unit: 'flag',
    doc: '1 when a form of answer is named (“as a table”, “JSON”, “bullet points”, “in 100 words”).',
  },
  { name: 'listItems', unit: 'lines', doc: 'Lines that begin with a bullet or a number.' },
  { name: 'codeBlocks', unit: 'blocks', doc: 'Fenced code blocks and inline code spans.' },
  { name: 'urls', unit: 'addresses', doc: 'Web addresses.' },
  { name: 'emails', unit: 'addresses', doc: 'E-mail addresses.' },
  { name: 'upperCaseRatio', unit: 'ratio', doc: 'Upper-case letters over letters that have case.' },
  { name: 'emoji', unit: 'emoji', doc: 'Emoji, a joined sequence counted once.' },
  { name: 'mentions', unit: 'mentions', doc: 'Words that begin with @.' },
  { name: 'hashtags', unit: 'tags', doc: 'Words that begin with #.' },
  { name: 'punctuationRatio', unit: 'ratio', doc: 'Punctuation marks over code points.' },
  {
    name: 'longestRepeat',
    unit: 'code points',
    doc: 'Longest run of one repeated character, as in “soooo”.',
  },
  { name: 'lines', unit: 'lines', doc: 'Lines that are not empty.' },
  { name: 'nonLatinRatio', unit: 'ratio', doc: 'Letters outside Latin script over letters.' },
] as const satisfies readonly VectorItem[];

export type FeatureName = (typeof featureItems)[number]['name'];

/** Place of each feature in the vector. */
export const featureAt = Object.fromEntries(
  featureItems.map((item, index) => [item.name, index]),
) as Readonly<Record<FeatureName, number>>;

export const kinds = ['comment', 'prompt'] as const;
export type Kind = (typeof kinds)[number];

/** What every message that was made from a comment or a prompt says about its origin. */
export const origin = {
  messageId: { type: 'text', doc: 'Id of the comment or prompt this was made from.', maxLength: 256 },
  kind: { type: 'label', doc: 'What it was made from.', values: kinds },
} as const;

export const features = topic({
  name: 'features',
  title: 'Features',
  version: 1,
  doc: 'A cleaned text and what was counted in it.',
  key: 'messageId',
  fields: {
    ...envelope,
    ...origin,
    text: {
      type: 'text',
      unit: 'characters',
      doc: 'The text, cleaned: NFC, no control characters, single spaces.',
      stored: false,
      freeText: true,
    },
    values: { type: 'vector', doc: 'Every feature in its place.', items: featureItems },
    stickyKey: {
      type: 'text',
      doc: 'Whoever it came from: a comment’s author, a prompt’s user or session. In an experiment a person stays in one arm.',
      optional: true,
      maxLength: 256,
      freeText: true,
      stored: false,
    },
  },
  recordBytesMax: 2_097_152,
  orderBy: ['tenant', 'kind', 'eventTime', 'messageId'],
  producers: ['features'],
  consumers: ['inference', 'ClickHouse'],
});
export type Features = MessageOf<typeof features>;
