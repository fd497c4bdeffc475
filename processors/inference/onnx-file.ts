// Reads an ONNX file that Millrace wrote, as far as its own kernels need it: which operators there are, the constants,
// and the last part of the graph as a file of its own, for ONNX Runtime to do what kernels leave to it.

/** A field of a protobuf message: its number, where it begins with its tag, and where its bytes lie. */
interface Field {
  readonly number: number;
  readonly start: number;
  readonly from: number;
  readonly end: number;
  /** A whole number, where the field is one. */
  readonly value: number;
}

interface Operator {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly field: Field;
}

/** Numbers of fields, by onnx.proto. */
const inModel = { irVersion: 1, graph: 7, opsets: 8 } as const;
const inGraph = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const inNode = { input: 1, output: 2, type: 4 } as const;
const inTensor = { dims: 1, name: 8, raw: 9 } as const;
const inValueInfo = { name: 1 } as const;
const floatType = 1;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** One ONNX file. Throws where the bytes are none. */
export class OnnxFile {
  readonly #bytes: Uint8Array;
  readonly #graph: readonly Field[];
  readonly #operators: readonly Operator[];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const graph = fieldsOf(bytes, 0, bytes.length).find(({ number }) => number === inModel.graph);
    if (graph === undefined) throw new Error('the model file holds no graph');
    this.#graph = fieldsOf(bytes, graph.from, graph.end);
    this.#operators = this.#graph
      .filter(({ number }) => number === inGraph.node)
      .map((field) => ({
        type: this.#texts(field, inNode.type)[0] ?? '',
        inputs: this.#texts(field, inNode.input),
        outputs: this.#texts(field, inNode.output),
        field,
      }));
  }

  /** Types of all operators in their order, from the one that makes `from` up to the one that makes `to`. */
  operators(from: string, to: string): readonly string[] {
    const placeOf = (name: string) => this.#operators.findIndex(({ outputs }) => outputs.includes(name));
    return this.#operators.slice(placeOf(from), placeOf(to) + 1).map(({ type }) => type);
  }

  /** Bytes and dimensions of a constant; undefined where there is none of that name. Bytes are a copy, aligned. */
  constant(
    name: string,
  ): { readonly bytes: Uint8Array<ArrayBuffer>; readonly dims: readonly number[] } | undefined {
    const field = this.#named(inGraph.initializer, inTensor.name).get(name);
    if (field === undefined) return undefined;
    const fields = fieldsOf(this.#bytes, field.from, field.end);
    const raw = fields.find(({ number }) => number === inTensor.raw);
    return {
      bytes: new Uint8Array(raw ? this.#bytes.subarray(raw.from, raw.end) : []),
      dims: fields.filter(({ number }) => number === inTensor.dims).map(({ value }) => value),
    };
  }

  /**
   * The part of the graph behind a value, float [n, width], as a model of its own whose one input that value is.
   */
  tailBehind(name: string, width: number): Uint8Array<ArrayBuffer> {
    const reached = new Set([name]);
    const needed = new Set<string>();
    const kept: Uint8Array[] = [];
    for (const { inputs, outputs, field } of this.#operators) {
      if (!inputs.some((input) => reached.has(input))) continue;
      for (const input of inputs) needed.add(input);
      for (const output of outputs) reached.add(output);
      kept.push(this.#whole(field));
    }
    const parts = [
      ...kept,
      message(inGraph.name, encoder.encode('tail')),
      ...this.#those(inGraph.initializer, inTensor.name, needed),
      message(inGraph.input, valueInfo(name, width)),
      ...this.#those(inGraph.output, inValueInfo.name, new Set([...reached].filter((it) => it !== name))),
    ];
    const model = fieldsOf(this.#bytes, 0, this.#bytes.length)
      .filter(({ number }) => number === inModel.irVersion || number === inModel.opsets)
      .map((field) => this.#whole(field));
    return joined([...model, message(inModel.graph, joined(parts))]);
  }

  #those(kind: number, nameField: number, names: ReadonlySet<string>): Uint8Array[] {
    return [...this.#named(kind, nameField)]
      .filter(([name]) => names.has(name))
      .map(([, field]) => this.#whole(field));
  }

  #named(kind: number, nameField: number): ReadonlyMap<string, Field> {
    const fields = this.#graph.filter(({ number }) => number === kind);
    return new Map(fields.map((field) => [this.#texts(field, nameField)[0] ?? '', field]));
  }

  #texts({ from, end }: Field, number: number): readonly string[] {
    return fieldsOf(this.#bytes, from, end)
      .filter((field) => field.number === number)
      .map((field) => decoder.decode(this.#bytes.subarray(field.from, field.end)));
  }

  #whole({ start, end }: Field): Uint8Array {
    return this.#bytes.subarray(start, end);
  }
}

/** Fields of the protobuf message in bytes [from, end). */
function fieldsOf(bytes: Uint8Array, from: number, end: number): Field[] {
  const fields: Field[] = [];
  let at = from;
  const readNumber = (): number => {
    let number = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || at > end) throw new Error('the model file is cut short');
      number += (byte & 127) * scale;
      if (byte < 128) return number;
    }
  };
  while (at < end) {
    const start = at;
    const tag = readNumber();
    const wire = tag & 7;
    if (wire === 0) {
      const value = readNumber();
      fields.push({ number: tag >>> 3, start, from: at, end: at, value });
      continue;
    }
    const length = wire === 2 ? readNumber() : wire === 5 ? 4 : 8;
    if (at + length > end) throw new Error('the model file is cut short');
    fields.push({ number: tag >>> 3, start, from: at, end: at + length, value: 0 });
    at += length;
  }
  return fields;
}

/** What the graph says of a value, float [n, width]. */
function valueInfo(name: string, width: number): Uint8Array {
  const dims = joined([
    message(1, message(2, encoder.encode('texts'))),
    message(1, joined([tag(1, 0), number(width)])),
  ]);
  const tensor = joined([tag(1, 0), number(floatType), message(2, dims)]);
  return joined([message(1, encoder.encode(name)), message(2, message(1, tensor))]);
}

const message = (field: number, bytes: Uint8Array): Uint8Array =>
  joined([tag(field, 2), number(bytes.length), bytes]);

const tag = (field: number, wire: number): Uint8Array => number(field * 8 + wire);

function number(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  return Uint8Array.of(...bytes, rest);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
