// Dynamic quantization to eight bits, as onnxruntime.quantization.quantize_dynamic does it: weights are rounded once,
// activations by the largest of each run.
import { create } from '@bufbuild/protobuf';
import { Misconfigured } from '../../schemas/errors.ts';
import {
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
} from '../onnx/generated/onnx_pb.js';
import { bytesOf, integer, node, tensor, tensorTypes } from '../onnx/graph.ts';
import { constantsOf, floatsOf, graphOf, integerOf } from './imported-graph.ts';
import { type Product, productsOf } from './products.ts';

/**
 * Weights of products stay within seven bits: on processors without VNNI two products of an unsigned and a signed byte
 * are added in sixteen bits, which eight-bit weights overflow. The same file then gives the same values everywhere.
 */
const weightLimit = 64;
/** Rows of an embedding table are only looked up, and have all eight bits. */
const rowLimit = 127;
/** Smaller tables are not worth two more nodes. */
const tableValuesMin = 4_096;

/**
 * The model with eight-bit weights: products by a constant become `MatMulInteger`, with one scale for each output
 * column; embedding tables are kept as bytes with one scale for each row. Throws `Misconfigured` where there is
 * nothing to quantize or the opset is below 11.
 */
export function quantizeModel(model: ModelProto): ModelProto {
  const opset = model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0n;
  if (opset < 11n) {
    throw new Misconfigured(`the model has opset ${opset}; quantization needs 11`, {
      code: 'quantization-unsupported',
      fix: 'Export the model with opset 14 or later, or import it without --quantize.',
    });
  }
  const graph = graphOf(model);
  const rewriting = new Rewriting(graph);
  const nodes = graph.node.flatMap((one) => rewriting.replace(one));
  if (rewriting.replaced === 0) {
    throw new Misconfigured(
      'the model has no matrix product by constant float weights that could be quantized',
      {
        code: 'quantization-unsupported',
        fix: 'Import it without --quantize: it may be quantized already.',
      },
    );
  }
  return create(ModelProtoSchema, { ...model, graph: withoutUnused(graph, nodes, rewriting.constants) });
}

class Rewriting {
  readonly constants: TensorProto[] = [];
  replaced = 0;
  readonly #products: ReadonlyMap<NodeProto, Product>;
  readonly #tables: ReadonlyMap<string, TensorProto>;
  /** What was made already, by name: several products share an input or weights. */
  readonly #made = new Set<string>();

  constructor(graph: GraphProto) {
    this.#products = productsOf(graph);
    this.#tables = constantsOf(graph);
  }

  /** The nodes that take a node’s place: itself where there is nothing to quantize. */
  replace(one: NodeProto): readonly NodeProto[] {
    const product = this.#products.get(one);
    const nodes = product === undefined ? this.#lookUp(one) : this.#multiply(product);
    if (nodes === null) return [one];
    this.replaced += product === undefined ? 0 : 1;
    return nodes;
  }

  #multiply({ node: one, weights, isTransposed, bias }: Product): readonly NodeProto[] {
    const [given, output] = [one.input[0]!, one.output[0]!];
    const stem = `${weights.name || one.input[1]!}${isTransposed ? '.turned' : ''}`;
    this.#once(stem, () => this.constants.push(...columnConstants(stem, weights, isTransposed)));
    const nodes: NodeProto[] = [];
    this.#once(`${given}.quantized`, () =>
      nodes.push(
        create(NodeProtoSchema, {
          name: `${given}.quantize`,
          opType: 'DynamicQuantizeLinear',
          input: [given],
          output: [`${given}.quantized`, `${given}.scale`, `${given}.zero`],
        }),
      ),
    );
    const sum = bias === undefined || bias === '' ? output : `${output}.unbiased`;
    nodes.push(
      node(
        'MatMulInteger',
        [`${given}.quantized`, `${stem}.int8`, `${given}.zero`, `${stem}.zeros`],
        `${output}.int32`,
      ),
      node('Cast', [`${output}.int32`], `${output}.float`, [integer('to', tensorTypes.FLOAT)]),
      node('Mul', [`${given}.scale`, `${stem}.scales`], `${output}.scales`),
      node('Mul', [`${output}.float`, `${output}.scales`], sum),
    );
    if (sum !== output) nodes.push(node('Add', [sum, bias!], output));
    return nodes;
  }

  #lookUp(one: NodeProto): readonly NodeProto[] | null {
    const table = one.opType === 'Gather' ? this.#tables.get(one.input[0]!) : undefined;
    const isTable =
      table?.dims.length === 2 &&
      table.dataType === TensorProto_DataType.FLOAT &&
      integerOf(one, 'axis', 0) === 0 &&
      Number(table.dims[0]! * table.dims[1]!) >= tableValuesMin;
    if (!isTable) return null;
    const [stem, ids, output] = [one.input[0]!, one.input[1]!, one.output[0]!];
    this.#once(`${stem}.rows`, () => this.constants.push(...rowConstants(stem, table)));
    const axis = [integer('axis', 0)];
    return [
      node('Gather', [`${stem}.bytes`, ids], `${output}.int8`, axis),
      node('Cast', [`${output}.int8`], `${output}.float`, [integer('to', tensorTypes.FLOAT)]),
      node('Gather', [`${stem}.rows`, ids], `${output}.scale`, axis),
      node('Mul', [`${output}.float`, `${output}.scale`], output),
    ];
  }

  #once(name: string, make: () => void): void {
    if (this.#made.has(name)) return;
    this.#made.add(name);
    make();
  }
}

/** Weights as bytes, [inputs, outputs], with a scale for each output. */
function columnConstants(stem: string, weights: TensorProto, isTransposed: boolean): readonly TensorProto[] {
  const values = floatsOf(weights);
  const [first, second] = weights.dims.map(Number) as [number, number];
  const [rows, columns] = isTransposed ? [second, first] : [first, second];
  const place = (row: number, column: number) =>
    isTransposed ? column * rows + row : row * columns + column;
  const scales = new Float32Array(columns);
  const bytes = new Int8Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    let largest = 0;
    for (let row = 0; row < rows; row++) largest = Math.max(largest, Math.abs(values[place(row, column)]!));
    scales[column] = largest > 0 ? largest / weightLimit : 1;
    const scale = scales[column]!;
    for (let row = 0; row < rows; row++) {
      const level = Math.round(values[place(row, column)]! / scale);
      bytes[row * columns + column] = Math.max(-weightLimit, Math.min(weightLimit, level));
    }
  }
  return [
    tensor(`${stem}.int8`, tensorTypes.INT8, [rows, columns], bytesOf(bytes)),
    tensor(`${stem}.scales`, tensorTypes.FLOAT, [columns], bytesOf(scales)),
    tensor(`${stem}.zeros`, tensorTypes.INT8, [columns], bytesOf(new Int8Array(columns))),
  ];
}

/** An embedding table as bytes, with a scale for each row. */
function rowConstants(stem: string, table: TensorProto): readonly TensorProto[] {
  const values = floatsOf(table);
  const [rows, columns] = table.dims.map(Number) as [number, number];
  const scales = new Float32Array(rows);
  const bytes = new Int8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const from = row * columns;
    let largest = 0;
    for (let at = from; at < from + columns; at++) largest = Math.max(largest, Math.abs(values[at]!));
    scales[row] = largest > 0 ? largest / rowLimit : 1;
    const scale = scales[row]!;
    for (let at = from; at < from + columns; at++) {
      bytes[at] = Math.max(-rowLimit, Math.min(rowLimit, Math.round(values[at]! / scale)));
    }
  }
  return [
    tensor(`${stem}.bytes`, tensorTypes.INT8, [rows, columns], bytesOf(bytes)),
    tensor(`${stem}.rows`, tensorTypes.FLOAT, [rows, 1], bytesOf(scales)),
  ];
}

/** The graph with other nodes, and without nodes and constants that only the former ones needed. */
function withoutUnused(
  graph: GraphProto,
  nodes: readonly NodeProto[],
  constants: readonly TensorProto[],
): GraphProto {
  const used = new Set(graph.output.map(({ name }) => name));
  const kept: NodeProto[] = [];
  for (const one of [...nodes].reverse()) {
    const hasGraph = one.attribute.some(({ g }) => g !== undefined);
    if (!hasGraph && !one.output.some((name) => used.has(name))) continue;
    kept.push(one);
    for (const name of namesIn(one)) used.add(name);
  }
  const dropped = new Set(graph.initializer.filter(({ name }) => !used.has(name)).map(({ name }) => name));
  return create(GraphProtoSchema, {
    ...graph,
    node: kept.reverse(),
    initializer: [...graph.initializer.filter(({ name }) => used.has(name)), ...constants],
    input: graph.input.filter(({ name }) => !dropped.has(name)),
  });
}

/** What a node reads, in its branches and loops too. */
function* namesIn(one: NodeProto): Generator<string, void, void> {
  yield* one.input;
  for (const { g } of one.attribute) {
    for (const inner of g?.node ?? []) yield* namesIn(inner);
    for (const { name } of g?.output ?? []) yield name;
  }
}
