// Makes the question-answering files of trainers/data from the collected sets: a row is a question, its candidate
// answers and the places of the right ones. Run with:
// node --import tsx trainers/ranking/prepare.ts <directory of the collected sets>
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { isFunctionTerm, termsOf } from '../../processors/retrieval/terms.ts';
import { type Row, readRows } from '../data-sets/rows.ts';

/** A question with candidates; `relevant` are the places of those that answer it. */
interface Question {
  readonly question: string;
  readonly candidates: readonly string[];
  readonly relevant: readonly number[];
}

const questionCharactersMax = 200;
const answerCharactersMax = 600;
/** A sentence ends at . ! or ? before a capital, a digit or a quote; not after an initial or a short title. */
const sentenceEnd =
  /(?<=[.!?]["'”’)\]]*)(?<!\b(?:[A-Z]|Mr|Mrs|Dr|St|vs|No|Jr|Sr|Prof|etc|c)\.)\s+(?=["'“‘(]?[\p{Lu}\p{N}])|\n+/u;

const sentencesOf = (text: string): readonly string[] =>
  text
    .replace(/\[\d+\]/g, '')
    .split(sentenceEnd)
    .map((sentence) => sentence.replace(/\s+/g, ' ').trim())
    .filter((sentence) => sentence.length > 1);

const contentOf = (text: string): Set<string> =>
  new Set(termsOf(text).filter((term) => !isFunctionTerm(term)));

/** Share of the terms of `wanted` that `sentence` holds. */
function coverage(wanted: ReadonlySet<string>, sentence: string): number {
  const terms = contentOf(sentence);
  let held = 0;
  for (const term of wanted) if (terms.has(term)) held++;
  return held / Math.max(1, wanted.size);
}

/** The sentence that holds the answer, the most like the question where several do; none where none does. */
function withAnswer(question: string, passage: string, answer: string): readonly Question[] {
  const candidates = sentencesOf(passage);
  const holding = candidates.flatMap((sentence, at) => (sentence.includes(answer) ? [at] : []));
  if (holding.length === 0 || candidates.length < 2) return [];
  const asked = contentOf(question);
  const likeness = holding.map((at) => coverage(asked, candidates[at]!));
  const best = holding[likeness.indexOf(Math.max(...likeness))]!;
  // What else holds the answer may be right or not: it teaches nothing sure.
  const kept = candidates.filter((_, at) => at === best || !holding.includes(at));
  return kept.length < 2 ? [] : [{ question, candidates: kept, relevant: [kept.indexOf(candidates[best]!)] }];
}

/** The sentences of a context that say what the written response says; none where no sentence says most of it. */
function withResponse(question: string, context: string, response: string): readonly Question[] {
  const candidates = sentencesOf(context);
  const wanted = contentOf(response);
  if (candidates.length < 2 || candidates.length > 30 || wanted.size === 0) return [];
  const shares = candidates.map((sentence) => coverage(wanted, sentence));
  const best = Math.max(...shares);
  if (best < 0.6) return [];
  return [
    { question, candidates, relevant: shares.flatMap((share, at) => (share >= best - 1e-9 ? [at] : [])) },
  ];
}

async function xquad(source: string, split: (article: number) => boolean): Promise<readonly Question[]> {
  const passages = new Map(
    (await readRows(join(source, 'xquad_retrieval/passages.jsonl.gz'))).map((row) => [
      row.id,
      String(row.text),
    ]),
  );
  const queries = await readRows(join(source, 'xquad_retrieval/queries.jsonl.gz'));
  return queries
    .filter((row) => row.lang === 'en' && split(Number(String(row.rel).split('-')[1])))
    .flatMap((row) => withAnswer(String(row.text), passages.get(row.rel)!, String(row.answer)));
}

const isQuestion = (text: string): boolean => text.length <= questionCharactersMax && /\?\s*$/.test(text);

function dollySentences(row: Row): readonly Question[] {
  const question = String(row.text).trim();
  const isRead = row.label === 'closed_qa' || row.label === 'information_extraction';
  if (!isRead || !isQuestion(question)) return [];
  return withResponse(question, String(row.context), String(row.response));
}

function dollyResponses(row: Row): readonly Question[] {
  const question = String(row.text).trim();
  const response = String(row.response).replace(/\s+/g, ' ').trim().slice(0, answerCharactersMax);
  const isOpen = row.label === 'open_qa' || row.label === 'general_qa';
  if (!isOpen || !isQuestion(question) || String(row.context) !== '' || response.length < 20) return [];
  return [{ question, candidates: [response], relevant: [0] }];
}

function covidAnswer(row: Row): readonly Question[] {
  const answer = String(row.answer).replace(/\s+/g, ' ').trim().slice(0, answerCharactersMax);
  return answer === ''
    ? []
    : [{ question: String(row.question).trim(), candidates: [answer], relevant: [0] }];
}

async function write(name: string, questions: readonly Question[]): Promise<void> {
  const data = join(dirname(dirname(fileURLToPath(import.meta.url))), 'data');
  const path = join(data, `${name}.jsonl.gz`);
  await mkdir(dirname(path), { recursive: true });
  const lines = questions.map((question) => `${JSON.stringify(question)}\n`);
  await writeFile(path, gzipSync(lines.join(''), { level: 9 }));
}

async function prepare(source: string): Promise<void> {
  await write('xquad_sentences/train', await xquad(source, (article) => article % 5 < 3));
  await write('xquad_sentences/dev', await xquad(source, (article) => article % 5 === 3));
  await write('xquad_sentences/test', await xquad(source, (article) => article % 5 === 4));
  for (const split of ['train', 'dev', 'test']) {
    const rows = await readRows(join(source, `dolly15k/${split}.jsonl.gz`));
    await write(`dolly_sentences/${split}`, rows.flatMap(dollySentences));
    await write(`dolly_responses/${split}`, rows.flatMap(dollyResponses));
  }
  const faqs = await readRows(join(source, 'covid_faq/faqs.jsonl.gz'));
  await write('covid_faq/all', faqs.flatMap(covidAnswer));
}

const source = process.argv[2];
if (source === undefined) throw new Error('name the directory of the collected data sets');
await prepare(source);
