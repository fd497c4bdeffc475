// What all models that run on ONNX Runtime share: how a session is opened and on what, and where its bytes come from.
import { constants } from 'node:os';
import { threadId } from 'node:worker_threads';
import { InferenceSession } from 'onnxruntime-node';
import type { LoadableModel, ModelManifest } from '../../schemas/model-manifest.ts';
import { cpuDevice, type Device, type Opened, type Provider, Turn } from './providers.ts';

/** One thread that does not spin: threads of several models would fight for the cores. */
const singleThread: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  logSeverityLevel: 3,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
};

/** What models use of a session. */
export type Session = Pick<InferenceSession, 'inputNames' | 'outputNames' | 'run' | 'release'>;

/** Where a session is to run, and who is told where it does. */
export interface Placement {
  readonly device: Device;
  readonly tell?: (opened: Opened) => void;
}

export const onCpu: Placement = { device: cpuDevice };

/** Opens a session on the processor: what small models run on, whatever device there is. */
export const openCpuSession = (bytes: Uint8Array): Promise<InferenceSession> =>
  InferenceSession.create(bytes, singleThread);

/**
 * Opens a session on the device; on the processor where the device refuses it, and `tell` hears why. Weights in int8
 * stay on the processor too, for which they were made: devices leave most of their operators to it and copy in between.
 * Throws where the processor refuses it as well.
 */
export async function openSession(
  bytes: Uint8Array,
  { release, precision }: { readonly release: string; readonly precision: 'float32' | 'int8' },
  { device, tell }: Placement,
): Promise<Session> {
  const wanted = device.provider;
  if (wanted === 'cpu' || precision === 'int8') {
    const session = await openCpuSession(bytes);
    tell?.({ release, wanted, provider: 'cpu', why: wanted === 'cpu' ? null : 'its weights are int8' });
    return session;
  }
  try {
    const session = await openOn(bytes, device);
    tell?.({ release, wanted, provider: wanted, why: null });
    return session;
  } catch (error) {
    const session = await openCpuSession(bytes);
    tell?.({ release, wanted, provider: 'cpu', why: error instanceof Error ? error.message : String(error) });
    return session;
  }
}

/** Names for ONNX Runtime, best first: what TensorRT cannot build goes to CUDA. The processor is always behind them. */
const executionProviders: Readonly<Record<Provider, readonly string[]>> = {
  cpu: ['cpu'],
  cuda: ['cuda'],
  tensorrt: ['tensorrt', 'cuda'],
  webgpu: ['webgpu'],
};

/** Opens a session on a device and nothing else. Throws what ONNX Runtime says. */
export async function openOn(bytes: Uint8Array, device: Device): Promise<Session> {
  preload(device.libraries);
  const session = await InferenceSession.create(bytes, {
    ...singleThread,
    executionProviders: executionProviders[device.provider],
  });
  return device.provider === 'webgpu' ? inTurns(session, turnOfThread(device)) : session;
}

let turn: Turn | undefined;
function turnOfThread(device: Device): Turn {
  turn ??= new Turn(device.turn, threadId);
  return turn;
}

function inTurns(session: InferenceSession, turns: Turn): Session {
  const run = (...args: Parameters<Session['run']>) => turns.take(() => session.run(...args));
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: run as Session['run'],
    release: () => turns.take(() => session.release()),
  };
}

/** glibc’s RTLD_NODELETE, which Node has no name for. */
const noDelete = 0x1000;
const preloaded = new Set<string>();

/**
 * Loads shared libraries into the process, so that a provider that wants them by name finds them without
 * LD_LIBRARY_PATH, which only counts when it is set before a process starts. `process.dlopen` then complains that they
 * are no Node modules and lets go of them; they stay because of RTLD_NODELETE.
 */
function preload(libraries: readonly string[]): void {
  for (const library of libraries) {
    if (preloaded.has(library)) continue;
    preloaded.add(library);
    try {
      const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
      process.dlopen({ exports: {} }, library, RTLD_NOW | RTLD_GLOBAL | noDelete);
    } catch {
      // What is missing is named by the provider itself when it is loaded.
    }
  }
}

/** A file of a release. Throws when the release has none of that name. */
export function fileOf(
  { manifest, files }: { readonly manifest: Pick<ModelManifest, 'release'> } & Pick<LoadableModel, 'files'>,
  name: string,
): Uint8Array {
  const bytes = files.get(name);
  if (bytes === undefined) throw new Error(`the release ${manifest.release} has no file ${name}`);
  return bytes;
}
