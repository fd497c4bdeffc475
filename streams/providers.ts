// What transformers run on in this process: chosen once, and told to whoever watches.
import { resolve } from 'node:path';
import { hasGraphicsProcessor } from '../connectors/gpu.ts';
import type { Logger } from '../connectors/logger.ts';
import type { Metrics } from '../connectors/metrics.ts';
import { cudaLibrariesBelow, hasCudaProvider, onnxRuntimePlace } from '../connectors/onnx-runtime.ts';
import {
  cpuDevice,
  type Device,
  deviceOf,
  type Opened,
  type Provider,
} from '../processors/inference/providers.ts';
import type { ModelRelease } from '../schemas/model-manifest.ts';
import type { Configuration } from './configuration/configuration.ts';
import { type ProviderTrial, tryProviders } from './doctor/probe.ts';

/** What there is on this machine, as far as a choice needs it. */
export interface MachineProviders {
  readonly hasCudaLibrary: () => boolean;
  readonly hasGraphicsProcessor: () => Promise<boolean>;
  /** Tries a provider in a process of its own: one that ends its process must not end this one. */
  readonly try: (provider: Provider, libraries: readonly string[]) => Promise<ProviderTrial>;
}

export interface Choice {
  readonly device: Device;
  /** Providers that might have been expected and do not work, with what they said. */
  readonly refused: readonly ProviderTrial[];
}

const probeMs = 30_000;

const thisMachine: MachineProviders = {
  hasCudaLibrary: () => hasCudaProvider(onnxRuntimePlace()),
  hasGraphicsProcessor,
  async try(provider, libraries) {
    const { trials, end } = await tryProviders([provider], libraries, AbortSignal.timeout(probeMs));
    return trials[0] ?? { provider, works: false, why: `the attempt ended its process (${end})` };
  },
};

/**
 * Chooses. A provider that is named is taken: each session that it refuses falls back, and says so. `auto` takes CUDA
 * where its library is installed and a session ran, then WebGPU where the system shows a graphics processor and a
 * session ran, then the processor. TensorRT is taken only by name: it builds each model for minutes when it loads it.
 */
export async function chooseDevice(
  { provider, cudaDirectory }: Pick<Configuration['inference'], 'provider' | 'cudaDirectory'>,
  machine: MachineProviders = thisMachine,
): Promise<Choice> {
  const libraries = cudaLibrariesBelow(resolve(cudaDirectory));
  if (provider === 'cpu') return { device: cpuDevice, refused: [] };
  if (provider !== 'auto') return { device: deviceOf(provider, libraries), refused: [] };
  const candidates: Provider[] = [];
  if (machine.hasCudaLibrary()) candidates.push('cuda');
  if (await machine.hasGraphicsProcessor()) candidates.push('webgpu');
  const refused: ProviderTrial[] = [];
  for (const candidate of candidates) {
    const trial = await machine.try(candidate, libraries);
    if (trial.works) return { device: deviceOf(candidate, libraries), refused };
    refused.push(trial);
  }
  return { device: cpuDevice, refused };
}

/** Who hears what models run on. */
export interface ProviderNews {
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly metrics: Pick<Metrics, 'inferenceProvider' | 'inferenceProviderFallbacks'>;
}

/** A device for an engine, and what the engine tells about its sessions. */
export interface EnginePlacement {
  readonly device: Device;
  readonly opened: (opened: readonly Opened[]) => void;
}

/**
 * The device for releases. Nothing is tried where none of them is worth one: only transformers in float32 are.
 * Without `news` a fallback is a warning of the process.
 */
export async function placementFor(
  inference: Pick<Configuration['inference'], 'provider' | 'cudaDirectory'>,
  releases: readonly Pick<ModelRelease, 'manifest'>[],
  news?: ProviderNews,
): Promise<EnginePlacement> {
  const worthIt = releases.some(
    ({ manifest }) => manifest.kind === 'transformer' && manifest.precision === 'float32',
  );
  if (!worthIt) return { device: cpuDevice, opened: () => {} };
  const { device, refused } = await chooseDevice(inference);
  for (const { provider, why } of refused)
    tellRefusal(news, `${provider} does not work here: ${why}; \`millrace doctor\` says what to do`);
  return { device, opened: tellerOf(news) };
}

function tellRefusal(news: ProviderNews | undefined, message: string): void {
  if (news) news.logger.warn({}, message);
  else process.emitWarning(message, 'ExecutionProvider');
}

/** Tells of every session once, however many threads open it. */
function tellerOf(news: ProviderNews | undefined): EnginePlacement['opened'] {
  const told = new Set<string>();
  return (opened) => {
    for (const session of opened) {
      const { release, wanted, provider, why } = session;
      if (why !== null && wanted !== provider)
        news?.metrics.inferenceProviderFallbacks.add({ release, wanted, provider });
      if (told.has(`${release} ${provider}`)) continue;
      told.add(`${release} ${provider}`);
      news?.metrics.inferenceProvider.set({ release, provider }, 1);
      if (wanted === provider) news?.logger.info({ release, provider }, 'the model is loaded');
      else tellRefusal(news, `${release} runs on ${provider} and not on ${wanted}: ${why}`);
    }
  };
}
