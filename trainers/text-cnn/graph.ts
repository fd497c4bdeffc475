// Writes a text CNN as an ONNX model.
import { bytesOf, integer, modelBytes, node, tensor, tensorTypes, value } from '../onnx/graph.ts';
import type { CnnShape, CnnWeights } from './network.ts';

const { FLOAT, INT32, INT64 } = tensorTypes;

/**
 * ONNX bytes of a CNN, equal for equal weights: `ids` int32 [texts, words] to `logits` and `probabilities`, float
 * [texts, labels]. Logits are divided by the temperature.
 */
export function writeCnn(
  shape: CnnShape,
  weights: CnnWeights,
  activation: 'softmax' | 'sigmoid',
  temperature: number,
): Uint8Array<ArrayBuffer> {
  const { words, wordsMax, dimensions, widths, filters, labels } = shape;
  const constant = (name: string, dims: number[], values: Float32Array) =>
    tensor(name, FLOAT, dims, bytesOf(values));
  const cooled = (name: string) => weights.get(name)!.map((weight) => weight / temperature);
  return modelBytes({
    name: 'cnn',
    node: [
      node('Gather', ['table', 'ids'], 'embedded', [integer('axis', 0)]),
      // [texts, 1, words, dimensions]: a filter spans all dimensions of `width` words.
      node('Unsqueeze', ['embedded', 'one'], 'image'),
      ...widths.flatMap((width) => [
        node('Conv', ['image', `filter${width}`, `bias${width}`], `sums${width}`),
        node('Relu', [`sums${width}`], `answers${width}`),
        node('ReduceMax', [`answers${width}`, 'window'], `strongest${width}`, [integer('keepdims', 0)]),
      ]),
      node(
        'Concat',
        widths.map((width) => `strongest${width}`),
        'pooled',
        [integer('axis', 1)],
      ),
      node('Gemm', ['pooled', 'output', 'bias'], 'logits'),
      activation === 'softmax'
        ? node('Softmax', ['logits'], 'probabilities', [integer('axis', -1)])
        : node('Sigmoid', ['logits'], 'probabilities'),
    ],
    initializer: [
      constant('table', [words, dimensions], weights.get('table')!),
      tensor('one', INT64, [1], bytesOf(BigInt64Array.of(1n))),
      tensor('window', INT64, [2], bytesOf(BigInt64Array.of(2n, 3n))),
      ...widths.flatMap((width) => [
        constant(
          `filter${width}`,
          [filters, 1, width, dimensions],
          turned(weights.get(`filter${width}`)!, filters),
        ),
        constant(`bias${width}`, [filters], weights.get(`bias${width}`)!),
      ]),
      constant('output', [widths.length * filters, labels], cooled('output')),
      constant('bias', [labels], cooled('bias')),
    ],
    input: [value('ids', INT32, ['texts', wordsMax])],
    output: [value('logits', FLOAT, ['texts', labels]), value('probabilities', FLOAT, ['texts', labels])],
  });
}

/** Columns become rows: (width x dimensions) by filters to filters by (width x dimensions). */
function turned(weights: Float32Array, filters: number): Float32Array {
  const rows = weights.length / filters;
  return Float32Array.from(weights, (_, at) => weights[(at % rows) * filters + Math.floor(at / rows)]!);
}
