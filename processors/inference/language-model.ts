// A language model ready to run: an n-gram network, fast and sure of sentences, and a model of the characters of each
// language, which knows single words and languages with little text and is asked where the first leaves doubt. Their
// logarithms are added; likelihoods of more units are worth less each, since neighbouring units say much the same.
// Lives in one thread.
import { InferenceSession } from 'onnxruntime-node';
import type { LoadableModel, ManifestOf } from '../../schemas/model-manifest.ts';
import type { BagRun } from './bag-runs.ts';
import { CharacterTable, readTries } from './character-table.ts';
import { LanguageScorer } from './language-scores.ts';
import { type Input, type Model, textOf } from './model.ts';
import { NgramModel } from './ngram-model.ts';
import { fileOf, singleThread } from './session.ts';

/** What both models are asked: n-gram ids, and the texts as they are. */
export interface LanguageBatch {
  readonly runs: readonly BagRun[];
  readonly texts: readonly string[];
}

/** Loads a language release. */
export async function loadLanguageModel(model: LoadableModel<'language'>): Promise<LanguageModel> {
  const { manifest } = model;
  const { order, discount } = manifest.characters;
  const shape = { languages: manifest.labels.length, order, discount };
  const table = new CharacterTable(readTries(fileOf(model, 'characters.bin'), shape), shape);
  const session = await InferenceSession.create(fileOf(model, 'model.onnx'), singleThread);
  return new LanguageModel(manifest, table, session);
}

export class LanguageModel implements Model<LanguageBatch> {
  readonly manifest: ManifestOf<'language'>;
  readonly preparationKey: string;
  readonly #scorer: LanguageScorer;
  readonly #ngram: NgramModel;
  readonly #row: Float64Array;
  readonly #likelihoods: Float64Array;

  constructor(manifest: ManifestOf<'language'>, table: CharacterTable, session: InferenceSession) {
    const { characters, mixture, ...shared } = manifest;
    this.manifest = manifest;
    this.preparationKey = `language ${JSON.stringify(manifest.featurizer)}`;
    this.#scorer = new LanguageScorer(table);
    this.#ngram = new NgramModel({ ...shared, kind: 'ngram', temperature: 1 }, session);
    this.#row = new Float64Array(manifest.labels.length);
    this.#likelihoods = new Float64Array(manifest.labels.length);
  }

  prepare(inputs: readonly Input[]): LanguageBatch {
    return { runs: this.#ngram.prepare(inputs), texts: inputs.map(textOf) };
  }

  /** Probabilities of every language for `count` texts, row-major: nothing but zeros for a text without letters. */
  async predict({ runs, texts }: LanguageBatch, count: number): Promise<Float32Array<ArrayBuffer>> {
    const labels = this.manifest.labels.length;
    const probabilities = new Float32Array(count * labels);
    for (const run of runs) {
      if (run.ids.length === 0) continue;
      const logits = await this.#ngram.logits(run);
      for (let text = run.start; text < run.end; text++) {
        const from = (text - run.start) * labels;
        if (this.#decide(texts[text]!, logits.subarray(from, from + labels))) {
          probabilities.set(this.#row, text * labels);
        }
      }
    }
    return probabilities;
  }

  /** Fills the row with the probabilities of a text; false for one without letters. */
  #decide(text: string, logits: Float32Array): boolean {
    const { characters, mixture } = this.manifest;
    if (!this.#scorer.hasWords(text)) return false;
    this.#row.set(logits);
    if (normalize(this.#row) >= characters.askedBelow) return true;
    const likelihoods = this.#likelihoods.fill(0);
    const units = this.#scorer.score(text, characters.wordsMax, likelihoods);
    const weight = mixture.characters / units ** mixture.lengthPower;
    for (let label = 0; label < logits.length; label++) {
      this.#row[label] = weight * likelihoods[label]! + mixture.ngram * logits[label]!;
    }
    normalize(this.#row);
    return true;
  }

  close(): Promise<void> {
    return this.#ngram.close();
  }
}

/** Turns logits into probabilities, in place, and returns the largest. */
function normalize(row: Float64Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of row) if (logit > largest) largest = logit;
  let sum = 0;
  for (let label = 0; label < row.length; label++) {
    row[label] = Math.exp(row[label]! - largest);
    sum += row[label]!;
  }
  for (let label = 0; label < row.length; label++) row[label]! /= sum;
  return 1 / sum;
}
