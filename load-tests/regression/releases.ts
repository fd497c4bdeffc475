// The two models as releases of the kind `hashed`.
import type { LoadableModel, ManifestOf } from '../../schemas/model-manifest.ts';
import { bagBuckets, bagBytes, encoderBytes, encoderWords } from './graphs.ts';

const about = {
  kind: 'hashed',
  version: '1.0.0',
  labels: ['bad', 'so-so', 'good'],
  activation: 'softmax',
  activated: true,
  emptyLabel: 'none',
  inputs: { ids: 'ids', mask: { name: 'mask', type: 'float32' } },
  output: 'probs',
  doc: 'Random weights, for measuring.',
  files: {},
  data: [],
  figures: [],
  targets: [],
  limits: ['It knows nothing.'],
  seed: 7,
  parameters: {},
} as const;

const frame = { padId: 0, offset: 0, prefixIds: [], suffixIds: [] };

/** Overhead decides: hashed words and pairs, 16 wide. */
export const bag = (): LoadableModel<'hashed'> => {
  const hashing = { ...frame, bigrams: true, buckets: bagBuckets, idsMax: 128 };
  return release({ ...about, task: 'bag', release: 'bag@1.0.0', hashing }, bagBytes());
};

/** The processor decides: four layers of attention. */
export const encoder = (): LoadableModel<'hashed'> => {
  const hashing = { ...frame, bigrams: false, buckets: encoderWords, idsMax: 128 };
  return release({ ...about, task: 'encoder', release: 'encoder@1.0.0', hashing }, encoderBytes());
};

const release = (manifest: ManifestOf<'hashed'>, bytes: Uint8Array): LoadableModel<'hashed'> => ({
  manifest,
  files: new Map([['model.onnx', bytes]]),
});
