// A small model over hashed words, as somebody else would export it: an embedding table, the mean of a text's rows, a
// linear layer, and the same computed in plain arithmetic.
import {
  bytesOf,
  integer,
  modelBytes,
  node,
  tensor,
  tensorTypes,
  value,
} from '../../../../trainers/onnx/graph.ts';
import { createRandom } from '../../../../trainers/random.ts';

export const buckets = 64;
export const labels = ['low', 'middle', 'high'];
const width = 4;

function weights() {
  const random = createRandom(3);
  const numbers = (length: number) => Float32Array.from({ length }, () => 4 * random() - 2);
  return { table: numbers(buckets * width), layer: numbers(width * labels.length) };
}

/** ONNX bytes; with a mask in floats or in whole numbers, and with its softmax in the graph or not. */
export function smallModel(
  mask: 'float32' | 'int64' = 'float32',
  hasSoftmax = true,
): Uint8Array<ArrayBuffer> {
  const { FLOAT, INT64 } = tensorTypes;
  const { table, layer } = weights();
  const last = hasSoftmax ? [node('Softmax', ['logits'], 'answer', [integer('axis', -1)])] : [];
  const output = hasSoftmax ? 'answer' : 'logits';
  return modelBytes({
    name: 'small',
    node: [
      node('Cast', ['mask'], 'floats', [integer('to', FLOAT)]),
      node('Gather', ['table', 'words'], 'rows'),
      node('Unsqueeze', ['floats', 'one'], 'row'),
      node('MatMul', ['row', 'rows'], 'sums'),
      node('Squeeze', ['sums', 'one'], 'sum'),
      node('ReduceSum', ['floats', 'one'], 'counted', [integer('keepdims', 1)]),
      node('Max', ['counted', 'least'], 'count'),
      node('Div', ['sum', 'count'], 'mean'),
      node('MatMul', ['mean', 'layer'], 'logits'),
      ...last,
    ],
    initializer: [
      tensor('table', FLOAT, [buckets, width], bytesOf(table)),
      tensor('layer', FLOAT, [width, labels.length], bytesOf(layer)),
      tensor('one', INT64, [1], bytesOf(BigInt64Array.of(1n))),
      tensor('least', FLOAT, [], bytesOf(Float32Array.of(1))),
    ],
    input: [
      value('words', INT64, ['texts', 'ids']),
      value('mask', mask === 'float32' ? FLOAT : INT64, ['texts', 'ids']),
    ],
    output: [value(output, FLOAT, ['texts', labels.length])],
  });
}

/** What the model says about ids, by arithmetic. */
export function expected(ids: readonly number[]): number[] {
  const { table, layer } = weights();
  const mean = Array.from({ length: width }, (_, at) => {
    const sum = ids.reduce((total, id) => total + table[id * width + at]!, 0);
    return sum / Math.max(1, ids.length);
  });
  const logits = labels.map((_, label) =>
    mean.reduce((total, each, at) => total + each * layer[at * labels.length + label]!, 0),
  );
  const powers = logits.map(Math.exp);
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
