// The options of trainers that read texts by hashed n-grams: what the featurizer is told.
import { z } from 'zod';
import type { FeaturizerOptions } from '../../schemas/model-manifest.ts';

const bucketsMax = 1_048_576;

/** A number of buckets. */
const buckets = (standard: number) =>
  z
    .int()
    .min(2)
    .max(bucketsMax)
    .refine((value) => (value & (value - 1)) === 0, 'not a power of two')
    .default(standard);

/** Options by name, for a trainer's own schema; the trainers differ in how many buckets they have by default. */
export const featurizerParameters = (standard: { readonly words: number; readonly characters: number }) => ({
  words: z.int().min(1).max(3).default(2).describe('longest word n-gram'),
  charactersMin: z.int().min(1).max(8).default(2).describe('shortest character n-gram'),
  charactersMax: z.int().min(1).max(8).default(5).describe('longest character n-gram'),
  leadingWords: z.int().min(0).max(32).default(0).describe('first words that also count as such'),
  wordBuckets: buckets(standard.words).describe('buckets for words, a power of two'),
  characterBuckets: buckets(standard.characters).describe('buckets for characters, a power of two'),
  idsMax: z.int().min(64).max(65_536).default(2_048).describe('n-grams of a text that are read'),
  flags: z.boolean().default(false).describe('marks of the whole text: length, lines, question, code, maths'),
  repairs: z.boolean().default(false).describe('disguised words (b@d, baaad, b a d) also as what was meant'),
  identities: z.boolean().default(false).describe('English names of groups of people as one word'),
  negations: z.boolean().default(false).describe('words after a negation also as negated'),
});

/** The featurizer that the options describe. Marks that are off are left out: manifests stay as they were without. */
export function featurizerFrom(
  options: Required<{
    readonly [Name in keyof FeaturizerOptions]: Exclude<FeaturizerOptions[Name], undefined>;
  }>,
): FeaturizerOptions {
  const { words, charactersMin, charactersMax, leadingWords, wordBuckets, characterBuckets, idsMax } =
    options;
  const { flags, repairs, identities, negations } = options;
  return {
    words,
    charactersMin,
    charactersMax,
    leadingWords,
    wordBuckets,
    characterBuckets,
    idsMax,
    ...(flags ? { flags } : {}),
    ...(repairs ? { repairs } : {}),
    ...(identities ? { identities } : {}),
    ...(negations ? { negations } : {}),
  };
}
