// Writes a linear classifier as an ONNX model.
import { integer, modelBytes, node, tensor, tensorTypes, value, word } from '../onnx/graph.ts';
import { isSmallerWithSlots, keepRows, rawBytes, slotGraph } from '../optimisation/slots.ts';
import type { Classifier } from './classifier.ts';
import type { Vocabulary } from './terms.ts';

const { FLOAT, INT8, INT32, INT64, UINT8 } = tensorTypes;

/**
 * ONNX bytes of a classifier, equal for equal ones. For b texts with n ids in all:
 *
 * inputs: `ids` int32 [n], each once a text; `frequencies` float [n, 1], 1 + ln(count); `rows` int64 [n, 1], the bag
 * of each id, 2i for words of text i and 2i + 1 for its characters; `counts` float [2b, 1], ids in each bag. Outputs:
 * `logits` and `probabilities`, float [b, labels]. TF-IDF, the length of each bag, and the sums happen inside; sums
 * go through ScatterND with addition, which needs no padding. Buckets that are not known weigh nothing, not even in
 * the length; only known ones have a row in the file where that makes it smaller.
 */
export function writeClassifier(
  { slots, idf }: Vocabulary,
  classifier: Classifier,
  activation: 'softmax' | 'sigmoid',
): Uint8Array<ArrayBuffer> {
  const { labels, scales, bias } = classifier;
  const known = Uint8Array.from(slots, (slot) => (slot === 0 ? 0 : 1));
  const places = isSmallerWithSlots(known, labels + 1) ? slotGraph(known) : undefined;
  const rows = byBucket(slots, idf, classifier);
  const table = places ? keepRows(rows.table, known, labels) : rows.table;
  const rarity = places ? keepRows(rows.idf, known, 1) : rows.idf;
  return modelBytes({
    name: 'linear',
    node: [
      ...(places?.nodes ?? [node('Identity', ['ids'], 'places')]),
      ...scoringNodes,
      activation === 'softmax'
        ? node('Softmax', ['logits'], 'probabilities', [integer('axis', -1)])
        : node('Sigmoid', ['logits'], 'probabilities'),
    ],
    initializer: [
      ...(places?.initializers ?? []),
      tensor('idf', UINT8, [rarity.length, 1], rawBytes(rarity)),
      tensor('table', INT8, [rarity.length, labels], rawBytes(table)),
      tensor('zero', FLOAT, [1, 1], rawBytes(Float32Array.of(0))),
      tensor('zeros', FLOAT, [1, labels], rawBytes(new Float32Array(labels))),
      tensor('one', FLOAT, [], rawBytes(Float32Array.of(1))),
      tensor('bagShape', INT64, [3], rawBytes(BigInt64Array.of(-1n, 2n, BigInt(labels)))),
      tensor('bagAxis', INT64, [1], rawBytes(BigInt64Array.of(1n))),
      tensor('scales', FLOAT, [labels], rawBytes(scales)),
      tensor('bias', FLOAT, [labels], rawBytes(bias)),
    ],
    input: [
      value('ids', INT32, ['n']),
      value('frequencies', FLOAT, ['n', 1]),
      value('rows', INT64, ['n', 1]),
      value('counts', FLOAT, ['bags', 1]),
    ],
    output: [value('logits', FLOAT, ['texts', labels]), value('probabilities', FLOAT, ['texts', labels])],
  });
}

/** A row for each bucket; those that are not known are zero. */
function byBucket(slots: Int32Array, idf: Uint8Array, { labels, table }: Classifier) {
  const rows = { table: new Int8Array(slots.length * labels), idf: new Int8Array(slots.length) };
  const rarities = new Uint8Array(rows.idf.buffer);
  slots.forEach((slot, bucket) => {
    if (slot === 0) return;
    rows.table.set(table.subarray((slot - 1) * labels, slot * labels), bucket * labels);
    rarities[bucket] = idf[slot]!;
  });
  return rows;
}

const scoringNodes = [
  node('Gather', ['idf', 'places'], 'rarity', [integer('axis', 0)]),
  node('Cast', ['rarity'], 'rarities', [integer('to', FLOAT)]),
  node('Mul', ['frequencies', 'rarities'], 'terms'),
  node('Mul', ['terms', 'terms'], 'squares'),
  node('Mul', ['counts', 'zero'], 'noLength'),
  node('ScatterND', ['noLength', 'rows', 'squares'], 'lengths', [word('reduction', 'add')]),
  // A bag in which nothing is known stays empty: its terms are all zero.
  node('Max', ['lengths', 'one'], 'atLeastOne'),
  node('Sqrt', ['atLeastOne'], 'norms'),
  node('Gather', ['table', 'places'], 'gathered', [integer('axis', 0)]),
  node('Cast', ['gathered'], 'weights', [integer('to', FLOAT)]),
  node('Mul', ['weights', 'terms'], 'products'),
  node('Mul', ['counts', 'zeros'], 'empty'),
  node('ScatterND', ['empty', 'rows', 'products'], 'sums', [word('reduction', 'add')]),
  node('Div', ['sums', 'norms'], 'bags'),
  node('Reshape', ['bags', 'bagShape'], 'pairs'),
  node('ReduceSum', ['pairs', 'bagAxis'], 'scores', [integer('keepdims', 0)]),
  node('Mul', ['scores', 'scales'], 'scaled'),
  node('Add', ['scaled', 'bias'], 'logits'),
];
