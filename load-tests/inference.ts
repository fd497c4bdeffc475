// `node --import tsx load-tests/inference.ts`: texts per second and per CPU-second of the engine over an encoder of
// MiniLM-L6’s shape, beside ONNX Runtime alone with ideal batches of the same texts, in turns on the same machine.
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { createEngine, type Engine } from '../processors/inference/engine.ts';
import { loadModel } from '../processors/inference/load-model.ts';
import { isTokenModel, type TokenModel } from '../processors/inference/model.ts';
import { table } from '../streams/terminal.ts';
import { createRandom } from '../trainers/random.ts';
import { minilm, wordAt, wordCount } from './inference/minilm.ts';

const usage = `node --import tsx load-tests/inference.ts [--texts 1500] [--rounds 3] [--precision float32,int8] [--workers 2]
    [--share 0.88] [--save] [--json]

Examples:
  node --import tsx load-tests/inference.ts --texts 5000 --save
  node --import tsx load-tests/inference.ts --precision int8 --rounds 5
`;

const task = 'bench';
const resultsFile = fileURLToPath(new URL('results/inference.json', import.meta.url));
/** Texts that a stream hands over at once, and how many such calls wait beside each other. */
const windows = [
  { name: 'all at once', chunk: Number.POSITIVE_INFINITY, calls: 1 },
  { name: '3 × 500', chunk: 500, calls: 3 },
  { name: '1 × 500', chunk: 500, calls: 1 },
] as const;

interface Speed {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Row {
  readonly model: string;
  readonly what: string;
  readonly 'texts/s': number;
  readonly 'texts/CPU-s': number;
  /** Beside ONNX Runtime alone in the same round; the median over rounds. */
  readonly 'of raw': number;
  readonly 'of raw, CPU': number;
  readonly 'padding %'?: number;
  readonly 'p50 ms'?: number;
  readonly 'p99 ms'?: number;
}

/** Words of a text: log-normal, 20 in the mean, 1 to 120. */
function makeTexts(count: number): readonly string[] {
  const random = createRandom(5);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: count }, () => {
    const words = Math.max(1, Math.min(120, Math.floor(Math.exp(2.8 + 0.62 * normal()))));
    return Array.from({ length: words }, () => wordAt(Math.floor(random() * wordCount))).join(' ');
  });
}

async function timed(work: () => Promise<unknown>): Promise<Speed> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - started) / 1_000, cpuSeconds: (user + system) / 1e6 };
}

/** ONNX Runtime alone in threads, over batches that were cut from all texts and padded beforehand. */
async function openRaw(model: TokenModel, bytes: Uint8Array, texts: readonly string[], workers: number) {
  const batches = model.prepare(texts).map(({ ids, lengths, rows, width }) => {
    const mask = BigInt64Array.from(ids, (_, at) =>
      at % width < lengths[Math.floor(at / width)]! ? 1n : 0n,
    );
    return { ids: ids.slice(), mask, rows, width };
  });
  const next = new SharedArrayBuffer(4);
  const threads = Array.from(
    { length: workers },
    () =>
      new Worker(new URL('inference/raw-worker.mjs', import.meta.url), {
        workerData: { model: bytes, batches, next },
      }),
  );
  const said = () =>
    Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('message', resolve))));
  await said();
  return {
    run: () =>
      timed(() => {
        new Int32Array(next)[0] = 0;
        const done = said();
        for (const thread of threads) thread.postMessage('go');
        return done;
      }),
    close: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}

/** Every text once, in calls of `chunk`, so many calls at a time. */
function inWindows(engine: Engine, texts: readonly string[], chunk: number, calls: number): Promise<unknown> {
  let next = 0;
  const ask = async () => {
    while (next < texts.length) {
      const from = next;
      next = Math.min(texts.length, from + chunk);
      await engine.predict([task], texts.slice(from, next));
    }
  };
  return Promise.all(Array.from({ length: calls }, ask));
}

/** Texts one by one at a steady rate with even random gaps; latencies count from when each was due. */
async function arriving(engine: Engine, texts: readonly string[], perSecond: number): Promise<number[]> {
  const random = createRandom(9);
  const latencies: number[] = [];
  const answers: Promise<void>[] = [];
  const started = performance.now();
  let due = started;
  for (const text of texts) {
    due += (-Math.log(1 - random()) * 1_000) / perSecond;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    const wanted = due;
    const answered = engine.predict([task], [text], { withinMs: 1_000 });
    answers.push(answered.then(() => void latencies.push(performance.now() - wanted)));
  }
  await Promise.all(answers);
  return latencies.sort((a, b) => a - b);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

interface Plan {
  readonly texts: readonly string[];
  readonly rounds: number;
  readonly workers: number;
  readonly share: number;
}

async function measure(precision: 'float32' | 'int8', plan: Plan): Promise<readonly Row[]> {
  const { texts, rounds, workers } = plan;
  const loadable = minilm(task, precision);
  const model = await loadModel(loadable);
  if (!isTokenModel(model)) throw new Error('the model is fed no tokens');
  const engine = await createEngine({ models: [loadable], workers });
  const raw = await openRaw(model, loadable.files.get('model.onnx')!, texts, workers);
  const raws: Speed[] = [];
  const ours = windows.map((): { speed: Speed; raw: Speed; padding: number }[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, { chunk, calls }] of windows.entries()) {
      const beside = await raw.run();
      raws.push(beside);
      const speed = await timed(() => inWindows(engine, texts, chunk, calls));
      ours[at]!.push({ speed, raw: beside, padding: engine.load.paddingShare });
    }
  }
  const count = texts.length;
  const rowOf = (what: string, speeds: readonly Speed[], beside: readonly Speed[]): Row => ({
    model: precision,
    what,
    'texts/s': count / median(speeds.map(({ seconds }) => seconds)),
    'texts/CPU-s': count / median(speeds.map(({ cpuSeconds }) => cpuSeconds)),
    'of raw': median(speeds.map(({ seconds }, at) => beside[at]!.seconds / seconds)),
    'of raw, CPU': median(speeds.map(({ cpuSeconds }, at) => beside[at]!.cpuSeconds / cpuSeconds)),
  });
  const rows: Row[] = [rowOf('ONNX Runtime, ideal batches', raws, raws)];
  for (const [at, { name }] of windows.entries()) {
    const runs = ours[at]!;
    const speeds = runs.map(({ speed }) => speed);
    const row = rowOf(
      `engine, ${name}`,
      speeds,
      runs.map((run) => run.raw),
    );
    rows.push({ ...row, 'padding %': 100 * median(runs.map(({ padding }) => padding)) });
  }
  const rate = plan.share * rows[0]!['texts/s'];
  const latencies: number[] = [];
  const speed = await timed(async () => latencies.push(...(await arriving(engine, texts, rate))));
  const again = await raw.run();
  rows.push({
    ...rowOf(`engine, one by one at ${plan.share} of raw`, [speed], [again]),
    'padding %': 100 * engine.load.paddingShare,
    'p50 ms': latencies[count >> 1]!,
    'p99 ms': latencies[Math.floor(0.99 * count)]!,
  });
  await raw.close();
  await engine.close();
  await model.close();
  return rows;
}

const { values } = parseArgs({
  options: {
    texts: { type: 'string', default: '1500' },
    rounds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
    share: { type: 'string', default: '0.88' },
    precision: { type: 'string', default: 'float32,int8' },
    save: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const plan: Plan = {
  texts: makeTexts(Number(values.texts)),
  rounds: Number(values.rounds),
  workers: Number(values.workers),
  share: Number(values.share),
};
const rows: Row[] = [];
for (const precision of values.precision.split(','))
  rows.push(...(await measure(precision as 'float32' | 'int8', plan)));
const report = {
  at: new Date().toISOString(),
  node: process.version,
  texts: plan.texts.length,
  workers: plan.workers,
  rows,
};
process.stdout.write(
  values.json ? `${JSON.stringify(report, null, 2)}\n` : table(rows.map((row) => ({ ...row }))),
);
if (values.save) {
  await mkdir(new URL('results/', import.meta.url), { recursive: true });
  await writeFile(resultsFile, `${JSON.stringify(report, null, 2)}\n`);
}
