// Writes a scorer of pairs as an ONNX model.
import { bytesOf, modelBytes, node, tensor, tensorTypes, value } from '../onnx/graph.ts';
import type { Scorer } from './scorer.ts';

const { FLOAT } = tensorTypes;

/** ONNX bytes of a scorer, equal for equal scorers: `features` float [pairs, features] to `scores` float [pairs, 1]. */
export function writeScorer({ mean, scale, hidden, first, bias, second }: Scorer): Uint8Array<ArrayBuffer> {
  const size = mean.length;
  const constant = (name: string, dims: number[], values: Float64Array) =>
    tensor(name, FLOAT, dims, bytesOf(Float32Array.from(values)));
  const layers =
    hidden === 0
      ? [node('MatMul', ['standard', 'second'], 'scores')]
      : [
          node('Gemm', ['standard', 'first', 'bias'], 'sums'),
          node('Relu', ['sums'], 'activity'),
          node('MatMul', ['activity', 'second'], 'scores'),
        ];
  const weights =
    hidden === 0 ? [] : [constant('first', [size, hidden], first), constant('bias', [hidden], bias)];
  return modelBytes({
    name: 'ranker',
    node: [
      node('Sub', ['features', 'mean'], 'centred'),
      node('Mul', ['centred', 'scale'], 'standard'),
      ...layers,
    ],
    initializer: [
      constant('mean', [size], mean),
      constant('scale', [size], scale),
      ...weights,
      constant('second', [second.length, 1], second),
    ],
    input: [value('features', FLOAT, ['pairs', size])],
    output: [value('scores', FLOAT, ['pairs', 1])],
  });
}
