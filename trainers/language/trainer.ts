// The language trainer: an n-gram network learned from sentences and crops of them, the characters of each language
// counted, and both weighed on held-out sentences, pairs and words.
import { z } from 'zod';
import { CharacterTable } from '../../processors/inference/character-table.ts';
import { codeTrie, createTrieContexts } from '../../processors/inference/character-trie.ts';
import { LanguageScorer } from '../../processors/inference/language-scores.ts';
import { loadNgramModel } from '../../processors/inference/ngram-model.ts';
import { BitEncoder } from '../../processors/inference/range-coding.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { ngramTrainer } from '../ngram/trainer.ts';
import { createRandom } from '../random.ts';
import type { Example, Trained, Trainer, TrainingContext, TrainingData } from '../trainer.ts';
import { countCharacters } from './character-counts.ts';
import { cropWord, cropWords } from './crops.ts';
import { fitMixture, type HalfAnswers } from './mixture.ts';

const parameters = z.strictObject({
  words: z.int().min(1).max(3).default(1).describe('longest word n-gram'),
  charactersMin: z.int().min(1).max(8).default(2).describe('shortest character n-gram of the network'),
  charactersMax: z.int().min(1).max(8).default(5).describe('longest character n-gram of the network'),
  wordBuckets: z.int().default(16_384).describe('rows of the table for words, a power of two'),
  characterBuckets: z.int().default(131_072).describe('rows of the table for characters, a power of two'),
  idsMax: z.int().min(64).max(65_536).default(1_024).describe('n-grams of a text that the network reads'),
  dimensions: z.int().min(2).max(512).default(16).describe('embedding size'),
  epochs: z.int().min(1).max(200).default(4).describe('passes of the network over the data'),
  learningRate: z.number().positive().default(0.1).describe('first learning rate of the network'),
  shards: z
    .int()
    .min(1)
    .max(16)
    .default(1)
    .describe('copies of the network trained side by side and averaged'),
  balancePower: z
    .number()
    .min(0)
    .max(1)
    .default(0.35)
    .describe('n rows of a language, where the largest has N, are drawn N(n/N)^power times'),
  order: z.int().min(1).max(8).default(6).describe('units of the longest n-gram of the character models'),
  discount: z.number().gt(0).lt(1).default(0.9).describe('what shorter n-grams get of each count'),
  countMin: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .describe('occurrences below which an n-gram of four units or more is left out'),
  wordsMax: z.int().min(1).max(1_000).default(16).describe('words of a text that the character models read'),
  askedBelow: z
    .number()
    .min(0)
    .max(1)
    .default(0.999)
    .describe(
      'confidence of the network from which the character models are not asked: speed for long texts',
    ),
});
export type LanguageParameters = z.infer<typeof parameters>;

export const languageTrainer: Trainer<'language', LanguageParameters> = {
  kind: 'language',
  doc: 'an n-gram network and character models of each language, weighed against each other: tells languages apart',
  parameters,
  async fit(data, options, context) {
    checkData(data, context);
    const ngram = await fitNetwork(data, options, context);
    const characters = packCharacters(data, options);
    const shape = { languages: data.labels.length, order: options.order, discount: options.discount };
    context.signal?.throwIfAborted();
    const scorer = new LanguageScorer(new CharacterTable(characters.tries, shape));
    const answers = await answersOf(data, ngram, scorer, options, context);
    const { order, discount, wordsMax, askedBelow } = options;
    return {
      shape: {
        kind: 'language',
        featurizer: ngram.shape.featurizer,
        characters: { order, discount, wordsMax, askedBelow },
        mixture: fitMixture(answers),
      },
      files: new Map([...ngram.files, ['characters.bin', characters.bytes]]),
    };
  },
};

function checkData({ activation, dev, train, labels }: TrainingData, { parent }: TrainingContext): void {
  const refuse = (message: string, fix: string) => {
    throw new Misconfigured(`the language trainer ${message}`, { code: 'unfit-training-data', fix });
  };
  if (activation !== 'softmax') refuse('tells one language a text', 'Give the task the activation softmax.');
  if (parent !== undefined) refuse('cannot go on from an earlier release', 'Leave the parent away.');
  if (dev.length === 0)
    refuse('needs held-out rows to weigh its halves', 'Set the calibration share of the task above 0.');
  const known = new Set(train.flatMap((example) => example.labels));
  const missing = labels.filter((label) => !known.has(label));
  if (missing.length > 0)
    refuse(`has no text in ${missing.join(', ')}`, 'Leave such labels out of the task, or add text.');
}

function fitNetwork(
  data: TrainingData,
  options: LanguageParameters,
  context: TrainingContext,
): Promise<Trained<'ngram'>> {
  const { balancePower, order, discount, countMin, wordsMax, askedBelow, ...network } = options;
  const train = drawExamples(data.train, balancePower, createRandom(context.seed));
  return ngramTrainer.fit(
    { ...data, train },
    ngramTrainer.parameters.parse({ ...network, dropout: 0 }),
    context,
  );
}

/** Rows as often as the balance says, each with a word, one or two words, and two or three words of it. */
function drawExamples(train: readonly Example[], power: number, random: () => number): readonly Example[] {
  const counts = new Map<string, number>();
  for (const { labels } of train) counts.set(labels[0]!, (counts.get(labels[0]!) ?? 0) + 1);
  const largest = Math.max(...counts.values());
  return train.flatMap((example) => {
    const wanted = (counts.get(example.labels[0]!)! / largest) ** (power - 1);
    const times = Math.floor(wanted) + (random() < wanted % 1 ? 1 : 0);
    return Array.from({ length: times }, () => [example, ...cropsOf(example, random)]).flat();
  });
}

function cropsOf(example: Example, random: () => number): readonly Example[] {
  const lengths = [1, 1 + Math.floor(random() * 2), 2 + Math.floor(random() * 2)];
  const texts = lengths.map((length) => cropWords(example.text, length, random));
  return texts.flatMap((text) => (text === undefined || text === example.text ? [] : [{ ...example, text }]));
}

/** Counts the characters of every language and packs them into one file. */
function packCharacters({ labels, train }: TrainingData, { order, countMin }: LanguageParameters) {
  const texts = new Map<string, string[]>(labels.map((label) => [label, []]));
  for (const example of train) texts.get(example.labels[0]!)!.push(example.text);
  const encoder = new BitEncoder();
  const contexts = createTrieContexts();
  const tries = labels.map((label) =>
    codeTrie(encoder, contexts, order, countCharacters(texts.get(label)!, { order, countMin })),
  );
  return { tries, bytes: encoder.finish() };
}

/** Both halves on the held-out sentences, a pair and a word of each; every language weighs the same. */
async function answersOf(
  { labels, dev }: TrainingData,
  { shape, files }: Trained<'ngram'>,
  scorer: LanguageScorer,
  { wordsMax }: LanguageParameters,
  { seed }: TrainingContext,
): Promise<HalfAnswers> {
  const examples = heldOut(dev, createRandom(seed + 1));
  const texts = examples.map(({ text }) => text);
  const likelihoods = new Float64Array(texts.length * labels.length);
  const units = Int32Array.from(texts, (text, row) =>
    scorer.score(text, wordsMax, likelihoods.subarray(row * labels.length, (row + 1) * labels.length)),
  );
  const logits = new Float32Array(likelihoods.length);
  const model = await loadNgramModel({ manifest: manifestOf(shape, labels), files });
  for (const run of model.prepare(texts)) {
    if (run.ids.length > 0) logits.set(await model.logits(run), run.start * labels.length);
  }
  await model.close();
  const truth = Int32Array.from(examples, (example) => labels.indexOf(example.labels[0]!));
  const counts = new Float64Array(labels.length);
  for (const label of truth) counts[label]!++;
  return {
    labels: labels.length,
    truth,
    weights: Float64Array.from(truth, (label) => 1 / counts[label]!),
    likelihoods,
    units,
    logits,
  };
}

function heldOut(dev: readonly Example[], random: () => number): readonly Example[] {
  return dev.flatMap((example) => {
    const texts = [example.text, cropWords(example.text, 2, random), cropWord(example.text, random)];
    return texts.flatMap((text) => (text === undefined ? [] : [{ ...example, text }]));
  });
}

/** As much of a manifest as running the network takes. */
const manifestOf = (shape: Trained<'ngram'>['shape'], labels: readonly string[]) => ({
  ...shape,
  task: 'language',
  version: '0.0.0',
  release: 'language@0.0.0',
  doc: 'The network of a language model.',
  labels,
  activation: 'softmax' as const,
  emptyLabel: 'und',
  files: {},
  data: [],
  figures: [],
  targets: [],
  limits: [],
  seed: 0,
  parameters: {},
});
