// The native libraries, each tried in a process of its own: ONNX Runtime with its execution providers, chdb, librdkafka.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { installation } from '../../connectors/librdkafka/native.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { type Examination, type Finding, find } from './finding.ts';

interface ProbeLine {
  readonly version?: string;
  readonly provider?: string;
  readonly trying?: boolean;
  readonly works?: boolean;
  readonly why?: string;
}

const timeoutMs = 20_000;

/** Lines that the probe printed before it ended or was ended, and how it ended. */
async function probe(
  library: 'onnx' | 'chdb' | 'librdkafka',
  signal: AbortSignal,
): Promise<{ readonly lines: readonly ProbeLine[]; readonly end: string; readonly errors: string }> {
  const script = fileURLToPath(new URL('library-probe.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script, library], {
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

/** ONNX Runtime and each execution provider it lists, proven by a session that ran. */
export async function examineProviders(): Promise<readonly Finding[]> {
  let lines: readonly ProbeLine[] = [];
  const runtime = await find({
    name: 'ONNX Runtime',
    timeoutMs,
    fix: 'Run `npm ci` again on this machine: the package onnxruntime-node is missing or built for another one.',
    examine: async (signal) => {
      const result = await probe('onnx', signal);
      lines = result.lines;
      const version = lines.find((line) => line.version)?.version;
      if (version === undefined) throw new Error(`${result.end}. ${lastLineOf(result.errors)}`);
      return { status: 'ok', detail: `onnxruntime-node ${version}` };
    },
  });
  const names = new Set(lines.flatMap(({ provider }) => provider ?? []));
  return [runtime, ...[...names].map((name) => providerFinding(name, lines))];
}

function providerFinding(provider: string, lines: readonly ProbeLine[]): Finding {
  const result = lines.find((line) => line.provider === provider && line.trying === undefined);
  const name = `provider ${provider}`;
  if (result?.works) return { name, status: 'ok', detail: 'a session ran' };
  const why = result ? (result.why ?? 'the session answered wrongly') : 'the attempt ended its process';
  const detail = shortened(why);
  if (provider === 'cpu')
    return { name, status: 'failed', detail, fix: 'Run `npm ci` again on this machine.' };
  return {
    name,
    status: 'absent',
    detail,
    fix: 'Only machines with such a device and its libraries have it.',
  };
}

/** The last sentence of a native error, without source places in front. */
function shortened(why: string): string {
  const text = why.replace(/\s+/g, ' ').trim();
  return text.length > 120 ? `…${text.slice(-120)}` : text;
}

const lastLineOf = (text: string): string => shortened(text.trim().split('\n').at(-1) ?? '');

export const chdb = ({ clickhouse }: Configuration): Examination => ({
  name: 'chdb',
  timeoutMs,
  otherwise: clickhouse.url === null ? 'failed' : 'absent',
  fix: 'Run `npm install --include=optional` (Linux or macOS), or set CLICKHOUSE_URL.',
  examine: async (signal) => {
    const { lines, end, errors } = await probe('chdb', signal);
    const version = lines[0]?.version;
    if (version === undefined) throw new Error(`it does not load: ${end}. ${lastLineOf(errors)}`);
    return { status: 'ok', detail: `ClickHouse ${version} in process` };
  },
});

export const librdkafka = ({ kafka }: Configuration): Examination => ({
  name: 'librdkafka',
  timeoutMs,
  otherwise: kafka.client === 'librdkafka' && kafka.brokers.length > 0 ? 'failed' : 'absent',
  fix: `Only KAFKA_CLIENT=librdkafka needs it. Build it: ${installation}`,
  examine: async (signal) => {
    const { lines, end } = await probe('librdkafka', signal);
    const version = lines[0]?.version;
    if (version === undefined) throw new Error(`its native module is missing or not built (${end})`);
    const used = kafka.client === 'librdkafka' ? 'in use' : 'not in use: KAFKA_CLIENT is kafkajs';
    return { status: 'ok', detail: `version ${version}, ${used}` };
  },
});
