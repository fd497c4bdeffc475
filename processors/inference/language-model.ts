// A language model ready to run: an n-gram network, fast and sure of sentences, and a model of the characters of each
// language, which knows single words and languages with little text and is asked where the first leaves doubt. Their
// logarithms are added; likelihoods of more units are worth less each, since neighbouring units say much the same.
// Lives in one thread.
import type { LoadableModel, ManifestOf } from '../../schemas/model-manifest.ts';
import { BagPooling } from './bag-kernels.ts';
import { runIdsMax } from './bag-runs.ts';
import { CharacterTable, readTries } from './character-table.ts';
import { LanguageScorer } from './language-scores.ts';
import { type Input, type Model, textOf } from './model.ts';
import { ModelTail } from './model-tail.ts';
import { Featurizer } from './ngram.ts';
import { OnnxFile } from './onnx-file.ts';
import { fileOf } from './session.ts';

/** Texts [start, end) of a batch as the network reads them. */
interface PooledRun {
  readonly start: number;
  readonly end: number;
  /** One row a text. Empty where no text of the run has any n-gram. */
  readonly pooled: Float32Array;
}

/** What both models are asked: pooled n-grams, and the texts as they are. */
export interface LanguageBatch {
  readonly runs: readonly PooledRun[];
  readonly texts: readonly string[];
}

/** Loads a language release. Throws where its graph is not the one that its kind has. */
export async function loadLanguageModel(model: LoadableModel<'language'>): Promise<LanguageModel> {
  const { manifest } = model;
  const { order, discount } = manifest.characters;
  const shape = { languages: manifest.labels.length, order, discount };
  const table = new CharacterTable(readTries(fileOf(model, 'characters.bin'), shape), shape);
  const file = new OnnxFile(fileOf(model, 'model.onnx'));
  const pooling = new BagPooling(file, manifest.featurizer);
  const network = await ModelTail.open(file, 'bags', pooling.width);
  return new LanguageModel(manifest, table, pooling, network);
}

export class LanguageModel implements Model<LanguageBatch> {
  readonly manifest: ManifestOf<'language'>;
  readonly preparationKey: string;
  readonly #scorer: LanguageScorer;
  readonly #featurizer: Featurizer;
  readonly #pooling: BagPooling;
  /** Ids of one text, until they are pooled. */
  readonly #ids: Int32Array;
  readonly #network: ModelTail;
  readonly #row: Float64Array;
  readonly #likelihoods: Float64Array;

  constructor(
    manifest: ManifestOf<'language'>,
    table: CharacterTable,
    pooling: BagPooling,
    network: ModelTail,
  ) {
    this.manifest = manifest;
    // Each release pools by a table of its own.
    this.preparationKey = `language ${manifest.release}`;
    this.#scorer = new LanguageScorer(table);
    this.#featurizer = new Featurizer(manifest.featurizer);
    this.#pooling = pooling;
    this.#ids = new Int32Array(manifest.featurizer.idsMax);
    this.#network = network;
    this.#row = new Float64Array(manifest.labels.length);
    this.#likelihoods = new Float64Array(manifest.labels.length);
  }

  prepare(inputs: readonly Input[]): LanguageBatch {
    const texts = inputs.map(textOf);
    const { width } = this.#pooling;
    const runs: PooledRun[] = [];
    let pooled = new Float32Array(texts.length * width);
    let start = 0;
    let ids = 0;
    texts.forEach((text, index) => {
      const count = this.#featurizer.featurize(text, this.#ids, 0);
      this.#pooling.pool(this.#ids, 0, count, pooled, (index - start) * width);
      ids += count;
      if (ids < runIdsMax && index < texts.length - 1) return;
      const end = index + 1;
      runs.push({ start, end, pooled: pooled.subarray(0, ids > 0 ? (end - start) * width : 0) });
      pooled = new Float32Array((texts.length - end) * width);
      start = end;
      ids = 0;
    });
    return { runs, texts };
  }

  /** Probabilities of every language for `count` texts, row-major: nothing but zeros for a text without letters. */
  async predict({ runs, texts }: LanguageBatch, count: number): Promise<Float32Array<ArrayBuffer>> {
    const labels = this.manifest.labels.length;
    const probabilities = new Float32Array(count * labels);
    for (const run of runs) {
      if (run.pooled.length === 0) continue;
      const logits = await this.#network.run(run.pooled, 'logits');
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
    return this.#network.close();
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
