// Tries native libraries in a process of its own (library-probe.ts) and reads what came of it.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Provider } from '../../processors/inference/providers.ts';

export interface ProbeLine {
  readonly version?: string;
  readonly provider?: Provider;
  readonly trying?: boolean;
  readonly works?: boolean;
  readonly why?: string;
}

export interface ProbeResult {
  readonly lines: readonly ProbeLine[];
  /** How the process ended. */
  readonly end: string;
  /** What it wrote on standard error. */
  readonly errors: string;
}

/** Lines that the probe printed before it ended or was ended. */
export async function probe(args: readonly string[], signal: AbortSignal): Promise<ProbeResult> {
  const script = fileURLToPath(new URL('./probe-entry.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const end = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, killedBy) => resolve(killedBy ?? `exit code ${code}`));
  });
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  return { lines: lines.map((line) => JSON.parse(line) as ProbeLine), end, errors };
}

/** What came of one execution provider. */
export interface ProviderTrial {
  readonly provider: Provider;
  readonly works: boolean;
  /** What the library said, on one line; empty where it works. */
  readonly why: string;
}

export interface ProviderTrials {
  /** Version of onnxruntime-node; null where it does not load. */
  readonly version: string | null;
  readonly trials: readonly ProviderTrial[];
  readonly end: string;
  readonly errors: string;
}

/** Tries execution providers, each with a session that runs; `libraries` are loaded before. */
export async function tryProviders(
  providers: readonly Provider[],
  libraries: readonly string[],
  signal: AbortSignal,
): Promise<ProviderTrials> {
  const result = await probe(['onnx', providers.join(','), JSON.stringify(libraries)], signal);
  const { lines, end, errors } = result;
  const version = lines.find((line) => line.version)?.version ?? null;
  const tried = providers.filter((name) => lines.some(({ provider }) => provider === name));
  const trials = tried.map((provider): ProviderTrial => {
    const line = lines.find((one) => one.provider === provider && one.trying === undefined);
    if (line?.works === true) return { provider, works: true, why: '' };
    const said = line
      ? (line.why ?? 'the session answered wrongly')
      : `the attempt ended its process (${end})`;
    return { provider, works: false, why: reasonOf(provider, errors) ?? said.replace(/\s+/g, ' ').trim() };
  });
  return { version, trials, end, errors };
}

/** The library that could not be loaded, out of what ONNX Runtime and the linker wrote about one provider. */
function reasonOf(provider: Provider, errors: string): string | null {
  const [, own = ''] = errors.split(`\ntrying ${provider}\n`);
  const [said = ''] = own.split('\ntrying ');
  return (
    /\S+: cannot open shared object file[^\n]*/.exec(said)?.[0] ??
    /CUDA failure \d+: [^;\n]*/.exec(said)?.[0] ??
    null
  );
}
