// The TensorFlow.js adapter: whichever build is there, the fastest first, and why the faster ones were not taken.
import type * as tensorflow from '@tensorflow/tfjs-core';
import { Misconfigured } from '../../schemas/errors.ts';

export type TensorFlow = typeof tensorflow;

/** What computes, the fastest first. */
export const backendNames = ['node-gpu', 'node', 'webgpu', 'wasm'] as const;
export type BackendName = (typeof backendNames)[number];

/** TensorFlow.js ready to compute. */
export interface Backend {
  readonly name: BackendName;
  readonly tf: TensorFlow;
  /** The faster ones, and what was wrong with each. */
  readonly passedOver: readonly { readonly name: BackendName; readonly why: string }[];
}

type Opener = () => Promise<TensorFlow>;
/** Imports by a name that is not known to be installed. Replaced in tests. */
export type Import = (specifier: string) => Promise<unknown>;

const core = '@tensorflow/tfjs-core';
const wasm = '@tensorflow/tfjs-backend-wasm';

/** Ours by their names, so that what looks for unused dependencies finds them. */
const importPackage: Import = (specifier) =>
  specifier === wasm ? import('@tensorflow/tfjs-backend-wasm') : import(specifier);

const openers = (load: Import): Readonly<Record<BackendName, Opener>> => ({
  'node-gpu': () => openNative(load, '@tensorflow/tfjs-node-gpu'),
  node: () => openNative(load, '@tensorflow/tfjs-node'),
  webgpu: () => openWebGpu(load),
  wasm: async () => {
    const tf = (await load(core)) as TensorFlow;
    await load(wasm);
    // Its threads wait for each other longer than such small steps take: two cores were five times slower than one.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    return ready(tf, 'wasm');
  },
});

/**
 * Opens `wanted`, or the fastest that works. Throws `Misconfigured` with what each one lacked where none does. Opened
 * once for a process: the engine of TensorFlow.js is global.
 */
export async function openBackend(
  wanted: BackendName | 'auto',
  load: Import = importPackage,
): Promise<Backend> {
  const passedOver: { name: BackendName; why: string }[] = [];
  const known = openers(load);
  for (const name of wanted === 'auto' ? backendNames : [wanted]) {
    try {
      return { name, tf: await known[name](), passedOver };
    } catch (error) {
      passedOver.push({ name, why: reasonOf(error) });
    }
  }
  throw new Misconfigured(`TensorFlow.js cannot compute here: ${describePassedOver(passedOver)}`, {
    code: 'tensorflow-missing',
    fix: 'Run “npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm”, or install @tensorflow/tfjs-node.',
  });
}

/** What a person is told about a backend. */
export function describeBackend({ name, tf, passedOver }: Backend): string {
  const rest =
    passedOver.length === 0 ? '' : `; faster ones were not taken: ${describePassedOver(passedOver)}`;
  return `TensorFlow.js ${tf.version_core} computes on ${name}${rest}`;
}

const describePassedOver = (passedOver: Backend['passedOver']): string =>
  passedOver.map(({ name, why }) => `${name} (${why})`).join(', ');

function reasonOf(error: unknown): string {
  const { code, message = String(error) } = error as { code?: string; message?: string };
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return isMissing ? 'not installed' : message.split('\n')[0]!;
}

async function openNative(load: Import, name: string): Promise<TensorFlow> {
  return ready((await load(name)) as TensorFlow, 'tensorflow');
}

/** Dawn from npm stands in for a browser’s WebGPU; it has to be there before the backend is imported. */
async function openWebGpu(load: Import): Promise<TensorFlow> {
  const dawn = (await load('webgpu')) as { create(options: string[]): unknown; globals: object };
  Object.assign(globalThis, dawn.globals);
  const navigator = { ...(globalThis as { navigator?: object }).navigator, gpu: dawn.create([]) };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  const tf = (await load(core)) as TensorFlow;
  await load('@tensorflow/tfjs-backend-webgpu');
  return ready(tf, 'webgpu');
}

async function ready(tf: TensorFlow, backend: string): Promise<TensorFlow> {
  if (!(await tf.setBackend(backend))) throw new Error(`its backend ${backend} does not start`);
  await tf.ready();
  return tf;
}
