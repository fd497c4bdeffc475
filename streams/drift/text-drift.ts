// Text drift: a sample of the texts of a window, from ClickHouse, against the sketch that the release keeps of the texts
// it was made with.
import { createHash } from 'node:crypto';
import { readTextSample } from '../../connectors/clickhouse/text-samples.ts';
import { isAbsence } from '../../connectors/model-store.ts';
import { compareTexts, sketchVectorsMax } from '../../processors/drift/text/sketch.ts';
import { cleanText } from '../../processors/features/cleaning.ts';
import type { Statistic } from '../../schemas/drift-report.ts';
import type { Kind } from '../../schemas/features.ts';
import { sketchFile, type TextSketch, textSketchSchema } from '../../schemas/text-sketch.ts';
import { modelStoreOf } from '../models.ts';
import type { Stack } from '../stack.ts';

export interface TextWindow {
  /** `task@version`. */
  readonly release: string;
  readonly kind: Kind;
  /** First instant, ms since 1970. */
  readonly from: number;
  /** First instant after the window, ms since 1970. */
  readonly to: number;
  readonly tenant?: string | undefined;
}

/** Texts asked for: some repeat one another, and those count once. */
const sampleMax = 2 * sketchVectorsMax;
/** Sketches kept at hand, by where they lie. Releases never change. */
const sketchesMax = 64;
const sketches = new Map<string, Sketch>();

interface Sketch {
  /** The file: releases of the same reference texts have the same. */
  readonly digest: string;
  readonly sketch: TextSketch;
}

/** What was found last of each sketch: releases with the same one ask about the same window one after the other. */
const latest = new Map<string, { readonly sample: string; readonly found: readonly Statistic[] }>();

/**
 * `vocabulary`/`novelty` and `domain`/`auc` of a window; their p-values are those of each by itself. Empty where the
 * release has no sketch for such messages, or the window too few texts. Throws what the store and ClickHouse throw, but
 * for a release that the store does not have: it has no sketch.
 */
export async function textDrift(
  { clickhouse, configuration }: Pick<Stack, 'clickhouse' | 'configuration'>,
  { release, kind, from, to, tenant }: TextWindow,
): Promise<readonly Statistic[]> {
  const known = await sketchOf(configuration, release, kind);
  if (known === null) return [];
  const texts = await readTextSample(clickhouse, { kind, from, to, tenant, limit: sampleMax });
  const sample = digestOf(texts.map(({ messageId, text }) => `${messageId} ${text}`).join('\n'));
  const before = latest.get(known.digest);
  if (before?.sample === sample) return before.found;
  const found = compareTexts(
    known.sketch,
    texts.map(({ text }) => cleanText(text)),
  );
  if (latest.size >= sketchesMax) latest.clear();
  latest.set(known.digest, { sample, found });
  return found;
}

async function sketchOf(
  configuration: Stack['configuration'],
  release: string,
  kind: Kind,
): Promise<Sketch | null> {
  const store = modelStoreOf(configuration);
  const key = JSON.stringify([store.address, release, kind]);
  const known = sketches.get(key);
  if (known !== undefined) return known;
  const bytes = await readSketch(store, release, kind);
  // Not remembered: it may come.
  if (bytes === null) return null;
  const sketch = { digest: digestOf(bytes), sketch: parsed(bytes) };
  if (sketches.size >= sketchesMax) sketches.clear();
  sketches.set(key, sketch);
  return sketch;
}

const digestOf = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

const parsed = (bytes: Uint8Array): TextSketch =>
  textSketchSchema.parse(JSON.parse(Buffer.from(bytes).toString()));

async function readSketch(
  store: ReturnType<typeof modelStoreOf>,
  release: string,
  kind: Kind,
): Promise<Uint8Array | null> {
  try {
    return (await store.file(release, sketchFile(kind))) ?? (await store.file(release, sketchFile()));
  } catch (error) {
    if (isAbsence(error)) return null;
    throw error;
  }
}
