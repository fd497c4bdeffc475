// The expander trainer finds the terms that are used alike, and none below its floor.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadModel } from '../../../processors/inference/load-model.ts';
import { Expander, readNeighbours } from '../../../processors/retrieval/expansion.ts';
import type { ManifestOf } from '../../../schemas/model-manifest.ts';
import { createRandom } from '../../../trainers/random.ts';
import { expanderTrainer } from '../../../trainers/ranking/expander-trainer.ts';

const random = createRandom(5);
const draw = (words: readonly string[]) => words[Math.floor(random() * words.length)]!;
const train = Array.from({ length: 400 }, (_, at) => ({
  text:
    at % 2 === 0
      ? `${draw(['cat', 'dog', 'horse'])} ${draw(['eats', 'sleeps'])} ${draw(['grass', 'meadow', 'barn'])}`
      : `${draw(['truck', 'van', 'taxi'])} ${draw(['drives', 'parks'])} ${draw(['road', 'garage', 'street'])}`,
  labels: [],
}));
const fit = async (options = {}) => {
  const parameters = expanderTrainer.parameters.parse({ dimensions: 6, similarityFloor: 0.8, ...options });
  const trained = await expanderTrainer.fit(
    { labels: ['terms'], activation: 'identity', train, dev: [] },
    parameters,
    { seed: 1 },
  );
  return {
    ...trained,
    table: readNeighbours(new TextDecoder().decode(trained.files.get('neighbours.json'))),
  };
};

test('neighbours are of the same kind, nearest first, at or above the floor', async () => {
  const { table, shape } = await fit();
  const neighbours = table.neighbours.cat!;
  assert.ok(neighbours.some(([term]) => term === 'dog' || term === 'hors'));
  assert.ok(!neighbours.some(([term]) => ['truck', 'van', 'taxi', 'road'].includes(term)));
  for (const near of Object.values(table.neighbours)) {
    assert.ok(
      near.every(([, similarity], at) => similarity >= 0.8 && (at === 0 || similarity <= near[at - 1]![1])),
    );
  }
  const expanded = new Expander(table, shape).expand(['cat']);
  assert.ok(expanded.length > 1 && expanded.length <= 1 + shape.termsMax);
});

test('a floor of one leaves queries as they are', async () => {
  const { table, shape } = await fit({ similarityFloor: 1 });
  assert.deepEqual(new Expander(table, shape).expand(['cat']).slice(0, 1), [['cat', 1]]);
  assert.ok(
    Object.values(table.neighbours)
      .flat()
      .every(([, similarity]) => similarity === 1),
  );
});

test('no texts, no expander; and it is no model of the engine', async () => {
  const nothing = { labels: ['terms'], activation: 'identity', train: [], dev: [] } as const;
  await assert.rejects(expanderTrainer.fit(nothing, expanderTrainer.parameters.parse({}), { seed: 1 }), {
    code: 'data-unfit',
  });
  const manifest = { kind: 'expander', release: 'expansion@1.0.0' } as ManifestOf<'expander'>;
  await assert.rejects(loadModel({ manifest, files: new Map() }), /widens search queries/);
});
