// Reads the fixtures of tests/golden/transformer.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { LoadableModel } from '../../../../schemas/model-manifest.ts';

/** The folder of fixtures; a model’s is below it by its name. */
export const goldenFolder = fileURLToPath(new URL('../../../golden/transformer', import.meta.url));

/** The bytes of a fixture. */
export const goldenBytes = (name: string): Buffer => readFileSync(`${goldenFolder}/${name}`);

/** A JSON fixture. */
export const goldenFile = (name: string): unknown => JSON.parse(goldenBytes(name).toString('utf8'));

/** A gzipped JSON fixture. */
export const golden = (name: string): unknown => JSON.parse(gunzipSync(goldenBytes(name)).toString('utf8'));

/** Inputs of a fixture and what PyTorch answers: logits, or embeddings. */
export interface GoldenModel {
  readonly inputs: readonly (readonly string[])[];
  readonly maxTokens: number;
  readonly outputs: readonly (readonly number[])[];
  /** What onnxruntime.quantization makes of it. */
  readonly int8?: { readonly bytes: number; readonly logits: readonly (readonly number[])[] };
}

const shapes = {
  bert: { labels: ['bad', 'so-so', 'good'], activation: 'softmax', purpose: 'classification', padId: 0 },
  distilbert: {
    labels: ['toxic', 'insult', 'threat', 'identity'],
    activation: 'sigmoid',
    purpose: 'classification',
    padId: 0,
  },
  roberta: {
    labels: ['entailment', 'contradiction'],
    activation: 'softmax',
    purpose: 'cross-encoder',
    padId: 1,
  },
  'xlm-roberta': { labels: ['score'], activation: 'identity', purpose: 'cross-encoder', padId: 1 },
  'deberta-v3': { labels: ['no', 'yes'], activation: 'softmax', purpose: 'classification', padId: 0 },
  embedder: {
    labels: Array.from({ length: 16 }, (_, at) => `d${at}`),
    activation: 'identity',
    purpose: 'embedding',
    padId: 0,
    pooling: 'mean',
    normalize: true,
  },
} as const;

/** A fixture as a release to load, described by hand: the import is tested elsewhere. */
export function loadable(name: keyof typeof shapes): LoadableModel<'transformer'> {
  const files = ['model.onnx', 'tokenizer.json', 'tokenizer_config.json'] as const;
  return {
    manifest: {
      kind: 'transformer',
      task: name,
      version: '1.0.0',
      release: `${name}@1.0.0`,
      doc: 'A fixture with random weights.',
      architecture: name === 'embedder' ? 'bert' : name.replace('deberta-v3', 'deberta-v2'),
      maxTokens: 128,
      output: name === 'embedder' ? 'last_hidden_state' : 'logits',
      precision: 'float32',
      emptyLabel: 'none',
      files: {},
      data: [],
      figures: [],
      targets: [],
      limits: [],
      seed: 0,
      parameters: {},
      ...shapes[name],
    },
    files: new Map(files.map((file) => [file, goldenBytes(`${name}/${file}`)])),
  };
}
