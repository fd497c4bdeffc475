// A process of its own that tries a native library and says on standard output, line by line, what came of it: a
// library that ends the process, or prints, does so here.
//   library-probe.ts onnx   one JSON line per execution provider, each proven by a session that ran
//   library-probe.ts chdb   one JSON line with ClickHouse’s version
//   library-probe.ts librdkafka   one JSON line with librdkafka’s version
import { writeSync } from 'node:fs';
import { loadNative } from '../../connectors/librdkafka/native.ts';

/** `y = x`: one Identity node over one float, opset 13 (63 bytes, laid out by hand from onnx.proto). */
const identityModel = Buffer.from(
  'CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAN',
  'base64',
);

const say = (line: Readonly<Record<string, unknown>>): void => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function tryProviders(): Promise<void> {
  const { InferenceSession, listSupportedBackends, Tensor, env } = await import('onnxruntime-node');
  say({ version: env.versions.node ?? env.versions.common });
  for (const { name } of listSupportedBackends()) {
    say({ provider: name, trying: true });
    try {
      const session = await InferenceSession.create(identityModel, {
        executionProviders: [name],
        logSeverityLevel: 4,
      });
      const { y } = await session.run({ x: new Tensor('float32', [7], [1]) });
      await session.release();
      say({ provider: name, works: y?.data[0] === 7 });
    } catch (error) {
      say({ provider: name, works: false, why: messageOf(error) });
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

const attempts: Readonly<Record<string, () => Promise<void>>> = {
  onnx: tryProviders,
  chdb: tryChdb,
  librdkafka: tryLibrdkafka,
};
await attempts[process.argv[2] ?? '']?.();
// chdb keeps threads that would hold the process.
process.exit(0);
