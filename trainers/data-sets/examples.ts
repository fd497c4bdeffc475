// Rows to examples, as the manifest says: columns, label map, clipping, short texts left out.
import { cleanText } from '../../processors/features/cleaning.ts';
import type { Example } from '../trainer.ts';
import type { SetManifest } from './manifest.ts';
import { type Row, wordCount } from './rows.ts';

/** Why a row gives no example. */
export type Omission = 'missing' | 'unmapped' | 'short';

/** The example a row gives, its text cleaned as serving cleans it, or why it gives none. */
export function exampleOf(row: Row, manifest: SetManifest): Example | Omission {
  const { columns, cleaning } = manifest;
  const text = textIn(row, columns.text);
  if (text === null) return 'missing';
  const given = answersOf(row, manifest);
  if (typeof given === 'string') return given;
  if (wordCount(text) < (cleaning?.wordsMin ?? 0)) return 'short';
  const slices = slicesOf(row, columns.slices ?? []);
  if (manifest.kind !== 'pairs') return { text, ...given, ...slices };
  const second = textIn(row, columns.second!);
  return second === null ? 'missing' : { text, second, ...given, ...slices };
}

function textIn(row: Row, column: string): string | null {
  const value = row[column];
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const text = cleanText(String(value));
  return text === '' ? null : text;
}

function answersOf(row: Row, manifest: SetManifest): Pick<Example, 'labels' | 'values'> | Omission {
  const { kind, columns } = manifest;
  if (kind === 'unlabelled') return { labels: [] };
  if (columns.score !== undefined && kind !== 'classification' && kind !== 'multi-label') {
    const score = scoreOf(row, manifest);
    return score === null ? 'missing' : { labels: [], values: [score] };
  }
  const given = givenLabels(row, manifest);
  if (given === null) return 'missing';
  const labels = mappedLabels(given, manifest.labelMap);
  // In multi-label sets a row may say that no label holds; one that the map has emptied says nothing.
  return labels.length === 0 && given.length > 0 ? 'unmapped' : { labels };
}

/** A row’s score, clipped where the manifest says so; null where there is none. */
function scoreOf(row: Row, { columns, cleaning }: SetManifest): number | null {
  const value = row[columns.score!];
  const score =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && value.trim() !== ''
        ? Number(value)
        : Number.NaN;
  if (!Number.isFinite(score)) return null;
  return cleaning?.clipScores ? Math.min(100, Math.max(0, score)) : score;
}

/** A row’s labels before the map; null where it has no column for them. */
const givenLabels = (row: Row, { kind, columns }: SetManifest): readonly string[] | null =>
  kind === 'multi-label' ? listOf(row[columns.labels!]) : nameOf(row[columns.label!]);

function mappedLabels(given: readonly string[], map: SetManifest['labelMap']): readonly string[] {
  if (map === undefined) return given;
  const mapped = given.flatMap((label) => {
    const to = Object.hasOwn(map, label) ? map[label] : label;
    return to == null ? [] : [to];
  });
  return [...new Set(mapped)];
}

const nameOf = (value: unknown): readonly string[] | null =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' || typeof value === 'boolean'
    ? [String(value)]
    : null;

function listOf(value: unknown): readonly string[] | null {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' ? value.split('|').filter((label) => label !== '') : null;
}

function slicesOf(row: Row, columns: readonly string[]): Pick<Example, 'slices'> {
  const slices = columns.flatMap((column) => (row[column] == null ? [] : [[column, String(row[column])]]));
  return slices.length === 0 ? {} : { slices: Object.fromEntries(slices) as Record<string, string> };
}
