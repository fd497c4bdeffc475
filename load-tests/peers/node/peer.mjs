// Plain kafkajs eachBatch + onnxruntime-node, one process. At least once: offsets resolve after the output is acked.
import { Kafka, logLevel } from 'kafkajs';
import ort from 'onnxruntime-node';
import { features, pack } from './contract.mjs';

const { MODEL, MODEL_PATH, ORT_THREADS, BOOTSTRAP, GROUP, IN_TOPIC, OUT_TOPIC, BUCKET } = process.env;
const heavy = MODEL === 'heavy';
const pollRows = 500;
const batchRows = Number(process.env.BATCH ?? (heavy ? 32 : 500));
const threads = { intraOpNumThreads: Number(ORT_THREADS), interOpNumThreads: 1 };
const model = await ort.InferenceSession.create(MODEL_PATH, threads);
const kafka = new Kafka({ brokers: [BOOTSTRAP], logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: GROUP });
const producer = kafka.producer();
let first = false;

function answer(record, probs) {
  return JSON.stringify({
    id: record.id,
    label: probs.indexOf(Math.max(...probs)),
    probs: probs.map((x) => Math.round(x * 1e6) / 1e6),
    model: MODEL,
    latencyMs: Date.now() - record.ts,
  });
}

async function infer(messages) {
  const records = messages.map(({ value }) => JSON.parse(value));
  const rows = records.map(({ text }) => features(text, heavy));
  const order = [...rows.keys()];
  if (BUCKET === '1') order.sort((a, b) => rows[a].length - rows[b].length);
  const out = new Array(records.length);
  for (let start = 0; start < order.length; start += batchRows) {
    const chosen = order.slice(start, start + batchRows);
    const inputs = pack(
      ort,
      chosen.map((i) => rows[i]),
      heavy,
      model.inputNames,
    );
    const { probs } = await model.run(inputs);
    chosen.forEach((i, k) => {
      out[i] = {
        key: messages[i].key,
        value: answer(records[i], [...probs.data.subarray(k * 3, k * 3 + 3)]),
      };
    });
  }
  return out;
}

async function eachBatch({ batch, resolveOffset, heartbeat, commitOffsetsIfNecessary, isRunning, isStale }) {
  if (!first) process.stdout.write(`FIRST ${Date.now()}\n`);
  first = true;
  for (let start = 0; start < batch.messages.length && isRunning() && !isStale(); start += pollRows) {
    const messages = batch.messages.slice(start, start + pollRows);
    await producer.send({ topic: OUT_TOPIC, messages: await infer(messages) });
    resolveOffset(messages.at(-1).offset);
    await heartbeat();
    await commitOffsetsIfNecessary();
  }
}

await Promise.all([consumer.connect(), producer.connect()]);
await consumer.subscribe({ topic: IN_TOPIC, fromBeginning: true });
await consumer.run({ eachBatchAutoResolve: false, eachBatch });
process.on('SIGTERM', async () => {
  await consumer.disconnect();
  await producer.disconnect();
  process.exit(0);
});
