// The ONNX graph of an imported model: parsed, with data from beside it merged in, and what it is made of.
import { fromBinary } from '@bufbuild/protobuf';
import { Misconfigured } from '../../schemas/errors.ts';
import {
  AttributeProto_AttributeType,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
} from '../onnx/generated/onnx_pb.js';

/** Protocol buffers end at 2 GB; a little is left for what is not weights. */
const bytesMax = 2_000_000_000;

/** An input or output by name; null for a dimension of any size. */
export interface GraphValue {
  readonly name: string;
  readonly dims: readonly (number | null)[];
  readonly type: number;
}

/** Parses a model. `external` gives the files that weights lie in where they are not in the model. Throws `Misconfigured`. */
export async function parseModel(
  path: string,
  bytes: Uint8Array,
  external: (location: string) => Promise<Uint8Array>,
): Promise<ModelProto> {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw unreadable(path, `it cannot be parsed (${String(cause)})`, cause);
  }
  if (model.graph === undefined || model.graph.node.length === 0) throw unreadable(path, 'it has no graph');
  await mergeExternal(path, model.graph, external);
  return model;
}

const unreadable = (path: string, what: string, cause?: unknown): Misconfigured =>
  new Misconfigured(`${path} is no ONNX model: ${what}`, {
    code: 'import-unreadable',
    fix: 'Export the model again, for example with “optimum-cli export onnx --model <name> <folder>”.',
    cause,
  });

async function mergeExternal(
  path: string,
  graph: GraphProto,
  read: (location: string) => Promise<Uint8Array>,
): Promise<void> {
  let total = 0;
  for (const tensor of graph.initializer) {
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue;
    const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const file = await read(entries.get('location') ?? '');
    const from = Number(entries.get('offset') ?? 0);
    const length = Number(entries.get('length') ?? file.length - from);
    if (from + length > file.length) {
      throw unreadable(
        path,
        `the weights “${tensor.name}” reach beyond the end of ${entries.get('location')}`,
      );
    }
    total += length;
    if (total > bytesMax) {
      throw new Misconfigured(`${path} has more than 2 GB of weights, which one file cannot hold`, {
        code: 'import-too-large',
        fix: 'Import a smaller model, or serve this one remotely.',
      });
    }
    tensor.rawData = Uint8Array.from(file.subarray(from, from + length));
    tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
    tensor.externalData = [];
  }
}

/** Whether a model has weights outside of its file. */
export const hasExternalData = (bytes: Uint8Array): boolean =>
  fromBinary(ModelProtoSchema, bytes).graph?.initializer.some(
    ({ dataLocation }) => dataLocation === TensorProto_DataLocation.EXTERNAL,
  ) ?? false;

/** The graph of a parsed model. */
export const graphOf = (model: ModelProto): GraphProto => model.graph!;

/** Inputs that are no weights. */
export function inputsOf(graph: GraphProto): readonly GraphValue[] {
  const weights = new Set(graph.initializer.map(({ name }) => name));
  return graph.input.filter(({ name }) => !weights.has(name)).map(describe);
}

/** What the graph gives. */
export const outputsOf = (graph: GraphProto): readonly GraphValue[] => graph.output.map(describe);

function describe({ name, type }: GraphProto['input'][number]): GraphValue {
  if (type?.value.case !== 'tensorType') return { name, dims: [], type: 0 };
  const { elemType, shape } = type.value.value;
  const dims = (shape?.dim ?? []).map(({ value }) =>
    value.case === 'dimValue' ? Number(value.value) : null,
  );
  return { name, dims, type: elemType };
}

/** Constants by name: initializers, and what `Constant` nodes hold. */
export function constantsOf(graph: GraphProto): Map<string, TensorProto> {
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const node of graph.node) {
    const value =
      node.opType === 'Constant' ? node.attribute.find(({ name }) => name === 'value')?.t : undefined;
    if (value !== undefined) constants.set(node.output[0]!, value);
  }
  return constants;
}

/** The values of a float tensor. */
export function floatsOf(tensor: TensorProto): Float32Array<ArrayBuffer> {
  if (tensor.rawData.length === 0) return Float32Array.from(tensor.floatData);
  // Copied: parsed from a Buffer it is a view of one, which need not begin at a multiple of four.
  return new Float32Array(new Uint8Array(tensor.rawData).buffer);
}

/** A whole-number attribute of a node. */
export function integerOf(node: NodeProto, name: string, otherwise: number): number {
  const found = node.attribute.find((attribute) => attribute.name === name);
  return found?.type === AttributeProto_AttributeType.INT ? Number(found.i) : otherwise;
}

/** Rows of the table that token ids are looked up in; null where it is not found. */
export function vocabularyRows(graph: GraphProto): number | null {
  const constants = constantsOf(graph);
  const ids = new Set(['input_ids']);
  for (const node of graph.node) {
    if (node.opType === 'Cast' && ids.has(node.input[0]!)) ids.add(node.output[0]!);
    if (node.opType !== 'Gather' || !ids.has(node.input[1]!)) continue;
    const table = constants.get(node.input[0]!);
    if (table?.dims.length === 2) return Number(table.dims[0]);
  }
  return null;
}

/** How weights are kept: whole floats, half ones, or eight bits already. */
export function precisionOf(graph: GraphProto): 'float32' | 'float16' | 'int8' {
  const { FLOAT16, BFLOAT16 } = TensorProto_DataType;
  if (graph.initializer.some(({ dataType }) => dataType === FLOAT16 || dataType === BFLOAT16))
    return 'float16';
  const quantized = /^(MatMulInteger|DynamicQuantize\w*|QLinear\w+|QAttention|DequantizeLinear|MatMulNBits)$/;
  return graph.node.some(({ opType }) => quantized.test(opType)) ? 'int8' : 'float32';
}
