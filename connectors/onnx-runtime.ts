// Where ONNX Runtime lies on this disk, and the libraries of its CUDA provider, which npm’s package comes without.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface RuntimePlace {
  readonly version: string;
  /** Where its native libraries lie: providers are looked for there and nowhere else. */
  readonly folder: string;
}

/** The place of onnxruntime-node. Throws where it is not installed. */
export function onnxRuntimePlace(): RuntimePlace {
  const file = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return { version, folder: join(dirname(file), 'bin', 'napi-v6', process.platform, process.arch) };
}

/** Files that ONNX Runtime loads when a session asks for CUDA or TensorRT. */
export const providerLibraries = ['shared', 'cuda', 'tensorrt'].map(
  (name) => `libonnxruntime_providers_${name}.so`,
);

/** Whether the CUDA provider’s library is where ONNX Runtime looks. */
export const hasCudaProvider = ({ folder }: RuntimePlace): boolean =>
  existsSync(join(folder, 'libonnxruntime_providers_cuda.so'));

/** What the CUDA provider wants, in the order to load it: each needs those before it. */
const cudaNames = [
  ...['libcudart.so', 'libcublasLt.so', 'libcublas.so', 'libcurand.so', 'libnvJitLink.so', 'libcufft.so'],
  ...['libnvrtc.so', 'libcudnn.so', 'libnvinfer.so', 'libnvonnxparser.so'],
];

/** CUDA’s libraries below a folder, in the order to load them; none where it is not there. */
export function cudaLibrariesBelow(folder: string): readonly string[] {
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  return cudaNames.flatMap((name) => {
    const found = files.filter((file) => file.slice(file.lastIndexOf('/') + 1).startsWith(`${name}.`));
    return found.sort().map((file) => join(folder, file));
  });
}
