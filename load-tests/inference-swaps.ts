// `node --import tsx load-tests/inference-swaps.ts`: swaps releases again and again while texts are answered, and prints
// memory and latencies beside those without a swap.
import { parseArgs } from 'node:util';
import { createEngine } from '../processors/inference/engine.ts';
import type { LoadableModel } from '../schemas/model-manifest.ts';
import { table } from '../streams/terminal.ts';
import { minilm, wordAt } from './inference/minilm.ts';

const usage = `node --import tsx load-tests/inference-swaps.ts [--swaps 100] [--workers 1] [--every-ms 20] [--json]
`;

const task = 'bench';
const mebibyte = 1_048_576;
const text = Array.from({ length: 12 }, (_, at) => wordAt(at)).join(' ');

interface Row {
  readonly swaps: number;
  readonly 'RSS MiB': number;
  readonly requests: number;
  readonly 'p50 ms': number;
  readonly 'p99 ms': number;
  readonly 'max ms': number;
}

const { values } = parseArgs({
  options: {
    swaps: { type: 'string', default: '100' },
    workers: { type: 'string', default: '1' },
    'every-ms': { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

const model = minilm(task, 'int8');
const releaseOf = (minor: number): LoadableModel => {
  const version = `1.${minor}.0`;
  return { ...model, manifest: { ...model.manifest, version, release: `${task}@${version}` } };
};
const engine = await createEngine({ models: [releaseOf(0)], workers: Number(values.workers) });
let latencies: number[] = [];
const timer = setInterval(() => {
  const started = performance.now();
  void engine
    .predict([task], [text], { priority: 'request' })
    .then(() => latencies.push(performance.now() - started));
}, Number(values['every-ms']));

function rowOf(swaps: number): Row {
  const sorted = latencies.sort((a, b) => a - b);
  latencies = [];
  return {
    swaps,
    'RSS MiB': process.memoryUsage.rss() / mebibyte,
    requests: sorted.length,
    'p50 ms': sorted[sorted.length >> 1] ?? 0,
    'p99 ms': sorted[Math.floor(0.99 * sorted.length)] ?? 0,
    'max ms': sorted.at(-1) ?? 0,
  };
}

await new Promise((resolve) => setTimeout(resolve, 5_000));
const rows = [rowOf(0)];
for (let swap = 1; swap <= Number(values.swaps); swap++) {
  await engine.swap([releaseOf(swap)]);
  if (swap % 10 === 0) rows.push(rowOf(swap));
}
clearInterval(timer);
await engine.close();
process.stdout.write(
  values.json ? `${JSON.stringify(rows, null, 2)}\n` : table(rows.map((row) => ({ ...row }))),
);
