// What the loop is played with: labelled texts in the order of time. The tweets of 2011–2016 where they are (they may be
// used and not passed on); in a clone a stand-in from what ships: reviews first, then people talking on Reddit.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { createRandom } from '../../trainers/random.ts';
import { groups } from '../../trainers/tasks/goemotions.ts';

export interface LabelledText {
  readonly id: string;
  readonly text: string;
  readonly label: string;
  /** When it was written, for people: a month, or a part of the stand-in. */
  readonly when: string;
}

export interface Material {
  readonly name: MaterialName;
  readonly doc: string;
  /** The first champion learns from these. */
  readonly past: readonly LabelledText[];
  /** Played in this order. */
  readonly stream: readonly LabelledText[];
}

export type MaterialName = 'tweets' | 'reviews';

const tweetsFile = new URL(
  '../../../shared/data/streams/semeval_twitter_2011_2017/stream.jsonl.gz',
  import.meta.url,
);
const dataFile = (path: string): URL => new URL(`../../trainers/data/${path}.jsonl.gz`, import.meta.url);

/** What can be played here, the best first. */
export const materialsHere = (): readonly MaterialName[] =>
  existsSync(fileURLToPath(tweetsFile)) ? ['tweets', 'reviews'] : ['reviews'];

export const materialOf = (name: MaterialName): Material => (name === 'tweets' ? tweets() : reviews());

/** The champion knows 2011 to October 2012; the stream begins in November 2012. */
function tweets(): Material {
  const rows = readRows<{ id: string; ts: string; text: string; label: string }>(tweetsFile)
    .map(({ id, ts, text, label }) => ({ id: `tweet-${id}`, text, label, when: ts.slice(0, 7), ts }))
    .sort((a, b) => (a.ts < b.ts ? -1 : 1));
  return {
    name: 'tweets',
    doc: 'Tweets of SemEval 2013–2017 with three sentiments, at the times at which they were written',
    past: rows.filter(({ when }) => when < '2012-11'),
    stream: rows.filter(({ when }) => when >= '2012-11'),
  };
}

/** Half of the reviews make the champion; the stream goes on with the other half, then come comments on Reddit. */
function reviews(): Material {
  const sentences = readRows<{ text: string; label: string }>(
    dataFile('sentiment_labelled_sentences_uci/all'),
  );
  const passages = readRows<{ text: string; label: string }>(dataFile('movie_reviews/passages'));
  const all = shuffled([
    ...sentences.map(({ text, label }) => ({ text, label })),
    ...shuffled(passages, 2)
      .slice(0, 9_000)
      .map(({ text, label }) => ({ text, label: label === 'neg' ? 'negative' : 'positive' })),
  ]);
  const comments = shuffled(
    readRows<{ text: string; labels: readonly string[] }>(dataFile('goemotions/train')).flatMap((row) => {
      const label = polarityOf(row.labels);
      return label === null ? [] : [{ text: row.text, label }];
    }),
  );
  const named = (rows: readonly { text: string; label: string }[], what: string, when: string) =>
    rows.map((row, at) => ({ ...row, id: `${what}-${at}`, when }));
  return {
    name: 'reviews',
    doc: 'A stand-in from what ships: sentences of reviews, then comments on Reddit, both positive or negative',
    past: named(all.slice(0, 6_000), 'past', 'reviews'),
    stream: [
      ...named(all.slice(6_000, 10_500), 'review', 'reviews'),
      ...named(comments, 'comment', 'Reddit'),
    ],
  };
}

function polarityOf(emotions: readonly string[]): string | null {
  for (const label of ['negative', 'positive'] as const)
    if (emotions.every((emotion) => groups[label].includes(emotion))) return label;
  return null;
}

const readRows = <Row>(file: URL): readonly Row[] =>
  gunzipSync(readFileSync(file))
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

/** The same order on every machine. */
function shuffled<Item>(items: readonly Item[], seed = 1): Item[] {
  const random = createRandom(seed);
  const out = [...items];
  for (let last = out.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [out[last], out[other]] = [out[other]!, out[last]!];
  }
  return out;
}
