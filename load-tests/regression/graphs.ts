// Two models with random weights, made on the spot: a bag of hashed words and an encoder shaped like a small BERT.
// Never change what they compute: stored ratios would lose their meaning.
import type { NodeProto, TensorProto } from '../../trainers/onnx/generated/onnx_pb.js';
import {
  bytesOf,
  integer,
  integers,
  modelBytes,
  node,
  tensor,
  tensorTypes,
  value,
} from '../../trainers/onnx/graph.ts';
import { createRandom } from '../../trainers/random.ts';

const { FLOAT, INT64 } = tensorTypes;
export const bagBuckets = 1 << 18;
export const encoderWords = 30_522;
const labels = 3;

/** Nodes and weights as they are added; everything returns the name of what it made. */
class Graph {
  readonly #nodes: NodeProto[] = [];
  readonly #weights: TensorProto[] = [];
  readonly #random = createRandom(7);

  op(kind: string, inputs: string[], attributes: Parameters<typeof node>[3] = [], name?: string): string {
    const output = name ?? `${kind}${this.#nodes.length}`;
    this.#nodes.push(node(kind, inputs, output, attributes));
    return output;
  }

  constant(name: string, dims: number[], values: Float32Array | readonly number[]): string {
    const isWhole = !(values instanceof Float32Array);
    const bytes = isWhole ? bytesOf(BigInt64Array.from(values, BigInt)) : bytesOf(values);
    this.#weights.push(tensor(name, isWhole ? INT64 : FLOAT, dims, bytes));
    return name;
  }

  /** Random weights between ±scale. */
  random(name: string, dims: number[], scale: number): string {
    const size = dims.reduce((product, one) => product * one, 1);
    return this.constant(
      name,
      dims,
      Float32Array.from({ length: size }, () => (this.#random() * 2 - 1) * scale),
    );
  }

  scalar(name: string, number: number): string {
    return this.constant(name, [1], new Float32Array([number]));
  }

  dense(input: string, name: string, from: number, to: number): string {
    const product = this.op('MatMul', [input, this.random(`${name}.w`, [from, to], 1.7 / Math.sqrt(from))]);
    return this.op('Add', [product, this.random(`${name}.b`, [to], 0.02)]);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return modelBytes({
      name: 'regression',
      node: this.#nodes,
      initializer: this.#weights,
      input: [value('ids', INT64, ['n', 'l']), value('mask', FLOAT, ['n', 'l'])],
      output: [value('probs', FLOAT, ['n', labels])],
    });
  }
}

/** Mean of 16-wide embeddings of hashed words and pairs, one linear layer, softmax. */
export function bagBytes(): Uint8Array<ArrayBuffer> {
  const width = 16;
  const g = new Graph();
  const axis = g.constant('axis', [1], [1]);
  const embedded = g.op('Gather', [g.random('words', [bagBuckets, width], 1.7), 'ids']);
  const summed = g.op('Squeeze', [g.op('MatMul', [g.op('Unsqueeze', ['mask', axis]), embedded]), axis]);
  const count = g.op('Max', [
    g.op('ReduceSum', ['mask', axis], [integer('keepdims', 1)]),
    g.scalar('one', 1),
  ]);
  g.op(
    'Softmax',
    [g.dense(g.op('Div', [summed, count]), 'out', width, labels)],
    [integer('axis', -1)],
    'probs',
  );
  return g.bytes();
}

const layers = 4;
const hidden = 256;
const heads = 8;

/** Words, positions left out; four layers of attention and feed-forward, mean pooling, softmax. */
export function encoderBytes(): Uint8Array<ArrayBuffer> {
  const g = new Graph();
  const axis = g.constant('axis', [1], [1]);
  g.constant('split', [4], [0, 0, heads, hidden / heads]);
  g.constant('join', [3], [0, 0, hidden]);
  const absent = g.op('Sub', [
    g.scalar('one', 1),
    g.op('Unsqueeze', ['mask', g.constant('axes', [2], [1, 2])]),
  ]);
  const bias = g.op('Mul', [absent, g.scalar('never', -10_000)]);
  let x = g.op('Gather', [g.random('words', [encoderWords, hidden], 1.7), 'ids']);
  for (let layer = 0; layer < layers; layer++) x = encoderLayer(g, x, `l${layer}`, bias);
  const real = g.op('Mul', [x, g.op('Unsqueeze', ['mask', g.constant('last', [1], [2])])]);
  const total = g.op('ReduceSum', [real, axis], [integer('keepdims', 0)]);
  const pooled = g.op('Div', [total, g.op('ReduceSum', ['mask', axis], [integer('keepdims', 1)])]);
  g.op('Softmax', [g.dense(pooled, 'out', hidden, labels)], [integer('axis', -1)], 'probs');
  return g.bytes();
}

function encoderLayer(g: Graph, input: string, name: string, bias: string): string {
  const head = (which: string, order: readonly number[]) =>
    g.op(
      'Transpose',
      [g.op('Reshape', [g.dense(input, `${name}.${which}`, hidden, hidden), 'split'])],
      [integers('perm', order)],
    );
  const product = g.op('MatMul', [head('q', [0, 2, 1, 3]), head('k', [0, 2, 3, 1])]);
  const scaled = g.op('Mul', [product, g.scalar(`${name}.scale`, 1 / Math.sqrt(hidden / heads))]);
  const shares = g.op('Softmax', [g.op('Add', [scaled, bias])], [integer('axis', -1)]);
  const mixed = g.op(
    'Transpose',
    [g.op('MatMul', [shares, head('v', [0, 2, 1, 3])])],
    [integers('perm', [0, 2, 1, 3])],
  );
  const attended = g.dense(g.op('Reshape', [mixed, 'join']), `${name}.o`, hidden, hidden);
  const x = norm(g, g.op('Add', [attended, input]), `${name}.n1`);
  const wide = g.op('Relu', [g.dense(x, `${name}.f1`, hidden, 4 * hidden)]);
  return norm(g, g.op('Add', [g.dense(wide, `${name}.f2`, 4 * hidden, hidden), x]), `${name}.n2`);
}

function norm(g: Graph, input: string, name: string): string {
  const gain = g.constant(`${name}.g`, [hidden], new Float32Array(hidden).fill(1));
  const bias = g.constant(`${name}.b`, [hidden], new Float32Array(hidden));
  return g.op('LayerNormalization', [input, gain, bias], [integer('axis', -1)]);
}
