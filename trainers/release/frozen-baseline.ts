// The frozen baselines of a release: what it answers on the reference rows, counted in bins that never move again.
import { resultOf } from '../../processors/inference/inference.ts';
import { answer, type Model } from '../../processors/inference/model.ts';
import { type Baseline, binOf } from '../../schemas/baseline.ts';

/** Answers of one model, as the inference processor gives them. */
async function resultsOf(
  model: Model,
  texts: readonly string[],
): Promise<readonly ReturnType<typeof resultOf>[]> {
  const { task, release, labels, activation, confidence, emptyLabel } = model.manifest;
  const probabilities = await answer(model, texts);
  return texts.map((_, row) =>
    resultOf({ task, release, labels, activation, curve: confidence, emptyLabel, probabilities }, row),
  );
}

/**
 * Baselines of `model` on cleaned texts: leading label, confidence, length in code points, and language by the
 * language model. Numeric bins are the deciles of these very rows.
 */
export async function freezeBaselines(
  model: Model,
  languageModel: Model,
  texts: readonly string[],
): Promise<readonly Baseline[]> {
  const { release } = model.manifest;
  const results = await resultsOf(model, texts);
  return [
    categorical(
      release,
      'label',
      results.map(({ label }) => label),
    ),
    numeric(
      release,
      'confidence',
      results.map(({ confidence }) => confidence),
      1e4,
    ),
    ...(await freezeTextBaselines(release, languageModel, texts)),
  ];
}

/** Baselines of the texts alone, for models whose answers have no leading label: vectors, scores of pairs. */
export async function freezeTextBaselines(
  release: string,
  languageModel: Model,
  texts: readonly string[],
): Promise<readonly Baseline[]> {
  const languages = await resultsOf(languageModel, texts);
  return [
    numeric(
      release,
      'length',
      texts.map((text) => [...text].length),
      1,
    ),
    categorical(
      release,
      'language',
      languages.map(({ label }) => label),
    ),
  ];
}

function categorical(release: string, feature: string, values: readonly string[]): Baseline {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const bins = [...counts.keys()].sort();
  return {
    release,
    feature,
    kind: 'categorical',
    edges: [],
    bins,
    counts: bins.map((bin) => counts.get(bin)!),
    samples: values.length,
  };
}

/** Ten bins of about equal counts; fewer where many values are equal. Edges are multiples of 1/`resolution`. */
function numeric(release: string, feature: string, values: readonly number[], resolution: number): Baseline {
  const sorted = [...values].sort((a, b) => a - b);
  const edges: number[] = [];
  for (let decile = 1; decile < 10; decile++) {
    const value = sorted[Math.floor((decile / 10) * sorted.length)]!;
    // Downwards: an edge at exactly 1 would part confidences by their last bit, which differs between machines.
    const edge = Math.floor(value * resolution) / resolution;
    if (edge > sorted[0]! && (edges.length === 0 || edge > edges.at(-1)!)) edges.push(edge);
  }
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) counts[binOf(value, edges)]!++;
  return {
    release,
    feature,
    kind: 'numeric',
    edges,
    bins: counts.map((_, index) => String(index)),
    counts,
    samples: values.length,
  };
}
