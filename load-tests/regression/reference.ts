// What our jobs are compared with: plain programs that use nothing of ours. Never change what they do: stored ratios
// would lose their meaning.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { bagBuckets, bagBytes, encoderBytes, encoderWords } from './graphs.ts';
import type { Measured } from './measured.ts';

const idsMax = 128;
const bagBatch = 500;
const encoderBatch = 32;

/** JSON in, words and pairs hashed, batches as they come through ONNX Runtime, JSON out. */
export async function referenceLight(texts: readonly string[], records: number): Promise<Measured> {
  const session = await openSession(bagBytes());
  const lines = Array.from({ length: records }, (_, id) =>
    JSON.stringify({ id, text: texts[id % texts.length] }),
  );
  return measured(records, async () => {
    let bytes = 0;
    for (let start = 0; start < records; start += bagBatch) {
      const parsed = lines
        .slice(start, start + bagBatch)
        .map((line) => JSON.parse(line) as { id: number; text: string });
      const values = await run(
        session,
        parsed.map(({ text }) => idsOf(text, bagBuckets, true)),
      );
      parsed.forEach(({ id }, row) => {
        const probs = [...values.subarray(row * 3, row * 3 + 3)];
        bytes += JSON.stringify({ id, label: probs.indexOf(Math.max(...probs)), probs }).length;
      });
    }
    if (bytes === 0) throw new Error('nothing was answered');
  });
}

/** The ceiling of the heavy job: batches of equal length, tokens ready, one thread. */
export async function referenceHeavy(texts: readonly string[], records: number): Promise<Measured> {
  const session = await openSession(encoderBytes());
  const rows = Array.from({ length: records }, (_, at) =>
    idsOf(texts[at % texts.length]!, encoderWords, false),
  );
  rows.sort((a, b) => a.length - b.length);
  await run(session, rows.slice(0, encoderBatch));
  return measured(records, async () => {
    for (let start = 0; start < records; start += encoderBatch)
      await run(session, rows.slice(start, start + encoderBatch));
  });
}

const openSession = (bytes: Uint8Array): Promise<InferenceSession> =>
  InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });

async function run(session: InferenceSession, rows: readonly (readonly number[])[]): Promise<Float32Array> {
  const width = Math.max(1, ...rows.map((row) => row.length));
  const ids = new BigInt64Array(rows.length * width);
  const mask = new Float32Array(rows.length * width);
  rows.forEach((row, at) => {
    row.forEach((id, column) => {
      ids[at * width + column] = BigInt(id);
      mask[at * width + column] = 1;
    });
  });
  const dims = [rows.length, width];
  const { probs } = await session.run({
    ids: new Tensor('int64', ids, dims),
    mask: new Tensor('float32', mask, dims),
  });
  return probs!.data as Float32Array;
}

function idsOf(text: string, buckets: number, pairs: boolean): readonly number[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const ids = words.map((word) => hash(word) % buckets);
  for (let at = 1; pairs && at < words.length; at++)
    ids.push(hash(`${words[at - 1]} ${words[at]}`) % buckets);
  return ids.slice(0, idsMax);
}

/** FNV-1a. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (const byte of Buffer.from(text)) state = Math.imul(state ^ byte, 16_777_619);
  return state >>> 0;
}

/** CPU and wall time of a piece of work in this process. */
export async function measured(records: number, work: () => Promise<void>): Promise<Measured> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { records, seconds: (performance.now() - started) / 1_000, cpuSeconds: (user + system) / 1e6 };
}
