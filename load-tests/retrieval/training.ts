// Trains a ranker or an expander in memory and loads it as serving would.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Model } from '../../processors/inference/model.ts';
import { loadRankerModel } from '../../processors/inference/ranker-model.ts';
import { Expander, readNeighbours } from '../../processors/retrieval/expansion.ts';
import type { ManifestOf } from '../../schemas/model-manifest.ts';
import { readRows } from '../../trainers/data-sets/rows.ts';
import { expanderTrainer } from '../../trainers/ranking/expander-trainer.ts';
import { rankerTrainer } from '../../trainers/ranking/trainer.ts';
import type { DataSet, Role } from '../../trainers/task.ts';
import type { Example } from '../../trainers/trainer.ts';

const shippedData = fileURLToPath(new URL('../../trainers/data', import.meta.url));

/** Examples of sets of a role; `collected` is where those lie that do not ship. */
export async function examplesOf(
  sets: readonly DataSet[],
  role: Role,
  collected: string,
): Promise<readonly Example[]> {
  const examples: Example[] = [];
  for (const set of sets.filter((one) => one.role === role)) {
    const rows = await readRows(join(set.shipped ? shippedData : collected, `${set.file}.jsonl.gz`));
    examples.push(...rows.flatMap(set.examples));
  }
  return examples;
}

/** A ranker trained with default parameters, as it is served. */
export async function trainRanker(
  train: readonly Example[],
  dev: readonly Example[],
  seed: number,
): Promise<Model> {
  const { shape, files } = await rankerTrainer.fit(
    { labels: ['score'], activation: 'identity', train, dev },
    rankerTrainer.parameters.parse({}),
    { seed },
  );
  const manifest = {
    ...shape,
    labels: ['score'],
    release: 'ranking@0.0.0',
  } as unknown as ManifestOf<'ranker'>;
  return loadRankerModel({ manifest, files });
}

/** An expander trained with default parameters. */
export async function trainExpander(texts: readonly string[], seed: number): Promise<Expander> {
  const train = texts.map((text) => ({ text, labels: [] }));
  const { shape, files } = await expanderTrainer.fit(
    { labels: ['terms'], activation: 'identity', train, dev: [] },
    expanderTrainer.parameters.parse({}),
    { seed },
  );
  return new Expander(readNeighbours(new TextDecoder().decode(files.get('neighbours.json'))), shape);
}
