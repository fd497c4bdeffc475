// Quantization: embeddings to eight bits, with one scale for each dimension of each bag, folded into the output layer.
import type { Network } from './network.ts';

/**
 * The network whose embeddings are whole numbers in [-127, 127] and whose output layer carries their scales, and
 * whose logits are divided by `temperature` (Guo et al. 2017, arXiv:1706.04599). What the ONNX file computes.
 */
export function quantize(network: Network, temperature: number): Network {
  const { dimensions, shape } = network;
  const labels = network.bias.length;
  const boundary = shape.featurizer.wordBuckets * dimensions;
  const table = new Float32Array(network.table.length);
  const output = new Float32Array(network.output.length);
  for (let bag = 0; bag < 2; bag++) {
    const from = bag === 0 ? 0 : boundary;
    const to = bag === 0 ? boundary : table.length;
    const scales = scalesOf(network.table, from, to, dimensions);
    for (let at = from; at < to; at++) table[at] = Math.round(network.table[at]! / scales[at % dimensions]!);
    for (let d = 0; d < dimensions; d++) {
      const row = (bag * dimensions + d) * labels;
      for (let label = 0; label < labels; label++) {
        output[row + label] = (network.output[row + label]! * scales[d]!) / temperature;
      }
    }
  }
  return { ...network, table, output, bias: network.bias.map((value) => value / temperature) };
}

/** Largest magnitude of each dimension over 127; 1 for a dimension that is all zero. */
function scalesOf(table: Float32Array, from: number, to: number, dimensions: number): Float64Array {
  const largest = new Float64Array(dimensions);
  for (let at = from; at < to; at++) {
    const d = at % dimensions;
    largest[d] = Math.max(largest[d]!, Math.abs(table[at]!));
  }
  return largest.map((value) => (value > 0 ? value / 127 : 1));
}
