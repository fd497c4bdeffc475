// Writes a quantized n-gram network as an ONNX model.

import { bytesOf, integer, modelBytes, node, tensor, tensorTypes, value, word } from '../onnx/graph.ts';
import { isSmallerWithSlots, keepRows, slotGraph } from '../optimisation/slots.ts';
import type { Network } from './network.ts';

const { FLOAT, INT8, INT32, INT64 } = tensorTypes;

/**
 * ONNX bytes of a quantized network (see quantization.ts), equal for equal networks. For b texts with n ids in all:
 *
 * inputs: `ids` int32 [n]; `rows` int64 [n, 1], the bag of each id, 2i for words of text i and 2i + 1 for its
 * characters; `counts` float [2b, 1], the number of ids in each bag. Outputs: `logits` and `probabilities`, float
 * [b, labels]. Sums go through ScatterND with addition, which needs no padding.
 *
 * With `known`, one entry a bucket, the rows of buckets where it is 0 are left out of the file where that makes it
 * smaller; they have to be zero.
 */
export function writeNetwork(network: Network, known?: Uint8Array): Uint8Array<ArrayBuffer> {
  const { shape, dimensions, table, output, bias } = network;
  const labels = bias.length;
  const slots = known && isSmallerWithSlots(known, dimensions) ? slotGraph(known) : undefined;
  const all = Int8Array.from(table);
  const written = slots ? keepRows(all, known!, dimensions) : all;
  const activation =
    shape.activation === 'softmax'
      ? node('Softmax', ['logits'], 'probabilities', [integer('axis', -1)])
      : node('Sigmoid', ['logits'], 'probabilities');
  return modelBytes({
    name: 'ngram',
    node: [
      ...(slots?.nodes ?? []),
      ...poolingNodes(slots ? 'places' : 'ids'),
      node('MatMul', ['bags', 'output'], 'scores'),
      node('Add', ['scores', 'bias'], 'logits'),
      activation,
    ],
    initializer: [
      ...(slots?.initializers ?? []),
      tensor('table', INT8, [written.length / dimensions, dimensions], bytesOf(written)),
      tensor('zeros', FLOAT, [1, dimensions], bytesOf(new Float32Array(dimensions))),
      tensor('one', FLOAT, [], bytesOf(Float32Array.of(1))),
      tensor('bagShape', INT64, [2], bytesOf(BigInt64Array.of(-1n, BigInt(2 * dimensions)))),
      tensor('output', FLOAT, [2 * dimensions, labels], bytesOf(output)),
      tensor('bias', FLOAT, [labels], bytesOf(bias)),
    ],
    input: [value('ids', INT32, ['n']), value('rows', INT64, ['n', 1]), value('counts', FLOAT, ['bags', 1])],
    output: [value('logits', FLOAT, ['texts', labels]), value('probabilities', FLOAT, ['texts', labels])],
  });
}

const poolingNodes = (places: string) => [
  node('Gather', ['table', places], 'gathered', [integer('axis', 0)]),
  node('Cast', ['gathered'], 'embeddings', [integer('to', FLOAT)]),
  node('Mul', ['counts', 'zeros'], 'empty'),
  node('ScatterND', ['empty', 'rows', 'embeddings'], 'sums', [word('reduction', 'add')]),
  node('Max', ['counts', 'one'], 'sizes'),
  node('Sqrt', ['sizes'], 'roots'),
  node('Div', ['sums', 'roots'], 'pooled'),
  node('Reshape', ['pooled', 'bagShape'], 'bags'),
];
