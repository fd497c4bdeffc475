// Who takes part, and how each is started.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type JavaPeer, javaFolder, type PythonSet, python, repository, sources } from './places.ts';

export interface Contestant {
  readonly name: string;
  readonly about: string;
  readonly command: readonly string[];
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command to run first. In both, `{run}` stands for the run's own folder. */
  readonly prepare?: readonly string[];
  /** Seconds from the last answer to SIGTERM: commit timers and checkpoints. */
  readonly settleS?: number;
  /** False for one that keeps its offsets elsewhere: its lag cannot be checked. */
  readonly commits?: boolean;
}

const pythonFolder = join(sources, 'python');

const pythonPeer = (set: PythonSet, file: string, ...args: string[]) => ({
  command: [python(set), file, ...args],
  folder: pythonFolder,
});

const javaPeer = (peer: JavaPeer, main: string, ...flags: string[]) => ({
  command: [
    'java',
    '-Xmx2g',
    ...flags,
    '-cp',
    `${javaFolder(peer)}/classes:${javaFolder(peer)}/libs/*`,
    main,
  ],
  folder: repository,
});

const nodePeer = {
  command: ['node', fileURLToPath(new URL('./node/peer.mjs', import.meta.url))],
  folder: sources,
};
const flink = {
  ...javaPeer(
    'flink',
    'FlinkPeer',
    '--add-opens=java.base/java.util=ALL-UNNAMED',
    '--add-opens=java.base/java.lang=ALL-UNNAMED',
  ),
  settleS: 15,
};

const millrace = { command: ['./peer.sh'], folder: join(sources, 'millrace') };

export const contestants: readonly Contestant[] = [
  { name: 'millrace', about: 'Millrace: its own CLI, an imported model, a route', ...millrace },
  {
    name: 'millrace-low',
    about: 'the same with `latency: low`',
    ...millrace,
    env: { LATENCY: 'low' },
  },
  { name: 'py', about: 'confluent-kafka and onnxruntime, 30 lines', ...pythonPeer('python', 'plain.py') },
  {
    name: 'py-sorted',
    about: 'the same, each poll sorted by length',
    ...pythonPeer('python', 'plain.py'),
    env: { BUCKET: '1' },
  },
  { name: 'quix', about: 'Quix Streams', ...pythonPeer('python', 'quix_peer.py') },
  {
    name: 'bytewax',
    about: 'Bytewax',
    command: [
      ...[python('bytewax'), '-m', 'bytewax.run', 'bytewax_peer:flow'],
      ...['-r', '{run}', '-s', '5', '-b', '0'],
    ],
    folder: pythonFolder,
    prepare: [python('bytewax'), '-m', 'bytewax.recovery', '{run}', '1'],
    commits: false,
  },
  {
    name: 'faust',
    about: 'faust-streaming',
    ...pythonPeer('faust', 'faust_peer.py', 'worker', '-l', 'warn'),
  },
  { name: 'node', about: 'kafkajs and onnxruntime-node, 60 lines', ...nodePeer },
  {
    name: 'node-sorted',
    about: 'the same, each poll sorted by length',
    ...nodePeer,
    env: { BUCKET: '1' },
  },
  { name: 'kstreams', about: 'Kafka Streams', ...javaPeer('kstreams', 'KStreamsPeer') },
  {
    name: 'kstreams-l5',
    about: 'Kafka Streams with linger 5 ms',
    ...javaPeer('kstreams', 'KStreamsPeer'),
    env: { KS_LINGER: '5' },
  },
  {
    name: 'flink',
    about: 'Flink, async with a micro-batching queue',
    ...flink,
    env: { FLINK_MODE: 'async' },
  },
  { name: 'flink-map', about: 'Flink, one record a time', ...flink, env: { FLINK_MODE: 'map' } },
];

/** Not peers but ceilings: ONNX Runtime alone over the same texts. */
export const ceilings = ['raw-py', 'raw-node'];
