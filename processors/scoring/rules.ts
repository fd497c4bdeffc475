// The rules of `rules@1.1.0`, as data: what earns a prompt its points and why. A person who wants to know where a
// score came from reads this table. The points follow half of the rated prompts of trainers/data/prompt-quality (least
// squares, then rounded by hand) and were judged on the other half.
import type { FeatureName } from '../../schemas/features.ts';

export const rulesRelease = 'rules@1.1.0';

/** Measures made of two features. */
export type Measure = FeatureName | 'longWordShare' | 'wordsPerLine';

export interface Rule {
  readonly measure: Measure;
  /** At `from` or before it the rule gives nothing, at `to` or past it all its points, between them its share. */
  readonly from: number;
  readonly to: number;
  /** Points earned, or taken away where negative. */
  readonly points: number;
  /** The rule knows words or marks of Latin script only: it has no say over a text in another one. */
  readonly latinOnly?: boolean;
  readonly why: string;
}

export const subScores = ['clarity', 'specificity', 'structure', 'context'] as const;
export type SubScore = (typeof subScores)[number];

/** Share of each sub-score in the quality. */
export const qualityWeights: Readonly<Record<SubScore, number>> = {
  clarity: 0.2,
  specificity: 0.3,
  structure: 0.1,
  context: 0.4,
};

/** The points that can be earned add up to 100 in every list. Nothing is taken from specificity and context. */
export const qualityRules: Readonly<Record<SubScore, readonly Rule[]>> = {
  clarity: [
    { measure: 'sentences', from: 0, to: 1, points: 26, why: 'Something is said.' },
    { measure: 'words', from: 2, to: 8, points: 15, why: 'A few words leave open what is asked.' },
    { measure: 'rootTypeTokenRatio', from: 1, to: 4, points: 8, why: 'Different words, not one repeated.' },
    { measure: 'questionMarks', from: 0, to: 1, points: 9, why: 'A question says that an answer is wanted.' },
    { measure: 'hasQuotes', from: 0, to: 1, points: 6, why: 'It says which words it means.' },
    {
      measure: 'readingEase',
      from: 0,
      to: 50,
      points: 10,
      latinOnly: true,
      why: 'Plain words, plain request.',
    },
    {
      measure: 'wordLength',
      from: 3,
      to: 5,
      points: 12,
      latinOnly: true,
      why: 'Words of content, not “do it again”.',
    },
    { measure: 'longWords', from: 0, to: 3, points: 6, latinOnly: true, why: 'Terms say what it is about.' },
    {
      measure: 'upperCaseRatio',
      from: 0,
      to: 0.02,
      points: 8,
      latinOnly: true,
      why: 'Written as sentences are.',
    },
    {
      measure: 'sentenceLength',
      from: 30,
      to: 60,
      points: -10,
      latinOnly: true,
      why: 'The request drowns in a long sentence.',
    },
    { measure: 'upperCaseRatio', from: 0.4, to: 0.8, points: -20, why: 'Shouting is hard to read.' },
    { measure: 'longestRepeat', from: 5, to: 12, points: -10, why: 'Repeated characters carry nothing.' },
    { measure: 'exclamationMarks', from: 2, to: 6, points: -10, why: 'Excitement is not a request.' },
    { measure: 'punctuationRatio', from: 0.25, to: 0.5, points: -15, why: 'More marks than words.' },
  ],
  specificity: [
    { measure: 'words', from: 0, to: 1, points: 22, why: 'There is something to go by.' },
    { measure: 'words', from: 2, to: 10, points: 16, why: 'Naming what is wanted takes a few words.' },
    { measure: 'words', from: 8, to: 60, points: 12, why: 'Every further constraint takes words.' },
    { measure: 'longWords', from: 0, to: 4, points: 16, latinOnly: true, why: 'Terms narrow it down.' },
    { measure: 'numbers', from: 0, to: 2, points: 10, why: 'Amounts, dates and limits are numbers.' },
    { measure: 'hasQuotes', from: 0, to: 1, points: 3, why: 'It names exact words.' },
    { measure: 'listItems', from: 0, to: 3, points: 3, why: 'It lists what it wants.' },
    { measure: 'codeBlocks', from: 0, to: 1, points: 5, why: 'It shows the code it is about.' },
    { measure: 'urls', from: 0, to: 1, points: 4, why: 'It points at what it is about.' },
    {
      measure: 'asksForFormat',
      from: 0,
      to: 1,
      points: 5,
      latinOnly: true,
      why: 'It names the form of the answer.',
    },
    { measure: 'asksForDetail', from: 0, to: 1, points: 2, latinOnly: true, why: 'It says how deep to go.' },
    {
      measure: 'asksForExample',
      from: 0,
      to: 1,
      points: 2,
      latinOnly: true,
      why: 'It gives or wants an example.',
    },
  ],
  structure: [
    {
      measure: 'sentences',
      from: 0,
      to: 1,
      points: 48,
      why: 'A short prompt needs no more order than a sentence.',
    },
    {
      measure: 'upperCaseRatio',
      from: 0,
      to: 0.02,
      points: 12,
      latinOnly: true,
      why: 'Sentences begin with a capital.',
    },
    {
      measure: 'readingEase',
      from: 0,
      to: 60,
      points: 12,
      latinOnly: true,
      why: 'Short sentences, short words.',
    },
    {
      measure: 'longWordShare',
      from: 0.05,
      to: 0.35,
      points: 8,
      latinOnly: true,
      why: 'Few words without content.',
    },
    { measure: 'listItems', from: 0, to: 3, points: 8, why: 'Parts are told apart.' },
    { measure: 'punctuationRatio', from: 0, to: 0.01, points: 5, why: 'Marks show where thoughts end.' },
    { measure: 'lines', from: 1, to: 4, points: 4, why: 'Paragraphs hold what belongs together.' },
    { measure: 'questionMarks', from: 0, to: 1, points: 3, why: 'The question is marked as one.' },
    {
      measure: 'sentenceLength',
      from: 25,
      to: 50,
      points: -10,
      latinOnly: true,
      why: 'Sentences run on without an end.',
    },
    { measure: 'words', from: 20, to: 120, points: -8, why: 'The longer, the more order it needs.' },
    { measure: 'wordsPerLine', from: 120, to: 300, points: -20, why: 'A wall of text.' },
  ],
  context: [
    { measure: 'words', from: 0, to: 1, points: 22, why: 'There is something to go by.' },
    {
      measure: 'words',
      from: 4,
      to: 16,
      points: 12,
      why: 'A handful of words leans on what was said before.',
    },
    {
      measure: 'questionMarks',
      from: 0,
      to: 1,
      points: 13,
      why: 'Questions stand alone more often than remarks.',
    },
    {
      measure: 'wordLength',
      from: 3,
      to: 6,
      points: 12,
      latinOnly: true,
      why: 'It names things instead of “it” and “that”.',
    },
    {
      measure: 'longWords',
      from: 0,
      to: 4,
      points: 10,
      latinOnly: true,
      why: 'Terms bring their own background.',
    },
    { measure: 'numbers', from: 0, to: 1, points: 10, why: 'It gives figures.' },
    { measure: 'codeBlocks', from: 0, to: 1, points: 6, why: 'It brings its code.' },
    { measure: 'hasQuotes', from: 0, to: 1, points: 5, why: 'It quotes what it is about.' },
    { measure: 'urls', from: 0, to: 1, points: 5, why: 'It names a source.' },
    { measure: 'rootTypeTokenRatio', from: 2, to: 6, points: 5, why: 'Many different words, many facts.' },
  ],
};

/** How demanding a prompt is: length, variety and difficulty of words, and how much the answer has to satisfy. */
export const complexityRules: readonly Rule[] = [
  { measure: 'words', from: 2, to: 120, points: 30, why: 'There is much to read and to regard.' },
  { measure: 'rootTypeTokenRatio', from: 2, to: 9, points: 20, why: 'Many different things are named.' },
  {
    measure: 'longWordShare',
    from: 0.05,
    to: 0.4,
    points: 15,
    latinOnly: true,
    why: 'Long words are terms.',
  },
  { measure: 'sentences', from: 1, to: 6, points: 10, why: 'Several requests or conditions.' },
  { measure: 'codeBlocks', from: 0, to: 1, points: 5, why: 'Code has to be understood.' },
  { measure: 'listItems', from: 0, to: 4, points: 5, why: 'Every item has to be met.' },
  { measure: 'numbers', from: 0, to: 3, points: 5, why: 'Figures have to come out right.' },
  { measure: 'asksForDetail', from: 0, to: 1, points: 5, latinOnly: true, why: 'Depth is wanted.' },
  { measure: 'asksForFormat', from: 0, to: 1, points: 5, latinOnly: true, why: 'A form has to be kept.' },
];
