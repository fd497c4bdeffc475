// Ranking given candidates: the ranker beside BM25 and TF-IDF on answer-selection sets.
import { answer, type Input, type Model } from '../../processors/inference/model.ts';
import { asQuery, Bm25Index, inverseFrequency, type WeightedTerm } from '../../processors/retrieval/bm25.ts';
import type { Expander } from '../../processors/retrieval/expansion.ts';
import { termsOf } from '../../processors/retrieval/terms.ts';
import { measureRanking, rankedGains } from '../../trainers/ranking/judgement.ts';
import { isDecidable, type Question, questionsOf } from '../../trainers/ranking/questions.ts';
import { publicPairs, rankingSets } from '../../trainers/ranking/sources.ts';
import { type Line, linesOf, type Measured } from './line.ts';
import { examplesOf, trainRanker } from './training.ts';

type Score = (question: Question) => Promise<ArrayLike<number>> | ArrayLike<number>;

/** Lines for every set, with the shipped ranker and, where a set has training rows, one trained on those. */
export async function judgePairs(
  data: string,
  ranker: Model,
  expander: Expander,
  seed: number,
): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const set of rankingSets.filter(({ role }) => role === 'test')) {
    const questions = questionsOf(await examplesOf([set], 'test', data)).filter(isDecidable);
    const methods: [string, Score][] = [
      ...lexical(questions, expander),
      ['ranker', (question) => scoresOf(ranker, question)],
    ];
    const name = set.file.split('/')[0]!;
    const own = name === 'wikiqa' || name === 'trecqa_wang' ? await trainOn(name, data, seed) : null;
    if (own !== null) methods.push(['ranker of its own rows (not shipped)', (q) => scoresOf(own, q)]);
    lines.push(...(await linesOf(set.file, await measure(questions, methods), seed)));
    await own?.close();
  }
  return lines;
}

async function trainOn(file: 'wikiqa' | 'trecqa_wang', data: string, seed: number): Promise<Model> {
  const read = (split: 'train' | 'dev') => examplesOf([publicPairs(file, split)], 'test', data);
  return trainRanker(await read('train'), await read('dev'), seed);
}

async function measure(
  questions: readonly Question[],
  methods: readonly [string, Score][],
): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const [method, score] of methods) {
    const measures = [];
    for (const question of questions) {
      measures.push(measureRanking(rankedGains(await score(question), question.relevant)));
    }
    measured.push([method, measures]);
  }
  return measured;
}

const scoresOf = (model: Model, { text, candidates }: Question): Promise<Float32Array> =>
  answer(
    model,
    candidates.map((candidate): Input => [text, candidate]),
  );

/** BM25, TF-IDF and BM25 with expansion; rarity is counted over all candidates of the set, which serving could too. */
function lexical(questions: readonly Question[], expander: Expander): [string, Score][] {
  const pool = [...new Set(questions.flatMap(({ candidates }) => candidates))];
  const places = new Map(pool.map((text, at) => [text, at]));
  const index = new Bm25Index(pool.map(termsOf));
  const search = ({ candidates }: Question, query: readonly WeightedTerm[]) => {
    const scores = new Map(index.search(query, pool.length).map(({ passage, score }) => [passage, score]));
    return candidates.map((candidate) => scores.get(places.get(candidate)!) ?? 0);
  };
  return [
    ['BM25', (question) => search(question, asQuery(termsOf(question.text)))],
    ['TF-IDF cosine', (question) => cosines(index, pool.length, question)],
    ['BM25, expanded', (question) => search(question, expander.expand(termsOf(question.text)))],
  ];
}

function cosines(index: Bm25Index, passages: number, { text, candidates }: Question): readonly number[] {
  const vectorOf = (of: string) => {
    const weights = new Map<string, number>();
    for (const term of termsOf(of)) {
      weights.set(term, (weights.get(term) ?? 0) + inverseFrequency(passages, index.frequencyOf(term)));
    }
    return weights;
  };
  const norm = (weights: ReadonlyMap<string, number>) => Math.hypot(...weights.values());
  const query = vectorOf(text);
  return candidates.map((candidate) => {
    const weights = vectorOf(candidate);
    let product = 0;
    for (const [term, weight] of query) product += weight * (weights.get(term) ?? 0);
    return product / Math.max(1e-9, norm(query) * norm(weights));
  });
}
