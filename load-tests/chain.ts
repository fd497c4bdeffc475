// `node --max-semi-space-size=64 --import tsx load-tests/chain.ts [rounds]`: CPU seconds per 100,000 comments of each
// stage of the chain, one after the other in one thread: reading, features, every model, scoring, writing. The least of
// several rounds over the sample comments, since other work on the machine only ever adds.
import { readdirSync, readFileSync } from 'node:fs';
import type { StoredRecord } from '../connectors/log.ts';
import { Refusal } from '../connectors/wire/refusal.ts';
import { openWire } from '../connectors/wire/wire.ts';
import { createFeatures, type Source } from '../processors/features/features.ts';
import type { Answers } from '../processors/inference/engine.ts';
import { createInference } from '../processors/inference/inference.ts';
import { loadModel } from '../processors/inference/load-model.ts';
import type { Model } from '../processors/inference/model.ts';
import { createScoring } from '../processors/scoring/scoring.ts';
import type { LoadableModel, ModelManifest } from '../schemas/model-manifest.ts';
import type { Outcome } from '../schemas/outcome.ts';
import { topics } from '../schemas/topics.ts';
import { table } from '../streams/terminal.ts';
import { commentRecord, loadTexts } from './comments.ts';

const tasks = ['language', 'sentiment', 'toxicity', 'emotion'];
const batchRecords = 256;
const schemas: string[] = [];
const wire = await openWire({
  topics,
  registry: {
    register: async (_subject, text) => schemas.push(text),
    schema: async (id) => schemas[id - 1] ?? null,
    subjects: async () => [],
    close: async () => {},
  },
  format: 'avro',
});
const models = await Promise.all(tasks.map((task) => loadModel(releaseOf(task))));
const features = createFeatures();
const scoring = createScoring({ toxicityThreshold: 0.5, toxicityThresholds: {} });
const spent = new Map<string, number>();

function releaseOf(task: string): LoadableModel {
  const folder = `models/${task}/${readdirSync(`models/${task}`).at(-1)}`;
  const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, 'utf8')) as ModelManifest;
  const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(`${folder}/${name}`)]));
  return { manifest, files };
}

async function timed<T>(stage: string, work: () => T | Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  spent.set(stage, (spent.get(stage) ?? 0) + user + system);
  return result;
}

const outputsOf = <Out>(outcomes: readonly Outcome<Out>[]): Out[] =>
  outcomes.flatMap((outcome) => (outcome.kind === 'ok' ? outcome.outputs : []));

function sourceOf(record: StoredRecord): Source {
  const message = wire.decode('comments', 0, record);
  if (message instanceof Refusal) throw new Error(message.reason);
  return { kind: 'comment', message: message as Source['message'] };
}

async function answersOf(model: Model, texts: readonly string[], prepared: Map<string, unknown>) {
  const { task, release, labels, activation, confidence: curve, emptyLabel } = model.manifest;
  const key = model.preparationKey;
  if (!prepared.has(key)) prepared.set(key, await timed(`prepare ${task}`, () => model.prepare(texts)));
  const probabilities = await timed(`predict ${task}`, () => model.predict(prepared.get(key), texts.length));
  return { task, release, labels, activation, curve, emptyLabel, probabilities } satisfies Answers;
}

async function runBatch(records: readonly StoredRecord[]): Promise<void> {
  const sources = await timed('read comments (JSON)', () => records.map(sourceOf));
  const counted = outputsOf(await timed('features', () => features(sources)));
  const answers: Answers[] = [];
  const prepared = new Map<string, unknown>();
  const texts = counted.map(({ text }) => text);
  for (const model of models) answers.push(await answersOf(model, texts, prepared));
  const inference = createInference({
    engine: { predict: async () => answers },
    tasks: { comment: tasks, prompt: [] },
  });
  const predictions = outputsOf(await timed('predictions', () => inference(counted)));
  const scores = outputsOf(await timed('scores', () => scoring(predictions)));
  await timed('write predictions (Avro)', () => wire.encode('predictions', predictions, 0));
  await timed('write scores (Avro)', () => wire.encode('scores', scores, 0));
}

const texts = await loadTexts();
const records = texts.map((_, at) => ({ ...commentRecord(texts, 'chain', at, 1), offset: at }));
const least = new Map<string, number>();
const rounds = Number(process.argv[2] ?? 5);
for (let round = 0; round <= rounds; round++) {
  spent.clear();
  for (let at = 0; at < records.length; at += batchRecords)
    await runBatch(records.slice(at, at + batchRecords));
  // The first round warms up.
  if (round === 0) continue;
  for (const [stage, cpu] of spent)
    least.set(stage, Math.min(least.get(stage) ?? Number.POSITIVE_INFINITY, cpu));
}
const per100k = (cpu: number): number => Number((cpu / records.length / 10).toFixed(3));
const all = [...least.values()].reduce((sum, cpu) => sum + cpu, 0);
const rows = [...least, ['all', all] as const].map(([stage, cpu]) => ({
  stage,
  'CPU s per 100k': per100k(cpu),
}));
process.stdout.write(table(rows));
process.exit(0);
