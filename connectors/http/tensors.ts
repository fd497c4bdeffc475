// Tensors of the Open Inference Protocol: texts as BYTES, in JSON or in the binary form that Triton's clients send.
import type { InferRequest } from '../../schemas/requests.ts';
import { HttpProblem } from './problem.ts';

type InputTensor = InferRequest['inputs'][number];

const unusable = (detail: string): HttpProblem => new HttpProblem(400, 'tensor', detail);

/** A request whose JSON is followed by binary tensors. `headerBytes` is what Inference-Header-Content-Length says. */
export function splitBinary(
  body: Buffer,
  headerBytes: number,
): { readonly json: Buffer; readonly rest: Buffer } {
  if (!Number.isInteger(headerBytes) || headerBytes < 2 || headerBytes > body.length)
    throw unusable(
      'Inference-Header-Content-Length is not the length of the JSON at the beginning of the body.',
    );
  return { json: body.subarray(0, headerBytes), rest: body.subarray(headerBytes) };
}

/** The texts of every input by its name. Binary tensors stand in `rest` in the order of the inputs. */
export function textsOf(
  inputs: readonly InputTensor[],
  rest: Buffer,
): ReadonlyMap<string, readonly string[]> {
  const texts = new Map<string, readonly string[]>();
  let at = 0;
  for (const input of inputs) {
    if (input.datatype !== 'BYTES')
      throw unusable(`The input ${input.name} is to be BYTES, not ${input.datatype}.`);
    const bytes = input.parameters?.binary_data_size;
    if (bytes !== undefined && at + bytes > rest.length)
      throw unusable(`The input ${input.name} is cut off.`);
    const found =
      bytes === undefined ? fromJson(input) : fromBytes(rest.subarray(at, at + bytes), input.name);
    at += bytes ?? 0;
    const wanted = input.shape.reduce((product, size) => product * size, 1);
    if (found.length !== wanted)
      throw unusable(`The input ${input.name} has ${found.length} texts, its shape says ${wanted}.`);
    texts.set(input.name, found);
  }
  if (at !== rest.length) throw unusable('The body is longer than its tensors.');
  return texts;
}

function fromJson({ name, data }: InputTensor): readonly string[] {
  const texts = (data as readonly unknown[] | undefined)?.flat();
  if (texts?.every((text) => typeof text === 'string')) return texts;
  throw unusable(`The data of the input ${name} are to be texts.`);
}

/** Each text after its length, four bytes little-endian. */
function fromBytes(bytes: Buffer, name: string): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 <= bytes.length ? at + 4 + bytes.readUInt32LE(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw unusable(`The input ${name} is cut off within a text.`);
    texts.push(bytes.toString('utf8', at + 4, end));
    at = end;
  }
  return texts;
}

/** Texts as a binary tensor. */
export function bytesOf(texts: readonly string[]): Buffer {
  const parts = texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat(parts);
}

/** 32-bit floats as a binary tensor, little-endian. */
export function floatBytesOf(values: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, 4 * index);
  return bytes;
}
