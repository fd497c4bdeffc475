// Model cards: Hugging Face's format, every figure of the manifest, every kind of model.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type ModelManifest, modelManifestSchema } from '../../../schemas/model-manifest.ts';
import { printCard } from '../../../trainers/release/card.ts';

interface FrontMatter {
  readonly license: string;
  readonly language?: readonly string[];
  readonly datasets: readonly string[];
  readonly 'model-index': readonly [
    {
      readonly name: string;
      readonly results: readonly {
        readonly dataset: { readonly name: string };
        readonly metrics: readonly { readonly type: string; readonly value: number }[];
      }[];
    },
  ];
}

const manifests = readdirSync('models').flatMap((task) =>
  readdirSync(join('models', task), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) =>
      modelManifestSchema.parse(
        JSON.parse(readFileSync(join('models', task, name, 'manifest.json'), 'utf8')),
      ),
    ),
);
const headings = [
  'Model details',
  'Intended use',
  'Training data',
  'Evaluation',
  'What a user with a fine-tuned transformer gets',
  'Limits',
  'How to get started',
  'Reproduce',
];

function readCard(card: string) {
  const [, yaml, body] = /^---\n(.*?)\n---\n\n(.*)$/s.exec(card)!;
  return { head: parse(yaml!) as FrontMatter, body: body! };
}

test('cards of the shipped releases have all sections and say what the manifests say', () => {
  assert.ok(manifests.length >= 5);
  for (const manifest of manifests) {
    const { head, body } = readCard(printCard(manifest, 1_500_000));
    assert.deepEqual(
      [...body.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading),
      headings.filter((heading) => manifest.targets.length > 0 || !heading.startsWith('What')),
      manifest.release,
    );
    const [index] = head['model-index'];
    assert.equal(index.name, manifest.release);
    assert.deepEqual(
      index.results.map(({ dataset }) => dataset.name),
      manifest.figures.map(({ set }) => set),
    );
    manifest.figures.forEach(({ accuracy }, at) => {
      const listed = index.results[at]!.metrics.find(({ type }) => type === 'accuracy');
      if (manifest.activation !== 'identity') assert.equal(listed?.value, accuracy);
    });
    for (const { name, licence } of manifest.data)
      assert.ok(body.includes(name) && body.includes(licence), name);
    for (const limit of manifest.limits) assert.ok(body.includes(limit), limit);
    assert.ok(body.includes(`millrace train ${manifest.task} --seed ${manifest.seed}`));
  }
});

const language = manifests.find(({ task }) => task === 'language')!;
const toxicity = manifests.find(({ task }) => task === 'toxicity')!;
const changed = (change: object, from = toxicity) => ({ ...from, ...change }) as unknown as ModelManifest;

test('languages: those that are told apart, or English where the limits say so', () => {
  assert.ok(readCard(printCard(language, 1)).head.language!.includes('de'));
  assert.deepEqual(readCard(printCard(toxicity, 1)).head.language, ['en']);
  assert.equal(readCard(printCard(changed({ limits: ['none'] }), 1)).head.language, undefined);
});

test('intervals, slices and abstention are printed where the manifest has them', () => {
  const figures = {
    ...toxicity.figures[0]!,
    auc: 0.9,
    intervals: { accuracy: [0.81, 0.89], auc: [0.88, 0.92] },
    answered: { share: 0.7, accuracy: 0.95 },
    slices: [
      { column: 'functionality', value: 'slur|homonym', samples: 20, accuracy: 0.5, interval: [0.3, 0.7] },
    ],
  };
  const { body } = readCard(printCard(changed({ figures: [figures], abstainBelow: 0.6 }), 1));
  for (const part of [
    '[81.0–89.0]',
    '90.0 [88.0–92.0]',
    'Abstains below a confidence of 0.6',
    'answers 70.0 % of the rows',
    '| functionality | slur\\|homonym | 20 | 50.0 [30.0–70.0] |',
  ])
    assert.ok(body.includes(part), part);
});

test('scores have errors instead of accuracies', () => {
  const figures = {
    ...toxicity.figures[0]!,
    perLabel: [],
    mae: 8.25,
    rmse: 11,
    r2: 0.4,
    within5: 0.31,
    within10: 0.62,
    spearman: 0.55,
    intervals: { mae: [8, 8.5] },
  };
  const { head, body } = readCard(
    printCard(changed({ activation: 'identity', labels: ['quality'], figures: [figures] }), 1),
  );
  assert.ok(body.includes('8.25 [8.00–8.50]') && body.includes('| 62.0 |'));
  assert.deepEqual(
    head['model-index'][0].results[0]!.metrics.map(({ type }) => type),
    ['mae', 'rmse', 'r2', 'spearmanr'],
  );
  assert.ok(!/accuracy %/.test(body));
});

test('a kind this file does not know still has a card', () => {
  const { featurizer: _, ...bare } = toxicity as ModelManifest & { readonly featurizer: unknown };
  const { body } = readCard(printCard(changed({ kind: 'oracle' }, bare as unknown as typeof toxicity), 2e6));
  assert.ok(body.includes('- Kind: oracle, softmax, 2.0 MB'));
  assert.ok(
    printCard(changed({ figures: [], data: [], targets: [], limits: [] }), 1).includes(
      'No held-out set was judged.',
    ),
  );
});
