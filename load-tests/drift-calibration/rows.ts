// Texts as drift sees them: each a bin in every feature of the sentiment release’s frozen baseline.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { cleanText } from '../../processors/features/cleaning.ts';
import { createVector } from '../../processors/features/vector.ts';
import type { Engine } from '../../processors/inference/engine.ts';
import { resultOf } from '../../processors/inference/inference.ts';
import { type Baseline, binOf } from '../../schemas/baseline.ts';
import { featureItems } from '../../schemas/features.ts';

/** What one message says of itself: label, confidence, length, language, and the features of its text. */
export type Row = Readonly<Record<string, string | number>>;

/** A message as the places of its bins, one for each feature. */
export type Binned = readonly number[];

/** A feature of the release: bins in the order of the baseline’s, values that it lacks after them. */
export interface Feature {
  readonly name: string;
  readonly kind: Baseline['kind'];
  readonly edges: readonly number[];
  readonly bins: string[];
}

const root = join(import.meta.dirname, '../..');
export const task = 'sentiment';
const chunkTexts = 512;

/** Rows of a `.jsonl.gz` file, by its path or its path in this repository. */
export const readLines = (path: string): readonly Readonly<Record<string, string>>[] =>
  gunzipSync(readFileSync(path.startsWith('/') ? path : join(root, path)))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, string>>);

/** Asks the shipped models about texts, as the streams do: cleaned, both tasks at once. */
export async function answerTexts(engine: Engine, texts: readonly string[]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const vectorOf = createVector();
  for (let start = 0; start < texts.length; start += chunkTexts) {
    const chunk = texts
      .slice(start, start + chunkTexts)
      .map(cleanText)
      .filter((text) => text !== '');
    const [sentiment, language] = await engine.predict([task, 'language'], chunk);
    for (const [place, text] of chunk.entries()) {
      const { label, confidence } = resultOf(sentiment!, place);
      const vector = vectorOf(text);
      rows.push({
        ...{ label, confidence, length: [...text].length, language: resultOf(language!, place).label },
        ...Object.fromEntries(featureItems.map(({ name }, index) => [name, vector[index]!])),
      });
    }
  }
  return rows;
}

/** The frozen baselines of the release that ships. */
export function shippedFeatures(release: string): readonly Feature[] {
  const path = join(root, 'models', release.replace('@', '/'), 'baseline.json');
  const baselines = JSON.parse(readFileSync(path, 'utf8')) as readonly Baseline[];
  return baselines.map(({ feature, kind, edges, bins }) => ({
    ...{ name: feature, kind, edges, bins: [...bins] },
  }));
}

/** Places of a row’s bins; a value that no bin has gets one. */
export const binned = (row: Row, features: readonly Feature[]): Binned =>
  features.map(({ name, kind, edges, bins }) => {
    const value = row[name];
    if (kind === 'numeric') return binOf(value as number, edges);
    const place = bins.indexOf(value as string);
    return place >= 0 ? place : bins.push(value as string) - 1;
  });

/** Counts of messages, feature by feature. */
export function countsOf(rows: Iterable<Binned>, features: readonly Feature[]): readonly number[][] {
  const counts = features.map(({ bins }) => new Array<number>(bins.length).fill(0));
  for (const row of rows) for (const [feature, bin] of row.entries()) counts[feature]![bin]!++;
  return counts;
}

/** Features of a release that was trained on these very rows: decile edges for what it answers and for the length. */
export function featuresOfRows(rows: readonly Row[], like: readonly Feature[]): readonly Feature[] {
  return like.map(({ name, kind, edges: given }) => {
    if (kind === 'categorical') {
      const bins = [...new Set(rows.map((row) => String(row[name])))].sort();
      return { name, kind, edges: [], bins };
    }
    if (name !== 'confidence' && name !== 'length') {
      return { name, kind, edges: given, bins: [...given, 0].map((_, bin) => String(bin)) };
    }
    const sorted = rows.map((row) => row[name] as number).sort((a, b) => a - b);
    const deciles = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(
      (tenth) => sorted[Math.floor((tenth / 10) * sorted.length)]!,
    );
    const edges = [...new Set(deciles)].filter((edge) => edge > sorted[0]!);
    return { name, kind, edges, bins: [...edges, 0].map((_, bin) => String(bin)) };
  });
}
