// ONNX Runtime and its execution providers: which can be used here, why the others cannot, and what to do about it.
import { resolve } from 'node:path';
import { cudaLibrariesBelow } from '../../connectors/onnx-runtime.ts';
import type { Provider } from '../../processors/inference/providers.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { type Finding, find } from './finding.ts';
import { shortened } from './libraries.ts';
import { type ProviderTrial, type ProviderTrials, tryProviders } from './probe.ts';

const timeoutMs = 20_000;
const providers: readonly Provider[] = ['cpu', 'cuda', 'tensorrt', 'webgpu'];

/** ONNX Runtime and each execution provider, proven by a session that ran. */
export async function examineProviders({ inference }: Configuration): Promise<readonly Finding[]> {
  let tried: ProviderTrials | null = null;
  const runtime = await find({
    name: 'ONNX Runtime',
    timeoutMs,
    fix: 'Run `npm ci` again on this machine: the package onnxruntime-node is missing or built for another one.',
    examine: async (signal) => {
      tried = await tryProviders(providers, cudaLibrariesBelow(resolve(inference.cudaDirectory)), signal);
      if (tried.version === null)
        throw new Error(`${tried.end}. ${shortened(tried.errors.trim().split('\n').at(-1) ?? '')}`);
      return { status: 'ok', detail: `onnxruntime-node ${tried.version}` };
    },
  });
  const trials = (tried as ProviderTrials | null)?.trials ?? [];
  return [runtime, ...trials.map((trial) => providerFinding(trial, inference.provider))];
}

function providerFinding({ provider, works, why }: ProviderTrial, wanted: string): Finding {
  const name = `provider ${provider}`;
  if (works) return { name, status: 'ok', detail: 'a session ran' };
  const needed = provider === 'cpu' || provider === wanted;
  return { name, status: needed ? 'failed' : 'absent', ...adviceOn(provider, why) };
}

type Advice = Pick<Finding, 'detail'> & { readonly fix: string };

const installCuda = 'Where there is an NVIDIA GPU, run `millrace doctor --install-cuda`.';

/** What a library’s words mean, and what to do. */
const advice: readonly {
  readonly provider: RegExp;
  readonly said: RegExp;
  readonly detail: string;
  readonly fix: string;
}[] = [
  {
    provider: /cuda|tensorrt/,
    said: /libcuda\.so/,
    detail: 'the NVIDIA driver is not here',
    fix: 'Install the driver, version 580 or newer; in a container start it with the GPU (`--gpus all`).',
  },
  {
    provider: /cuda|tensorrt/,
    said: /libonnxruntime_providers_/,
    detail: 'its library is not installed: npm’s package comes without',
    fix: installCuda,
  },
  {
    provider: /tensorrt/,
    said: /libnvinfer|libnvonnxparser/,
    detail: 'TensorRT’s own libraries are not here',
    fix: 'Only MILLRACE_INFERENCE_PROVIDER=tensorrt needs them: `pip download tensorrt-cu13-libs==10.*`, unpacked into MILLRACE_CUDA_DIRECTORY.',
  },
  {
    provider: /cuda|tensorrt/,
    said: /lib(cu|nv)\w+\.so/,
    detail: 'CUDA’s libraries are not here',
    fix: installCuda,
  },
  {
    provider: /cuda|tensorrt/,
    said: /CUDA failure 35|insufficient/,
    detail: 'the NVIDIA driver is older than these CUDA libraries',
    fix: 'Install a driver of version 580 or newer.',
  },
  {
    provider: /cuda|tensorrt/,
    said: /CUDA failure 100|no CUDA-capable device/,
    detail: 'there is a driver, but no GPU that it shows',
    fix: 'Check `nvidia-smi`, and CUDA_VISIBLE_DEVICES.',
  },
  {
    provider: /webgpu/,
    said: /libvulkan/,
    detail: 'Vulkan is not here',
    fix: 'Where there is a graphics processor, install libvulkan1 and its driver.',
  },
  {
    provider: /webgpu/,
    said: /No supported adapters/,
    detail: 'there is no graphics processor with a Vulkan driver',
    fix: 'Only machines with one have it; llvmpipe is not enough, SwiftShader is for tests.',
  },
];

/** Exported for its table. */
export function adviceOn(provider: Provider, why: string): Advice {
  const known = advice.find((one) => one.provider.test(provider) && one.said.test(why));
  if (known) return { detail: `${known.detail}${lineOf(why)}`, fix: known.fix };
  if (provider === 'cpu') return { detail: shortened(why), fix: 'Run `npm ci` again on this machine.' };
  return { detail: shortened(why), fix: 'Only machines with such a device and its libraries have it.' };
}

const lineOf = (why: string): string => {
  const library = /^(\S+\.so[.\d]*): cannot open/.exec(why)?.[1];
  return library && !library.includes('onnxruntime')
    ? ` (${library.slice(library.lastIndexOf('/') + 1)} is missing)`
    : '';
};
