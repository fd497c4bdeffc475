// Whether an ONNX graph is one of a model over hashed words: what it is fed, what it gives, which ids it knows.
import { Misconfigured } from '../../schemas/errors.ts';
import type { HashingOptions } from '../../schemas/model-hashing.ts';
import type { ManifestOf } from '../../schemas/model-manifest.ts';
import type { GraphProto } from '../onnx/generated/onnx_pb.js';
import { tensorTypes } from '../onnx/graph.ts';
import { constantsOf, type GraphValue, inputsOf, outputsOf } from '../transformer/imported-graph.ts';

type Manifest = ManifestOf<'hashed'>;

const unfit = (message: string, fix: string): Misconfigured =>
  new Misconfigured(message, { code: 'import-unfit', fix });

const shapesFix =
  'It has to read ids (int64, [texts, ids]) and, if it wants one, a mask of the same shape (float32 or int64, 1 for an id).';

/** Which input is which. Throws `Misconfigured`. */
export function graphInputs(file: string, graph: GraphProto): Manifest['inputs'] {
  const inputs = inputsOf(graph);
  const described = inputs.map(({ name }) => name).join(', ') || 'nothing';
  if (inputs.length < 1 || inputs.length > 2)
    throw unfit(`${file} reads ${described}: no model over hashed words does`, shapesFix);
  const fixed = inputs.find(({ dims }) => dims.length !== 2 || dims.some((size) => size !== null));
  if (fixed !== undefined)
    throw unfit(
      `${fixed.name} of ${file} has the shape [${fixed.dims.map((size) => size ?? 'any').join(', ')}]`,
      `${shapesFix} Both sizes are to be dynamic.`,
    );
  const mask = inputs.length === 2 ? maskAmong(inputs) : undefined;
  const ids = inputs.find((input) => input !== mask);
  if (ids?.type !== tensorTypes.INT64 || (inputs.length === 2 && mask === undefined))
    throw unfit(`${file} reads ${described}, in which no int64 ids and mask can be told apart`, shapesFix);
  if (mask === undefined) return { ids: ids.name };
  const type = mask.type === tensorTypes.FLOAT ? 'float32' : 'int64';
  return { ids: ids.name, mask: { name: mask.name, type } };
}

/** The mask is the one that holds floats, else the one that is called so. */
function maskAmong(inputs: readonly GraphValue[]): GraphValue | undefined {
  const { FLOAT, INT64 } = tensorTypes;
  return (
    inputs.find(({ type }) => type === FLOAT) ??
    inputs.find(({ name, type }) => type === INT64 && /mask/i.test(name))
  );
}

/** The one output and how many values it has for a text; null where the graph does not say. Throws `Misconfigured`. */
export function graphOutput(
  file: string,
  graph: GraphProto,
): { readonly name: string; readonly width: number | null } {
  const [output, ...others] = outputsOf(graph);
  if (output === undefined || others.length > 0 || output.type !== tensorTypes.FLOAT)
    throw unfit(
      `${file} gives ${
        outputsOf(graph)
          .map(({ name }) => name)
          .join(', ') || 'nothing'
      }`,
      'It has to give one output of 32-bit floats: a value of each label for each text.',
    );
  return { name: output.name, width: output.dims.length === 2 ? output.dims[1]! : null };
}

/** What the graph’s last step makes of its values: null where it gives logits or something else. */
export function activationOf(graph: GraphProto, output: string): 'softmax' | 'sigmoid' | null {
  const last = graph.node.find((node) => node.output.includes(output))?.opType;
  if (last === 'Softmax') return 'softmax';
  return last === 'Sigmoid' ? 'sigmoid' : null;
}

/** Every id that words can become has to have its row in the table that the graph looks ids up in. Throws `Misconfigured`. */
export function checkIds(file: string, graph: GraphProto, ids: string, hashing: HashingOptions): void {
  const constants = constantsOf(graph);
  const lookup = graph.node.find(({ opType, input }) => opType === 'Gather' && input[1] === ids);
  const table = lookup && constants.get(lookup.input[0]!);
  if (table === undefined) return;
  const rows = Number(table.dims[0]);
  const { buckets, offset, prefixIds, suffixIds, padId } = hashing;
  const highest = Math.max(offset + buckets - 1, padId, ...prefixIds, ...suffixIds);
  if (highest < rows) return;
  throw unfit(
    `words become ids up to ${highest}, but ${file} knows only ${rows}`,
    'Lower `buckets` or `offset` of the hashing to what the model was trained with.',
  );
}
