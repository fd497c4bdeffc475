// A process of its own that tries a native library and says on standard output, line by line, what came of it: a
// library that ends the process, or prints, does so here.
//   library-probe.ts onnx <providers> <libraries as JSON>   one JSON line per execution provider, each proven by a
//                                                           session that ran; standard error names each before
//   library-probe.ts chdb         one JSON line with ClickHouse’s version
//   library-probe.ts librdkafka   one JSON line with librdkafka’s version
import { writeSync } from 'node:fs';
import { loadNative } from '../../connectors/librdkafka/native.ts';
import type { Provider } from '../../processors/inference/providers.ts';

const say = (line: Readonly<Record<string, unknown>>): void => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function tryProviders(providers = 'cpu', libraries = '[]'): Promise<void> {
  const { env } = await import('onnxruntime-node');
  const { computes } = await import('../../processors/inference/provider-proof.ts');
  const { deviceOf } = await import('../../processors/inference/providers.ts');
  say({ version: env.versions.node ?? env.versions.common });
  for (const provider of providers.split(',') as Provider[]) {
    say({ provider, trying: true });
    // ONNX Runtime says the reason there, and nowhere else.
    writeSync(2, `\ntrying ${provider}\n`);
    try {
      const works = await computes(deviceOf(provider, JSON.parse(libraries) as string[]));
      say({ provider, works });
    } catch (error) {
      say({ provider, works: false, why: messageOf(error) });
    }
  }
}

async function tryChdb(): Promise<void> {
  const { query } = await import('chdb');
  say({ version: String(query('SELECT version()', 'TabSeparated')).trim() });
}

async function tryLibrdkafka(): Promise<void> {
  const { librdkafkaVersion } = await loadNative();
  say({ version: librdkafkaVersion });
}

const attempts: Readonly<Record<string, (...args: string[]) => Promise<void>>> = {
  onnx: tryProviders,
  chdb: tryChdb,
  librdkafka: tryLibrdkafka,
};
await attempts[process.argv[2] ?? '']?.(...process.argv.slice(3));
// chdb keeps threads that would hold the process.
process.exit(0);
