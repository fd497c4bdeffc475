// The ceiling in Node: onnxruntime-node alone, batches of equal length, no Kafka.
import { readFileSync } from 'node:fs';
import ort from 'onnxruntime-node';
import { pack } from './contract.mjs';

const { MODEL, MODEL_PATH, ORT_THREADS, FEATURES, ROWS, JOB } = process.env;
const heavy = MODEL === 'heavy';
const batchRows = Number(process.env.BATCH ?? (heavy ? 32 : 500));
const threads = { intraOpNumThreads: Number(ORT_THREADS), interOpNumThreads: 1 };
const model = await ort.InferenceSession.create(MODEL_PATH, threads);
const rows = JSON.parse(readFileSync(FEATURES, 'utf8'))
  .slice(0, Number(ROWS))
  .sort((a, b) => a.length - b.length);

async function round() {
  const started = performance.now();
  const cpu = process.cpuUsage();
  for (let start = 0; start < rows.length; start += batchRows)
    await model.run(pack(ort, rows.slice(start, start + batchRows), heavy, model.inputNames));
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - started) / 1e3, cpu: (user + system) / 1e6 };
}

const rounds = [await round(), await round(), await round()].sort((a, b) => a.seconds - b.seconds);
const { seconds, cpu } = rounds[1];
const answer = {
  peer: 'raw-node',
  job: JOB,
  rows: rows.length,
  seconds: Number(seconds.toFixed(2)),
  rps: Number((rows.length / seconds).toFixed(1)),
  cpu_per_100k: Number(((cpu * 1e5) / rows.length).toFixed(2)),
  runs: rounds.map((one) => Math.round(rows.length / one.seconds)),
  batch: batchRows,
  threads: Number(ORT_THREADS),
};
process.stdout.write(`${JSON.stringify(answer)}\n`);
