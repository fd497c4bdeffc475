// Models of texts: an n-gram model trained and run, a forest run, on comments of the toxicity task.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { graphInputs } from '../../processors/inference/bag-runs.ts';
import { loadForestModel } from '../../processors/inference/forest-model.ts';
import { answer } from '../../processors/inference/model.ts';
import { loadNgramModel } from '../../processors/inference/ngram-model.ts';
import type { FeaturizerOptions, ManifestOf } from '../../schemas/model-manifest.ts';
import { forestTrainer } from '../../trainers/forest/trainer.ts';
import { buildCorpus } from '../../trainers/ngram/corpus.ts';
import { ngramTrainer } from '../../trainers/ngram/trainer.ts';
import { toxicity } from '../../trainers/tasks/toxicity.ts';
import type { Example } from '../../trainers/trainer.ts';
import { measure, type Served, share, writeBytes } from './measurement.ts';

export interface Texts {
  readonly learned: readonly Example[];
  readonly held: readonly Example[];
}

/** Words 1–2 and characters 2–5, as the n-gram trainer reads texts by default. */
export const ngramFeaturizer: FeaturizerOptions = {
  words: 2,
  charactersMin: 2,
  charactersMax: 5,
  leadingWords: 0,
  wordBuckets: 65_536,
  characterBuckets: 131_072,
  idsMax: 2_048,
};

export const ngramOptions = { ...ngramFeaturizer, dimensions: 16, epochs: 5 } as const;

/** N-grams of a text, mean. */
export const featuresPerText = ({ learned }: Texts): number =>
  buildCorpus(learned, toxicity.labels, ngramFeaturizer).ids.length / learned.length;

/** Trains the n-gram model of toxicity at 16 dimensions on some of its texts. */
export async function measureNgrams(folder: string, texts: Texts) {
  const { labels, activation, emptyLabel } = toxicity;
  const { learned, held } = texts;
  const lines = [
    ...learned.map((row) => ({ ...row, held: false })),
    ...held.map((row) => ({ ...row, held: true })),
  ];
  const asLine = ({ text, labels: [label], held: isHeld }: (typeof lines)[number]) =>
    `${JSON.stringify({ text, label, held: isHeld })}\n`;
  writeFileSync(join(folder, 'texts.jsonl'), lines.map(asLine).join(''));
  const data = { labels, activation, train: learned, dev: [] };
  const trained: { files?: ReadonlyMap<string, Uint8Array>; manifest?: ManifestOf<'ngram'> } = {};
  const training = await measure('n-gram training', async () => {
    const { shape, files } = await ngramTrainer.fit(data, ngramTrainer.parameters.parse(ngramOptions), {
      seed: 1,
    });
    Object.assign(trained, { files, manifest: { ...shape, labels, activation, emptyLabel } });
    return () => accuracy(trained as Required<typeof trained>, held);
  });
  const model = await loadNgramModel(trained as Required<typeof trained>);
  const [run] = model.prepare(held.map(({ text }) => text));
  const count = run!.end - run!.start;
  const times = 300;
  writeFileSync(join(folder, 'ngram.onnx'), trained.files!.get('model.onnx')!);
  const { wordBuckets } = trained.manifest!.featurizer;
  const inputs = graphInputs(run!, wordBuckets);
  for (const [name, values] of Object.entries(inputs)) writeBytes(join(folder, `ngram-${name}.bin`), values);
  await model.predict([run!], count);
  const inference = await measure('n-gram inference', async () => {
    let answers = new Float32Array(0);
    for (let time = 0; time < times; time++)
      answers = await model.predict([{ ...run!, start: 0, end: count }], count);
    return answers.reduce((sum, value) => sum + value ** 2, 0);
  });
  await model.close();
  const feed = (name: 'ids' | 'rows' | 'counts', type: string, shape: readonly number[]) => ({
    name,
    file: `ngram-${name}.bin`,
    type,
    shape,
  });
  const served: Served = {
    what: 'n-gram inference',
    model: 'ngram.onnx',
    feeds: [
      feed('ids', 'int32', [inputs.ids.length]),
      feed('rows', 'int64', [inputs.rows.length, 1]),
      feed('counts', 'float32', [inputs.counts.length, 1]),
    ],
    output: 'probabilities',
    times,
    texts: count,
  };
  return { results: [training, inference], served };
}

async function accuracy(
  model: Parameters<typeof loadNgramModel>[0],
  held: readonly Example[],
): Promise<number> {
  const loaded = await loadNgramModel(model);
  const { labels } = loaded.manifest;
  const texts = held.map(({ text }) => text);
  const answers = await answer(loaded, texts);
  await loaded.close();
  return share(held.length, (row) => {
    const probabilities = answers.subarray(row * labels.length, (row + 1) * labels.length);
    return held[row]!.labels.includes(labels[probabilities.indexOf(Math.max(...probabilities))]!);
  });
}

/** A forest on the features of texts, answering all held-out texts at once. */
export async function measureForestInference(folder: string, texts: Texts, trees: number) {
  const { labels, activation, emptyLabel } = toxicity;
  const options = forestTrainer.parameters.parse({ trees, depthMax: 8 });
  const data = { labels, activation, train: texts.learned, dev: [] };
  const { shape, files } = await forestTrainer.fit(data, options, { seed: 1 });
  const manifest = { ...shape, labels, activation, emptyLabel } as unknown as ManifestOf<'forest'>;
  const model = await loadForestModel({ manifest, files });
  const prepared = model.prepare(texts.held.map(({ text }) => text));
  const count = texts.held.length;
  const times = 30;
  writeFileSync(join(folder, 'forest.onnx'), files.get('model.onnx')!);
  writeBytes(join(folder, 'forest.bin'), prepared);
  await model.predict(prepared, count);
  const inference = await measure('forest inference', async () => {
    let answers = new Float32Array(0);
    for (let time = 0; time < times; time++) answers = await model.predict(prepared, count);
    return answers.reduce((sum, value) => sum + value ** 2, 0);
  });
  await model.close();
  const shapeOfFeed = [count, manifest.featureNames.length];
  const feeds = [{ name: 'features', file: 'forest.bin', type: 'float32', shape: shapeOfFeed }];
  const served: Served = {
    what: 'forest inference',
    model: 'forest.onnx',
    feeds,
    output: 'answers',
    times,
    texts: count,
  };
  return { results: [inference], served };
}
