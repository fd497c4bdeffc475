// Matrix products of a graph whose second factor is a constant: what quantization and pruning work on.
import type { GraphProto, NodeProto, TensorProto } from '../onnx/generated/onnx_pb.js';
import { TensorProto_DataType } from '../onnx/generated/onnx_pb.js';
import { constantsOf, integerOf } from './imported-graph.ts';

/** A `MatMul` or `Gemm` by constant weights. */
export interface Product {
  readonly node: NodeProto;
  /** Two-dimensional. */
  readonly weights: TensorProto;
  /** Whether the weights stand as [outputs, inputs]. */
  readonly isTransposed: boolean;
  /** The name of what `Gemm` adds. */
  readonly bias: string | undefined;
}

/** Every product of the graph, by its node. */
export function productsOf(graph: GraphProto): ReadonlyMap<NodeProto, Product> {
  const constants = constantsOf(graph);
  const transposed = new Map<string, TensorProto>();
  for (const node of graph.node) {
    const weights = node.opType === 'Transpose' ? constants.get(node.input[0]!) : undefined;
    const order = node.attribute.find(({ name }) => name === 'perm')?.ints.map(Number);
    if (weights !== undefined && (order === undefined || order.join() === '1,0')) {
      transposed.set(node.output[0]!, weights);
    }
  }
  const products = new Map<NodeProto, Product>();
  for (const node of graph.node) {
    const product = productOf(node, constants, transposed);
    if (product !== null) products.set(node, product);
  }
  return products;
}

function productOf(
  node: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
  transposed: ReadonlyMap<string, TensorProto>,
): Product | null {
  const name = node.input[1];
  if (name === undefined || (node.opType !== 'MatMul' && node.opType !== 'Gemm')) return null;
  const straight = constants.get(name);
  const weights = straight ?? transposed.get(name);
  if (weights?.dims.length !== 2 || weights.dataType !== TensorProto_DataType.FLOAT) return null;
  const turned = straight === undefined;
  if (node.opType === 'MatMul') return { node, weights, isTransposed: turned, bias: undefined };
  const isPlain =
    integerOf(node, 'transA', 0) === 0 &&
    node.attribute.every(({ name, f }) => (name !== 'alpha' && name !== 'beta') || f === 1);
  if (!isPlain) return null;
  return {
    node,
    weights,
    isTransposed: (integerOf(node, 'transB', 0) === 1) !== turned,
    bias: node.input[2],
  };
}
