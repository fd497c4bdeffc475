// The data quality report of a set: what is missing, doubled, leaking between splits, out of shape or doubtful.
import { BadRow } from '../../connectors/tabular/row.ts';
import { readTable } from '../../connectors/tabular/table.ts';
import type { Example } from '../trainer.ts';
import { placedRows } from './addition.ts';
import { answerOf, keyOf } from './cleaning.ts';
import { type Distribution, distributionOf } from './distribution.ts';
import { exampleOf } from './examples.ts';
import { type Inspection, inspectRows } from './inspection.ts';
import { NearDuplicates } from './near-duplicates.ts';
import type { DataSet } from './open.ts';
import { splitOf } from './partition.ts';
import { wordCount } from './rows.ts';
import { findSuspicious, type SuspiciousLabels } from './suspicious-labels.ts';

export interface QualityReport {
  readonly set: string;
  readonly hash: string;
  readonly doc: string;
  readonly inspection: Inspection;
  readonly words: Distribution;
  readonly characters: Distribution;
  readonly scores: Distribution | null;
  /** Rows by value of every slice column (languages, where a column says them), the most frequent first. */
  readonly slices: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly near: NearCounts;
  readonly leakage: readonly Leakage[];
  readonly suspicious: SuspiciousLabels | null;
}

interface NearCounts {
  readonly threshold: number;
  /** Rows nearly the same as one before in their split, without those that are the same. */
  readonly rows: number;
  readonly pairs: readonly { readonly text: string; readonly before: string }[];
}

/** Texts of one split that are also in another, by rows of the first. */
export interface Leakage {
  readonly split: string;
  readonly also: string;
  readonly exact: number;
  /** Nearly the same, and not the same. */
  readonly near: number;
  /** Rows that are also there with another answer. */
  readonly otherAnswer: number;
  readonly texts: readonly string[];
}

export interface ReportOptions {
  /** Similarity from which texts are nearly the same. */
  readonly threshold: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** Share of a stage that is done, where it is known. */
  readonly onProgress?: ((stage: 'reading' | 'comparing' | 'judging', done: number) => void) | undefined;
}

const shownMax = 10;

/** An example and where it is. */
interface Placed {
  readonly split: string;
  readonly example: Example;
}

/** Reads the set twice and holds its texts: about 1 KiB a row. */
export async function reportQuality(set: DataSet, options: ReportOptions): Promise<QualityReport> {
  const { manifest, hash } = set;
  const files = (await set.files()).map(({ file, path }) => ({ file, at: path }));
  options.onProgress?.('reading', 0);
  const inspection = await inspectRows(placedRows(files, manifest, new Map()), manifest);
  const placed = await placedExamples(set, options.signal);
  const examples = placed.map(({ example }) => example);
  const { near, leakage } = compare(set.splits, placed, options);
  const suspicious = await findSuspicious(examples, manifest.kind, {
    seed: options.seed,
    signal: options.signal,
    onProgress: (done) => options.onProgress?.('judging', done),
  });
  const scores = examples.flatMap(({ values }) => values?.slice(0, 1) ?? []);
  return {
    set: `${manifest.name}@${manifest.version}`,
    hash,
    doc: manifest.doc,
    inspection,
    words: distributionOf(examples.map(({ text }) => wordCount(text))),
    characters: distributionOf(examples.map(({ text }) => text.length)),
    scores: scores.length === 0 ? null : distributionOf(scores),
    slices: slicesOf(examples),
    near,
    leakage,
    suspicious,
  };
}

async function placedExamples(set: DataSet, signal: AbortSignal | undefined): Promise<readonly Placed[]> {
  const { manifest } = set;
  const { splits } = manifest;
  const placed: Placed[] = [];
  for (const { file, path } of await set.files())
    for await (const { row } of readTable(path, file.format, file.path)) {
      signal?.throwIfAborted();
      const example = row instanceof BadRow ? 'malformed' : exampleOf(row, manifest);
      if (typeof example === 'string') continue;
      const split = splits.by === 'file' ? file.split! : splitOf(example.text, splits.seed, splits.shares);
      placed.push({ split, example });
    }
  return placed;
}

/** Compares every row with those before it in its own split, and with all of the splits before its own. */
function compare(
  splits: readonly string[],
  placed: readonly Placed[],
  { threshold, signal, onProgress }: ReportOptions,
): { readonly near: NearCounts; readonly leakage: readonly Leakage[] } {
  const index = new NearDuplicates(threshold);
  const known = new Map<string, Map<number, string>>();
  const pairs: NearCounts['pairs'][number][] = [];
  const leaks = new Map<string, { exact: number; near: number; otherAnswer: number; texts: string[] }>();
  let nearRows = 0;
  let done = 0;
  // Split by split, so that a leak is counted in rows of the later split: training comes first as a rule.
  for (const [group, split] of splits.entries())
    for (const { example } of placed.filter((row) => row.split === split)) {
      if (done % 1_000 === 0) onProgress?.('comparing', done / placed.length);
      signal?.throwIfAborted();
      done += 1;
      const { text } = example;
      const answers = known.get(keyOf(example)) ?? new Map<number, string>();
      known.set(keyOf(example), answers);
      const matches = index.matches(wholeOf(example));
      const before = matches.find((match) => match.group === group);
      if (before !== undefined && !answers.has(group)) {
        nearRows += 1;
        if (pairs.length < shownMax) pairs.push({ text, before: before.key });
      }
      for (let other = 0; other < group; other++) {
        const answer = answers.get(other);
        const isNear = answer === undefined && matches.some((match) => match.group === other);
        if (answer === undefined && !isNear) continue;
        const leak = leaks.get(`${group} ${other}`) ?? { exact: 0, near: 0, otherAnswer: 0, texts: [] };
        leaks.set(`${group} ${other}`, leak);
        leak[isNear ? 'near' : 'exact'] += 1;
        if (answer !== undefined && answer !== answerOf(example)) leak.otherAnswer += 1;
        if (leak.texts.length < shownMax) leak.texts.push(text);
      }
      if (!answers.has(group)) index.add(wholeOf(example), group);
      answers.set(group, answerOf(example));
    }
  const leakage = [...leaks].map(([key, leak]) => {
    const [group, other] = key.split(' ').map(Number);
    return { split: splits[group!]!, also: splits[other!]!, ...leak };
  });
  return { near: { threshold, rows: nearRows, pairs }, leakage };
}

const wholeOf = ({ text, second }: Example): string => (second === undefined ? text : `${text} ${second}`);

function slicesOf(examples: readonly Example[]): QualityReport['slices'] {
  const columns = new Map<string, Map<string, number>>();
  for (const { slices } of examples)
    for (const [column, value] of Object.entries(slices ?? {})) {
      const counts = columns.get(column) ?? new Map<string, number>();
      columns.set(column, counts.set(value, (counts.get(value) ?? 0) + 1));
    }
  return Object.fromEntries(
    [...columns].map(([column, counts]) => [
      column,
      Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))),
    ]),
  );
}
