// Writes ONNX graphs. generated/onnx_pb.* is made from onnx.proto (ONNX, Apache-2.0) by protoc-gen-es.
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.js';

export const tensorTypes = TensorProto_DataType;

/** Operators beside those of ONNX itself that a graph uses. */
interface Opset {
  readonly domain: string;
  readonly version: number;
}

/** ONNX bytes of a model with one graph: equal for equal graphs. Opset 18, which ONNX Runtime has had since 1.14. */
export function modelBytes(
  graph: MessageInitShape<typeof GraphProtoSchema>,
  opsets: readonly Opset[] = [],
): Uint8Array<ArrayBuffer> {
  const model = create(ModelProtoSchema, {
    irVersion: 9n,
    producerName: 'millrace',
    opsetImport: [
      { domain: '', version: 18n },
      ...opsets.map(({ domain, version }) => ({ domain, version: BigInt(version) })),
    ],
    graph,
  });
  return toBinary(ModelProtoSchema, model);
}

/** An operator with one output. `domain` is empty for the operators of ONNX itself. */
export function node(
  opType: string,
  input: string[],
  output: string,
  attribute: AttributeProto[] = [],
  domain = '',
): NodeProto {
  const node = { name: output, opType, input, output: [output], attribute };
  // A domain that is set, even to nothing, is written: files released before there were domains have none.
  return create(NodeProtoSchema, domain === '' ? node : { ...node, domain });
}

/** A whole-number attribute. */
export function integer(name: string, i: number): AttributeProto {
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(i) });
}

/** A text attribute. */
export function word(name: string, text: string): AttributeProto {
  const s = new TextEncoder().encode(text);
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s });
}

/** A list of whole numbers as an attribute. */
export function integers(name: string, values: ArrayLike<number>): AttributeProto {
  const ints = Array.from(values, BigInt);
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints });
}

/** A list of 32-bit floats as an attribute. */
export function floats(name: string, values: ArrayLike<number>): AttributeProto {
  const list = Array.from(values);
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOATS, floats: list });
}

/** A list of texts as an attribute. */
export function words(name: string, texts: readonly string[]): AttributeProto {
  const encoder = new TextEncoder();
  const strings = texts.map((text) => encoder.encode(text));
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRINGS, strings });
}

/** The bytes of a typed array, little-endian as ONNX wants them. */
export const bytesOf = (array: Int8Array | Float32Array | BigInt64Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);

/** A constant. */
export function tensor(
  name: string,
  dataType: TensorProto_DataType,
  dims: number[],
  rawData: Uint8Array<ArrayBuffer>,
): TensorProto {
  return create(TensorProtoSchema, { name, dataType, dims: dims.map(BigInt), rawData });
}

/** A named input or output; a dimension given by name may have any size. */
export function value(
  name: string,
  elemType: TensorProto_DataType,
  shape: (string | number)[],
): ValueInfoProto {
  const dim = shape.map((size) => ({
    value:
      typeof size === 'string'
        ? ({ case: 'dimParam', value: size } as const)
        : ({ case: 'dimValue', value: BigInt(size) } as const),
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType, shape: { dim } } } },
  });
}
