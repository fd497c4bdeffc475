// The ceiling: onnxruntime-node alone in a thread, over batches that were padded beforehand.
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const session = await InferenceSession.create(workerData.model, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  logSeverityLevel: 3,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});
const batches = workerData.batches.map(({ ids, mask, rows, width }) => ({
  input_ids: new Tensor('int64', ids, [rows, width]),
  attention_mask: new Tensor('int64', mask, [rows, width]),
}));
const next = new Int32Array(workerData.next);
await session.run(batches.at(-1));
parentPort.on('message', async () => {
  for (let at = Atomics.add(next, 0, 1); at < batches.length; at = Atomics.add(next, 0, 1))
    await session.run(batches[at]);
  parentPort.postMessage('done');
});
parentPort.postMessage('ready');
