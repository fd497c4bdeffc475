// Magnitude pruning: the smallest weights of every matrix product are set to zero (Han et al. 2015, arXiv:1506.02626).
import { clone } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema } from '../onnx/generated/onnx_pb.js';
import { bytesOf } from '../onnx/graph.ts';
import { floatsOf, graphOf } from './imported-graph.ts';
import { productsOf } from './products.ts';

/** A pruned model, and the share of its products’ weights that are zero now. */
export interface Pruned {
  readonly model: ModelProto;
  readonly sparsity: number;
}

/** Sets the share `sparsity`, 0–1, of each product’s weights to zero. Embeddings, biases and norms stay. */
export function pruneModel(model: ModelProto, sparsity: number): Pruned {
  const copy = clone(ModelProtoSchema, model);
  let zeros = 0;
  let all = 0;
  for (const weights of new Set([...productsOf(graphOf(copy)).values()].map((product) => product.weights))) {
    const values = floatsOf(weights);
    const sizes = values.map(Math.abs).sort();
    const count = Math.round(sparsity * values.length);
    const limit = count === 0 ? -1 : sizes[count - 1]!;
    let left = count;
    for (let at = 0; at < values.length && left > 0; at++) {
      if (Math.abs(values[at]!) > limit) continue;
      values[at] = 0;
      left--;
    }
    weights.floatData = [];
    weights.rawData = bytesOf(values);
    zeros += values.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
    all += values.length;
  }
  return { model: copy, sparsity: all === 0 ? 0 : zeros / all };
}
