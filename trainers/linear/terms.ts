// Texts as rows of hashed TF-IDF: each block (words, characters) scaled to length one by itself, so that the few words
// are not drowned by the many characters.
import { Featurizer } from '../../processors/inference/ngram.ts';
import { TermCounter } from '../../processors/inference/ngram-counts.ts';
import type { FeaturizerOptions } from '../../schemas/model-manifest.ts';
import type { Example } from '../trainer.ts';

/** Row i has the ids [offsets[i], offsets[i+1]), each once, words before and among characters as they appear. */
export interface CountedTexts {
  readonly size: number;
  readonly ids: Int32Array;
  /** 1 + ln(count) of each id. */
  readonly frequencies: Float32Array;
  readonly offsets: Int32Array;
}

/** The buckets a model knows. */
export interface Vocabulary {
  readonly featurizer: FeaturizerOptions;
  /** Slot of each bucket, 1 and up; 0 for buckets that are not known. */
  readonly slots: Int32Array;
  /** Inverse document frequency of each slot in 255ths of the largest; 0 at slot 0. */
  readonly idf: Uint8Array;
}

/** Row i has the features [offsets[i], offsets[i+1]): `indices` are slots - 1. */
export interface TermMatrix {
  readonly size: number;
  readonly features: number;
  readonly indices: Int32Array;
  readonly values: Float32Array;
  readonly offsets: Int32Array;
}

/** Featurizes and counts the texts of examples. */
export function countTexts(
  examples: readonly Pick<Example, 'text'>[],
  options: FeaturizerOptions,
): CountedTexts {
  const featurizer = new Featurizer(options);
  const counter = new TermCounter(options.wordBuckets + options.characterBuckets);
  const offsets = new Int32Array(examples.length + 1);
  let ids = new Int32Array(1 << 20);
  let frequencies = new Float32Array(1 << 20);
  let end = 0;
  examples.forEach(({ text }, row) => {
    if (end + options.idsMax > ids.length) {
      const length = 2 * ids.length + options.idsMax;
      const [moreIds, moreFrequencies] = [new Int32Array(length), new Float32Array(length)];
      moreIds.set(ids);
      moreFrequencies.set(frequencies);
      [ids, frequencies] = [moreIds, moreFrequencies];
    }
    end = counter.count(ids, end, featurizer.featurize(text, ids, end), frequencies);
    offsets[row + 1] = end;
  });
  return {
    size: examples.length,
    ids: ids.slice(0, end),
    frequencies: frequencies.slice(0, end),
    offsets,
  };
}

/**
 * Learns which buckets are known, those in at least `documentsMin` texts, and their smoothed inverse document
 * frequency ln((1 + n) / (1 + df)) + 1. The frequent get the first slots: what is read often lies together.
 */
export function learnVocabulary(
  texts: CountedTexts,
  featurizer: FeaturizerOptions,
  documentsMin: number,
): Vocabulary {
  const frequency = new Int32Array(featurizer.wordBuckets + featurizer.characterBuckets);
  for (const id of texts.ids) frequency[id]!++;
  const known = [...frequency.keys()].filter((id) => frequency[id]! >= documentsMin);
  known.sort((a, b) => frequency[b]! - frequency[a]! || a - b);
  const slots = new Int32Array(frequency.length);
  const idf = new Uint8Array(known.length + 1);
  known.forEach((id, index) => {
    slots[id] = index + 1;
    idf[index + 1] = rarityOf(frequency[id]!, texts.size, documentsMin);
  });
  return { featurizer, slots, idf };
}

/** Inverse document frequency of a bucket that is in `documents` of `texts` texts, in 255ths of the largest. */
export function rarityOf(documents: number, texts: number, documentsMin: number): number {
  const idfOf = (count: number) => Math.log((1 + texts) / (1 + count)) + 1;
  return Math.max(1, Math.round((255 * idfOf(documents)) / idfOf(documentsMin)));
}

/** Rows of TF-IDF over the known buckets. */
export function weighTexts(texts: CountedTexts, { featurizer, slots, idf }: Vocabulary): TermMatrix {
  const indices = new Int32Array(texts.ids.length);
  const values = new Float32Array(texts.ids.length);
  const isWord = new Uint8Array(texts.ids.length);
  const offsets = new Int32Array(texts.size + 1);
  let to = 0;
  for (let row = 0; row < texts.size; row++) {
    const from = to;
    let words = 0;
    let characters = 0;
    for (let at = texts.offsets[row]!; at < texts.offsets[row + 1]!; at++) {
      const slot = slots[texts.ids[at]!]!;
      if (slot === 0) continue;
      const value = texts.frequencies[at]! * idf[slot]!;
      isWord[to] = texts.ids[at]! < featurizer.wordBuckets ? 1 : 0;
      if (isWord[to]) words += value * value;
      else characters += value * value;
      indices[to] = slot - 1;
      values[to++] = value;
    }
    for (let at = from; at < to; at++) values[at]! /= Math.sqrt(isWord[at] ? words : characters);
    offsets[row + 1] = to;
  }
  return {
    size: texts.size,
    features: idf.length - 1,
    indices: indices.slice(0, to),
    values: values.slice(0, to),
    offsets,
  };
}
