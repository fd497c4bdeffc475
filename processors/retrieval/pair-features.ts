// What a ranker goes by: features of a question and a candidate answer.

import { type AnswerType, answerTypeOf, answerTypes, focusOf, signsOf } from './answer-type.ts';
import { saturation } from './bm25.ts';
import type { TermTable } from './term-table.ts';
import { isFunctionTerm, termsOf } from './terms.ts';

/** Names of the features, in the order of their values. The order is part of every release. */
export const pairFeatureNames: readonly string[] = [
  'bm25',
  'bm25Share',
  'idfCoverage',
  'idfPrecision',
  'tfIdfCosine',
  'termCoverage',
  'rarestMatched',
  'bigramCoverage',
  'longestRun',
  'proximity',
  'firstMatch',
  'trigramCosine',
  'embeddingCosine',
  'alignment',
  'focusSimilarity',
  'focusMatched',
  'lengthLog',
  'isShort',
  'isQuestion',
  'newTermsShare',
  'numbersNew',
  'capitalsShare',
  'subjectFirst',
  'typeSigns',
  'typeSignsNone',
  ...answerTypes.map((type) => `signs:${type}`),
];

/** A text, read once for all its pairs. Terms are of content; `all` has the function words too. */
interface Read {
  readonly text: string;
  readonly all: readonly string[];
  readonly terms: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  readonly numbers: ReadonlyMap<string, number>;
  readonly idf: ReadonlyMap<string, number>;
  /** Root of the sum of the squared tf-idf values. */
  readonly norm: number;
  readonly embedding: Float64Array;
  readonly trigrams: ReadonlyMap<string, number>;
}

interface Question extends Read {
  readonly type: AnswerType;
  readonly focus: string;
  readonly idfSum: number;
  readonly bigrams: ReadonlySet<string>;
}

/** Terms of a text that are read: what follows adds little, and bounds the work on very long ones. */
const termsMax = 512;

/** Makes pair features by the table of a release. Serving and training read pairs through this same code. */
export class PairFeaturizer {
  readonly #table: TermTable;

  constructor(table: TermTable) {
    this.#table = table;
  }

  /** Features of each pair, row-major. A text that stands in several pairs of the call is read once. */
  featurize(pairs: readonly (readonly [question: string, candidate: string])[]): Float32Array<ArrayBuffer> {
    const questions = new Map<string, Question>();
    const candidates = new Map<string, Read>();
    const size = pairFeatureNames.length;
    const features = new Float32Array(pairs.length * size);
    pairs.forEach(([first, second], pair) => {
      const question = questions.get(first) ?? this.#readQuestion(first);
      const candidate = candidates.get(second) ?? this.#read(second);
      questions.set(first, question);
      candidates.set(second, candidate);
      features.set(this.#compare(question, candidate), pair * size);
    });
    return features;
  }

  #read(text: string): Read {
    const all = termsOf(text).slice(0, termsMax);
    const terms = all.filter((term) => !isFunctionTerm(term));
    const counts = new Map<string, number>();
    for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
    const idf = new Map<string, number>();
    const numbers = new Map<string, number>();
    const embedding = new Float64Array(this.#table.dimensions);
    let square = 0;
    for (const [term, count] of counts) {
      const weight = this.#table.idfOf(term);
      const number = this.#table.numberOf(term);
      idf.set(term, weight);
      numbers.set(term, number);
      square += (count * weight) ** 2;
      this.#table.addTo(embedding, number, weight);
    }
    const trigrams = trigramsOf(terms);
    return { text, all, terms, counts, numbers, idf, norm: Math.sqrt(square), embedding, trigrams };
  }

  #readQuestion(text: string): Question {
    const read = this.#read(text);
    const [focus] = termsOf(focusOf(text));
    return {
      ...read,
      type: answerTypeOf(text),
      focus: focus !== undefined && read.counts.has(focus) ? focus : '',
      idfSum: sum(read.idf.values()),
      bigrams: new Set(bigramsOf(read.all)),
    };
  }

  #compare(question: Question, candidate: Read): number[] {
    const shared = [...question.counts.keys()].filter((term) => candidate.counts.has(term));
    return [
      ...this.#weigh(question, candidate, shared),
      ...place(question, candidate, shared),
      ...this.#relate(question, candidate),
      ...describe(question, candidate),
      ...judgeType(question, candidate),
    ];
  }

  /** From bm25 to rarestMatched. */
  #weigh(question: Question, candidate: Read, shared: readonly string[]): number[] {
    const { averageLength } = this.#table;
    const length = candidate.all.length;
    let [bm25, idf, product, rarest] = [0, 0, 0, 0];
    for (const term of shared) {
      const weight = question.idf.get(term)!;
      const count = candidate.counts.get(term)!;
      bm25 += weight * saturation(count, length, averageLength);
      idf += weight;
      product += weight * weight * count * question.counts.get(term)!;
      rarest = Math.max(rarest, weight);
    }
    const highest = Math.max(1e-9, ...question.idf.values());
    return [
      bm25,
      bm25 / Math.max(1e-9, question.idfSum),
      idf / Math.max(1e-9, question.idfSum),
      idf / Math.max(1e-9, sum(candidate.idf.values())),
      product / Math.max(1e-9, question.norm * candidate.norm),
      shared.length / Math.max(1, question.counts.size),
      rarest / highest,
    ];
  }

  /** From trigramCosine to focusMatched. */
  #relate(question: Question, candidate: Read): number[] {
    const { focus } = question;
    return [
      cosineOfCounts(question.trigrams, candidate.trigrams),
      cosineOf(question.embedding, candidate.embedding),
      this.#align(question, candidate),
      focus === '' ? 0 : this.#nearest(question.numbers.get(focus)!, focus, candidate),
      focus !== '' && candidate.counts.has(focus) ? 1 : 0,
    ];
  }

  /** How near each question term comes to some term of the candidate, weighted by idf. */
  #align(question: Question, candidate: Read): number {
    let total = 0;
    for (const [term, number] of question.numbers) {
      total += question.idf.get(term)! * this.#nearest(number, term, candidate);
    }
    return total / Math.max(1e-9, question.idfSum);
  }

  #nearest(number: number, term: string, candidate: Read): number {
    if (candidate.counts.has(term)) return 1;
    let nearest = 0;
    for (const other of candidate.numbers.values()) {
      nearest = Math.max(nearest, this.#table.similarity(number, other));
    }
    return nearest;
  }
}

/** From bigramCoverage to firstMatch: where the shared terms stand. */
function place(question: Question, candidate: Read, shared: readonly string[]): number[] {
  const held = new Set(bigramsOf(candidate.all));
  let bigrams = 0;
  for (const bigram of question.bigrams) if (held.has(bigram)) bigrams++;
  const places = shared.map((term) => candidate.terms.indexOf(term));
  const span = shared.length < 2 ? 0 : Math.max(...places) - Math.min(...places) + 1;
  const first = shared.length === 0 ? 1 : Math.min(...places) / Math.max(1, candidate.terms.length);
  return [
    bigrams / Math.max(1, question.bigrams.size),
    longestRun(question.terms, candidate.terms) / Math.max(1, question.terms.length),
    span === 0 ? 0 : shared.length / span,
    first,
  ];
}

/** From lengthLog to subjectFirst: what the candidate is like. */
function describe(question: Question, candidate: Read): number[] {
  const isNew = candidate.terms.filter((term) => !question.counts.has(term));
  const capitals = candidate.text.match(/(?<=[\p{Ll},]\s)\p{Lu}/gu)?.length ?? 0;
  const opening = new Set(candidate.terms.slice(0, 4));
  const subject = question.terms.filter((term) => term !== question.focus && opening.has(term)).length;
  return [
    Math.log1p(candidate.all.length),
    candidate.all.length < 5 ? 1 : 0,
    candidate.text.trimEnd().endsWith('?') ? 1 : 0,
    isNew.length / Math.max(1, candidate.terms.length),
    Math.min(3, isNew.filter((term) => /^\d/.test(term) || term === 'num').length),
    capitals / Math.max(1, candidate.all.length),
    subject / Math.max(1, Math.min(4, question.terms.length)),
  ];
}

/** From typeSigns on: whether the candidate has what answers of the question’s type have. */
function judgeType({ type }: Question, { text }: Read): number[] {
  const found = signsOf(type, text);
  const none = type !== 'thing' && found === 0 ? 1 : 0;
  return [found, none, ...answerTypes.map((other) => (other === type ? found : 0))];
}

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

const bigramsOf = (terms: readonly string[]): readonly string[] =>
  terms.slice(1).map((term, at) => `${terms[at]} ${term}`);

function trigramsOf(terms: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) {
    const padded = `<${term}>`;
    for (let at = 0; at + 3 <= padded.length; at++) {
      const trigram = padded.slice(at, at + 3);
      counts.set(trigram, (counts.get(trigram) ?? 0) + 1);
    }
  }
  return counts;
}

function cosineOfCounts(first: ReadonlyMap<string, number>, second: ReadonlyMap<string, number>): number {
  let product = 0;
  for (const [key, count] of first) product += count * (second.get(key) ?? 0);
  const square = (counts: ReadonlyMap<string, number>) =>
    sum([...counts.values()].map((count) => count ** 2));
  return product / Math.max(1e-9, Math.sqrt(square(first) * square(second)));
}

function cosineOf(first: Float64Array, second: Float64Array): number {
  let [product, left, right] = [0, 0, 0];
  for (let d = 0; d < first.length; d++) {
    product += first[d]! * second[d]!;
    left += first[d]! ** 2;
    right += second[d]! ** 2;
  }
  return product / Math.max(1e-9, Math.sqrt(left * right));
}

/** Length of the longest run of terms that stands in both. */
function longestRun(first: readonly string[], second: readonly string[]): number {
  let longest = 0;
  let previous = new Int32Array(second.length + 1);
  for (const term of first) {
    const current = new Int32Array(second.length + 1);
    for (let at = 0; at < second.length; at++) {
      if (second[at] !== term) continue;
      current[at + 1] = previous[at]! + 1;
      longest = Math.max(longest, current[at + 1]!);
    }
    previous = current;
  }
  return longest;
}
