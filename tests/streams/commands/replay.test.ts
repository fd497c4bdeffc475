// Replays beside running streams, on real comments: the same release answers the same bits, into a table once, and two
// releases are told apart.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type Running, scratchDirectory, startRunning } from '../../e2e/running.ts';
import { execute } from './executed.ts';
import { jsonLines } from './spawned.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const comments = gunzipSync(readFileSync(join(root, 'samples/comments.jsonl.gz')))
  .toString('utf8')
  .split('\n')
  .slice(0, 700)
  .join('\n');

const directory = scratchDirectory();
const env = {
  MILLRACE_MODELS_DIRECTORY: modelsWithASecondRelease(directory.path),
  KAFKA_PARTITIONS: '3',
  MILLRACE_INFERENCE_WORKERS: '1',
};
let running: Running;
before(async () => {
  running = await startRunning(join(directory.path, 'data'), env);
  const published = await run(['publish', 'comments'], comments);
  assert.equal(published.code, 0, published.stderr);
  // One record that is no message: the replay has to pass it over as the stream did.
  await run(['publish', 'comments'], '{"text":" "}');
  await running.settled();
});
after(async () => {
  await running.close();
  directory.remove();
});

const run = (argv: readonly string[], input = '') =>
  execute(argv, { env, input, workingDirectory: directory.path, stack: running.stack });

/** The shipped models, and sentiment once more with negative and positive exchanged and half the confidence. */
function modelsWithASecondRelease(path: string): string {
  const models = join(path, 'models');
  for (const task of ['language', 'sentiment', 'toxicity', 'emotion', 'prompt-intent'])
    cpSync(join(root, 'models', task), join(models, task), { recursive: true });
  const [first, second] = ['2.0.0', '0.0.1'].map((version) => join(models, 'sentiment', version));
  mkdirSync(second!);
  cpSync(first!, second!, { recursive: true });
  const file = join(second!, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const changed = {
    version: '0.0.1',
    release: 'sentiment@0.0.1',
    labels: ['positive', 'neutral', 'negative'],
    confidence: { method: 'isotonic', x: [0, 1], y: [0, 0.5] },
  };
  writeFileSync(file, JSON.stringify({ ...manifest, ...changed }));
  return models;
}

async function json<T>(argv: readonly string[], code = 0): Promise<T> {
  const done = await run([...argv, '--json']);
  assert.equal(done.code, code, `${done.stdout.slice(0, 500)}${done.stderr}`);
  return JSON.parse(done.stdout) as T;
}

interface Summary {
  readonly messages: number;
  readonly refused: number;
  readonly rowsWritten: number;
  readonly rowsBefore: number;
  readonly verified: { readonly identical: number; readonly different: number; readonly missing: number };
}

test('the same releases give every stored result again, bit by bit', async () => {
  const summary = await json<Summary>(['replay', '--topic', 'comments', '--from', '-1d', '--verify']);
  assert.deepEqual([summary.messages, summary.refused], [700, 1]);
  assert.deepEqual(summary.verified, { identical: 2_800, different: 0, missing: 0, discrepancies: [] });
});

test('one text at a time, against the order, it is still the same', async () => {
  for (const partition of ['0:0', '1:0']) {
    const to = partition.replace(':0', ':1');
    const done = await run([
      'replay',
      '--topic',
      'comments',
      '--from',
      partition,
      '--to',
      to,
      '--verify',
      '--json',
    ]);
    const { messages, verified } = JSON.parse(done.stdout) as Summary;
    assert.deepEqual([messages, verified.identical, verified.different], [1, 4, 0]);
  }
});

test('a release that serves nobody is told from what is stored; nothing to compare is no success', async () => {
  const argv = ['replay', '--topic', 'comments', '--model', 'sentiment@0.0.1', '--verify'];
  const { verified } = await json<Summary>(argv, 3);
  assert.deepEqual([verified.identical, verified.different, verified.missing], [0, 0, 700]);
  const stored = "SELECT count() AS n FROM predictions WHERE has(results.release, 'sentiment@0.0.1')";
  assert.deepEqual(jsonLines((await run(['sql', stored, '--json'])).stdout), [{ n: 0 }]);
});

test('into a table once, also when it is asked again; no other table is written into', async () => {
  const argv = [
    'replay',
    '--topic',
    'comments',
    '--model',
    'sentiment@0.0.1',
    'language',
    '--into',
    'replayed',
  ];
  const half = await json<Summary>([...argv, '--from', '0:0']);
  const whole = await json<Summary>(argv);
  const again = await json<Summary>(argv);
  assert.ok(half.rowsWritten > 0 && half.rowsWritten < 700);
  assert.deepEqual([whole.rowsWritten, whole.rowsBefore], [700 - half.rowsWritten, half.rowsWritten]);
  assert.deepEqual([again.rowsWritten, again.rowsBefore], [0, 700]);
  const counts = `SELECT count() AS rows, uniqExact(_partition, _offset) AS places, uniqExact(messageId) AS ids,
    uniqExact(id) AS predictions FROM replayed WHERE results.release = ['sentiment@0.0.1', 'language@2.0.0']`;
  assert.deepEqual(jsonLines((await run(['sql', counts, '--json'])).stdout), [
    { rows: 700, places: 700, ids: 700, predictions: 700 },
  ]);
  for (const into of ['predictions', 'prediction_results']) {
    const { code, stderr } = await run(['replay', '--topic', 'comments', '--into', into]);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`the table ${into} is something else`));
  }
  const other = await run(['replay', '--topic', 'comments', '--into', 'replayed']);
  assert.deepEqual([other.code, other.stdout], [2, '']);
});

test('JSON lines are predictions; windows by offset, by time and wrong ones', async () => {
  const lines = await run(['replay', '--topic', 'comments', '--to', '0:3', '--model', 'sentiment', '--json']);
  const predictions = jsonLines<{ results: { release: string }[] }>(lines.stdout);
  assert.deepEqual(
    predictions.map(({ results }) => results.map(({ release }) => release)),
    Array.from({ length: 3 }, () => ['sentiment@2.0.0']),
  );
  const none = await run(['replay', '--topic', 'comments', '--to', '2020-01-01', '--model', 'sentiment']);
  assert.deepEqual([none.code, none.stderr], [0, 'no messages in this window of comments\n']);
  const wrong = [
    ['replay', '--topic', 'scores'],
    ['replay', '--topic', 'comments', '--from', 'yesterday'],
    ['replay', '--topic', 'comments', '--from', '99:0'],
    ['replay', '--topic', 'comments', '--model', 'sentiment@0.0.1', 'sentiment@2.0.0'],
    ['replay', '--topic', 'comments', '--into', 'a b'],
    ['diff', '--topic', 'comments', '--models', 'sentiment@0.0.1,toxicity@2.0.0'],
  ];
  for (const argv of wrong) {
    const { code, stderr } = await run(argv);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^millrace: .*\n.+\n$/);
  }
});

test('a release with two labels exchanged and half the confidence is told so', async () => {
  interface Figures {
    readonly messages: number;
    readonly agreement: number;
    readonly flips: readonly { readonly from: string; readonly to: string; readonly messages: number }[];
    readonly confidence: { readonly mean: number; readonly p95: number; readonly max: number };
    readonly languages: readonly { readonly messages: number }[];
    readonly tenants: readonly { readonly slice: string }[];
    readonly most: readonly { readonly text?: string; readonly distance: number }[];
  }
  const argv = ['diff', '--topic', 'comments', '--models', 'sentiment@2.0.0,sentiment@0.0.1'];
  const figures = await json<Figures>(argv);
  const flipped = figures.flips.reduce((sum, { messages }) => sum + messages, 0);
  assert.ok(flipped > 100 && flipped < 700, String(flipped));
  assert.deepEqual([figures.messages, figures.agreement], [700, (700 - flipped) / 700]);
  assert.deepEqual(figures.flips.map(({ from, to }) => `${from} ${to}`).sort(), [
    'negative positive',
    'positive negative',
  ]);
  assert.ok(figures.confidence.mean < -0.05, String(figures.confidence.mean));
  assert.ok(figures.confidence.p95 <= figures.confidence.max + 0.001);
  assert.equal(
    figures.languages.reduce((sum, { messages }) => sum + messages, 0),
    700,
  );
  assert.equal(figures.most.length, 10);
  assert.ok(figures.most.every(({ text }) => text !== undefined && text !== ''));
  assert.ok(
    figures.most.every(({ distance }, index) => index === 0 || distance <= figures.most[index - 1]!.distance),
  );
  const silent = await json<Figures>([...argv, '--no-text', '--limit', '3']);
  assert.deepEqual(
    silent.most.map(({ text }) => text),
    [undefined, undefined, undefined],
  );
  const people = await run(argv);
  assert.match(
    people.stdout,
    /\d % have the same label\n[\s\S]*By language[\s\S]*By tenant[\s\S]*most about/,
  );
});
