// Reads the network of a released n-gram model back: to train it on, and to make it smaller.
import type { LoadableModel } from '../../schemas/model-manifest.ts';
import { floatsOf, readInitializers, smallIntegersOf } from '../optimisation/initializers.ts';
import { slotsFrom } from '../optimisation/slots.ts';
import { mismatch, refuseOtherShape } from '../parent.ts';
import { createNetwork, type Network, type NetworkShape } from './network.ts';

/** The network as it was released: embeddings are whole numbers, the output layer carries scales and temperature. */
export function readNetwork({ manifest, files }: LoadableModel<'ngram'>): Network {
  const { featurizer, labels, activation } = manifest;
  const constants = readInitializers(manifest.release, files.get('model.onnx'));
  const bias = floatsOf(constants, 'bias');
  const output = floatsOf(constants, 'output');
  const dimensions = output.length / bias.length / 2;
  const rows = smallIntegersOf(constants, 'table');
  const slots = slotsFrom(constants.get('knownBits'), featurizer.wordBuckets + featurizer.characterBuckets);
  const table = new Float32Array(slots.length * dimensions);
  slots.forEach((slot, bucket) => {
    table.set(rows.subarray(slot * dimensions, (slot + 1) * dimensions), bucket * dimensions);
  });
  return {
    shape: {
      featurizer,
      labels,
      activation: activation === 'sigmoid' ? 'sigmoid' : 'softmax',
      dimensions: manifest.parameters.dimensions === 'linear' ? 'linear' : dimensions,
    },
    dimensions,
    table,
    output,
    bias,
  };
}

/**
 * A network to train on from a release: the same logits, without its temperature, with embeddings of the size that
 * training gives them. Labels that the release lacks start from nothing. Throws `Misconfigured` where the release is
 * of another shape.
 */
export function networkFrom(parent: LoadableModel, shape: NetworkShape): Network {
  const { manifest } = parent;
  if (manifest.kind !== 'ngram')
    throw mismatch(manifest.release, `it is a model of the kind ${manifest.kind}`);
  const before = readNetwork(parent as LoadableModel<'ngram'>);
  refuseOtherShape(manifest.release, before.shape, shape);
  if (before.shape.dimensions !== shape.dimensions)
    throw mismatch(
      manifest.release,
      `its embeddings have the dimensions ${before.shape.dimensions}, not ${shape.dimensions}`,
    );
  const isLinear = shape.dimensions === 'linear';
  const network = createNetwork(shape, () => 0.5);
  network.table.fill(0);
  const columns = before.shape.labels.map((label) => shape.labels.indexOf(label));
  const wordRows = shape.featurizer.wordBuckets;
  const rows = network.table.length / network.dimensions;
  for (let d = 0; d < before.dimensions; d++) {
    for (let bag = 0; bag < 2; bag++) {
      const outputRow = bag * before.dimensions + d;
      const scale = isLinear
        ? before.output[outputRow * columns.length + d]! * manifest.temperature
        : embeddingScale;
      const to = isLinear ? columns[d]! : d;
      const [from, end] = bag === 0 ? [0, wordRows] : [wordRows, rows];
      for (let row = from; row < end; row++) {
        network.table[row * network.dimensions + to] = before.table[row * before.dimensions + d]! * scale;
      }
      if (isLinear) continue;
      columns.forEach((column, label) => {
        network.output[(bag * network.dimensions + d) * shape.labels.length + column] =
          (before.output[outputRow * columns.length + label]! * manifest.temperature) / scale;
      });
    }
  }
  columns.forEach((column, label) => {
    network.bias[column] = before.bias[label]! * manifest.temperature;
  });
  return network;
}

/** Released embeddings reach from -127 to 127, trained ones about from -1 to 1. */
const embeddingScale = 1 / 127;
