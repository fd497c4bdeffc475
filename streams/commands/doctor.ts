// `millrace doctor`: what this machine has, what answers, and what to do about the rest; and the CUDA provider, installed.
import { resolve } from 'node:path';
import { cudaLibrariesBelow, onnxRuntimePlace } from '../../connectors/onnx-runtime.ts';
import { cudaPlan, installCuda } from '../doctor/cuda.ts';
import { examineMachine } from '../doctor/doctor.ts';
import { tryProviders } from '../doctor/probe.ts';
import { adviceOn } from '../doctor/providers.ts';
import { table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

interface DoctorOptions {
  readonly json?: boolean;
  readonly installCuda?: boolean;
  readonly yes?: boolean;
  readonly python: string;
}

export const doctor: Define = (program, context, action) => {
  program
    .command('doctor')
    .description('examine this machine: Node, processors, models, Kafka, ClickHouse, Redis, registry')
    .option('--json', 'print JSON')
    .option('--install-cuda', 'explain how models come onto an NVIDIA GPU; with --yes, do it')
    .option('--yes', 'do what --install-cuda explains')
    .option('--python <program>', 'a Python with pip, for --install-cuda', 'python3')
    .addHelpText(
      'after',
      '\nExit code 4 when something that the configuration needs failed, or when CUDA does not work after it was installed.\n\nExample:\n  KAFKA_BROKERS=127.0.0.1:9092 millrace doctor',
    )
    .action(
      action((options: DoctorOptions) =>
        options.installCuda ? bringCuda(context, options) : examine(context, options.json ?? false),
      ),
    );
};

const marks = { ok: '✓', absent: '–', failed: '✗' } as const;

async function examine({ io, configuration }: CommandContext, json: boolean): Promise<number> {
  const findings = await examineMachine(configuration);
  const rows = findings.map(({ name, status, detail, fix }) => ({
    '': marks[status],
    name,
    detail,
    'what to do': fix ?? '',
  }));
  await io.stdout.write(json ? jsonLine(findings) : table(rows));
  return findings.some(({ status }) => status === 'failed') ? exitCodes.unavailable : exitCodes.done;
}

const probeMs = 60_000;

async function bringCuda(
  { io, configuration, workingDirectory }: CommandContext,
  { yes, python }: DoctorOptions,
): Promise<number> {
  const runtime = onnxRuntimePlace();
  const directory = resolve(workingDirectory, configuration.inference.cudaDirectory);
  const say = (line: string): void => void io.stdout.write(`${line}\n`);
  for (const line of cudaPlan({ runtime, directory })) say(line);
  if (!yes) {
    say('Nothing was done. Run it again with --yes.');
    return exitCodes.done;
  }
  const platform = `${process.platform}-${process.arch}`;
  await installCuda({ runtime, directory, platform, python, tell: (line) => say(`· ${line}`) });
  const { trials } = await tryProviders(
    ['cuda'],
    cudaLibrariesBelow(directory),
    AbortSignal.timeout(probeMs),
  );
  const trial = trials[0];
  if (trial?.works) {
    say(
      'A session ran on the GPU: transformers use it from the next start on (MILLRACE_INFERENCE_PROVIDER=auto).',
    );
    return exitCodes.done;
  }
  const { detail, fix } = adviceOn('cuda', trial?.why ?? 'the attempt did not end');
  say(`Everything is in place, but no session runs yet: ${detail}. ${fix}`);
  return exitCodes.unavailable;
}
