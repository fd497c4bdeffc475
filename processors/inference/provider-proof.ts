// Whether a provider computes here: a tiny graph is opened on it and run. What ONNX Runtime lists says nothing about that.
import { Tensor } from 'onnxruntime-node';
import type { Device } from './providers.ts';
import { openOn } from './session.ts';

/**
 * `y = x·w + x·w` over 2 × 2 floats: 131 bytes that trainers/onnx/graph.ts wrote (`modelBytes` of a MatMul and an Add).
 * A constant, because processors import no trainers.
 */
const proof = Buffer.from(
  'CAkSCG1pbGxyYWNlOm8KFAoBeAoBdxIBbRoBbSIGTWF0TXVsChEKAW0KAW0SAXkaAXkiA0FkZBIFcHJvb2ZaEwoBeBIOCgwIARIICgIIAgoC' +
    'CAJaEwoBdxIOCgwIARIICgIIAgoCCAJiEwoBeRIOCgwIARIICgIIAgoCCAJCBAoAEBI=',
  'base64',
);

/** Resolves to whether the device computes rightly. Throws what ONNX Runtime says where it refuses. */
export async function computes(device: Device): Promise<boolean> {
  const session = await openOn(proof, device);
  try {
    const matrix = (values: readonly number[]) => new Tensor('float32', values, [2, 2]);
    const { y } = await session.run({ x: matrix([1, 2, 3, 4]), w: matrix([1, 0, 0, 1]) });
    return [2, 4, 6, 8].every((value, at) => y?.data[at] === value);
  } finally {
    await session.release();
  }
}
