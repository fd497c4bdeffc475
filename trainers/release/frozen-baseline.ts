// The frozen baselines of a release: what it answers on the reference rows and what those look like, counted in bins
// that never move again, and sketches of the rows’ texts.
import { sketchTexts } from '../../processors/drift/text/sketch.ts';
import { createVector } from '../../processors/features/vector.ts';
import { resultOf } from '../../processors/inference/inference.ts';
import { answer, type Model } from '../../processors/inference/model.ts';
import { type Baseline, binOf } from '../../schemas/baseline.ts';
import { featureBins } from '../../schemas/feature-bins.ts';
import { featureItems } from '../../schemas/features.ts';
import { sketchFile } from '../../schemas/text-sketch.ts';
import type { ReferenceTexts } from './reference-texts.ts';

/** The baselines of a release and, by the names of their files, the sketches of its reference texts. */
export interface FrozenBaselines extends ReadonlyArray<Baseline> {
  readonly sketches: ReadonlyMap<string, Uint8Array>;
}

/** Cleaned texts of any kind, or kind by kind. */
type Texts = readonly string[] | readonly ReferenceTexts[];

/** One value for each reference row. */
interface Observed {
  readonly feature: string;
  readonly values: readonly (string | number)[];
  /** Of numbers. */
  readonly edges?: readonly number[];
}

/**
 * Baselines of `model`: leading label, confidence, length in code points, language by the language model, and every
 * feature of the texts, for each kind of message by itself. Edges of confidence and length are the deciles of all these
 * rows, those of features are schemas/feature-bins.ts.
 */
export async function freezeBaselines(
  model: Model,
  languageModel: Model,
  texts: Texts,
): Promise<FrozenBaselines> {
  const groups = groupsOf(texts);
  const results = await resultsOf(model, groups);
  const confidences = results.map(({ confidence }) => confidence);
  return frozen(model.manifest.release, groups, [
    { feature: 'label', values: results.map(({ label }) => label) },
    { feature: 'confidence', values: confidences, edges: decilesOf(confidences, 1e4) },
    ...(await observeTexts(languageModel, groups)),
  ]);
}

/** Baselines of the texts alone, for models whose answers have no leading label: vectors, scores of pairs. */
export async function freezeTextBaselines(
  release: string,
  languageModel: Model,
  texts: Texts,
): Promise<FrozenBaselines> {
  const groups = groupsOf(texts);
  return frozen(release, groups, await observeTexts(languageModel, groups));
}

const groupsOf = (texts: Texts): readonly ReferenceTexts[] =>
  texts.every((text) => typeof text === 'string') ? [{ texts }] : (texts as readonly ReferenceTexts[]);

/** Answers of one model on all texts, as the inference processor gives them. */
async function resultsOf(
  model: Model,
  groups: readonly ReferenceTexts[],
): Promise<readonly ReturnType<typeof resultOf>[]> {
  const { task, release, labels, activation, confidence, emptyLabel } = model.manifest;
  const texts = groups.flatMap((group) => group.texts);
  const probabilities = await answer(model, texts);
  return texts.map((_, row) =>
    resultOf({ task, release, labels, activation, curve: confidence, emptyLabel, probabilities }, row),
  );
}

async function observeTexts(
  languageModel: Model,
  groups: readonly ReferenceTexts[],
): Promise<readonly Observed[]> {
  const languages = await resultsOf(languageModel, groups);
  const texts = groups.flatMap((group) => group.texts);
  const lengths = texts.map((text) => [...text].length);
  const vectors = texts.map(createVector());
  return [
    { feature: 'length', values: lengths, edges: decilesOf(lengths, 1) },
    { feature: 'language', values: languages.map(({ label }) => label) },
    ...featureItems.map(({ name }, index) => ({
      feature: name,
      values: vectors.map((vector) => vector[index]!),
      edges: featureBins[name],
    })),
  ];
}

/** What was observed, counted kind by kind. */
function frozen(
  release: string,
  groups: readonly ReferenceTexts[],
  observed: readonly Observed[],
): FrozenBaselines {
  const baselines: Baseline[] = [];
  const sketches = new Map<string, Uint8Array>();
  let from = 0;
  for (const { messages, texts } of groups) {
    const to = from + texts.length;
    for (const { feature, values, edges } of observed) {
      const what = { release, feature, ...(messages === undefined ? {} : { messages }) };
      baselines.push({ ...what, ...countsOf(values.slice(from, to), edges) });
    }
    sketches.set(sketchFile(messages), Buffer.from(`${JSON.stringify(sketchTexts(texts))}\n`));
    from = to;
  }
  return Object.assign(baselines, { sketches });
}

type Counts = Pick<Baseline, 'kind' | 'edges' | 'bins' | 'counts' | 'samples'>;

const countsOf = (values: Observed['values'], edges: Observed['edges']): Counts =>
  edges === undefined ? categorical(values.map(String)) : numeric(values.map(Number), edges);

function categorical(values: readonly string[]): Counts {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const bins = [...counts.keys()].sort();
  return {
    kind: 'categorical',
    edges: [],
    bins,
    counts: bins.map((bin) => counts.get(bin)!),
    samples: values.length,
  };
}

function numeric(values: readonly number[], edges: readonly number[]): Counts {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) counts[binOf(value, edges)]!++;
  return {
    kind: 'numeric',
    edges,
    bins: counts.map((_, index) => String(index)),
    counts,
    samples: values.length,
  };
}

/** Edges of ten bins of about equal counts, multiples of 1/`resolution`; fewer where many values are equal. */
function decilesOf(values: readonly number[], resolution: number): readonly number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const edges: number[] = [];
  for (let decile = 1; decile < 10; decile++) {
    const value = sorted[Math.floor((decile / 10) * sorted.length)]!;
    // Downwards: an edge at exactly 1 would part confidences by their last bit, which differs between machines.
    const edge = Math.floor(value * resolution) / resolution;
    if (edge > sorted[0]! && (edges.length === 0 || edge > edges.at(-1)!)) edges.push(edge);
  }
  return edges;
}
