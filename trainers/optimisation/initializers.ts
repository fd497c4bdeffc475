// Reads the constants back out of an ONNX file that a trainer of ours wrote.
import { fromBinary } from '@bufbuild/protobuf';
import { Misconfigured } from '../../schemas/errors.ts';
import { ModelProtoSchema } from '../onnx/generated/onnx_pb.js';

/** Constants of a graph by name. */
export type Initializers = ReadonlyMap<string, Uint8Array>;

/** The constants of an ONNX file. Throws `Misconfigured` for what is none. */
export function readInitializers(release: string, bytes: Uint8Array | undefined): Initializers {
  try {
    if (bytes === undefined) throw new Error('it has no file model.onnx');
    const { graph } = fromBinary(ModelProtoSchema, bytes);
    return new Map((graph?.initializer ?? []).map(({ name, rawData }) => [name, rawData]));
  } catch (cause) {
    throw new Misconfigured(`the model of ${release} cannot be read: ${String(cause)}`, {
      code: 'model-unreadable',
      fix: 'Restore the release from the repository, or train it again with “millrace train”.',
      cause,
    });
  }
}

/** The bytes of a constant, in a buffer of their own so that wider elements are aligned. */
function bytesOf(initializers: Initializers, name: string): ArrayBuffer {
  const bytes = initializers.get(name);
  if (bytes === undefined) throw new Error(`the ONNX file has no constant ${name}`);
  // A copy: a slice of a Buffer would share the whole file.
  return new Uint8Array(bytes).buffer;
}

export const floatsOf = (initializers: Initializers, name: string): Float32Array =>
  new Float32Array(bytesOf(initializers, name));

export const smallIntegersOf = (initializers: Initializers, name: string): Int8Array =>
  new Int8Array(bytesOf(initializers, name));
