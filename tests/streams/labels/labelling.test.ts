// Labelling on a running sink: what is handed out, to whom and how often; what labellers say; how it stands.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { CommandIo } from '../../../connectors/occupancy/command-io.ts';
import type { DriftReport } from '../../../schemas/drift-report.ts';
import { driftReports } from '../../../schemas/drift-report.ts';
import type { LabelsAnswer } from '../../../schemas/requests.ts';
import type { Message } from '../../../schemas/topic.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { nextToLabel } from '../../../streams/labels/next.ts';
import type { LabelStatus } from '../../../streams/labels/status.ts';
import { execute as executeSession } from '../../../streams/program.ts';
import {
  commentOf,
  feedbackOf,
  predictionOf,
  resultOf,
  store,
  storeComments,
  storeFeedback,
  storePredictions,
} from '../../connectors/clickhouse/stored.ts';
import { type Running, scratchDirectory, startRunning } from '../../e2e/running.ts';
import { execute } from '../commands/executed.ts';

const directory = scratchDirectory();
const env = { MILLRACE_STREAMS: 'sinks', MILLRACE_LABELS_PER_DAY_MAX: '6', KAFKA_PARTITIONS: '1' };
const release = 'toxicity@2.0.0';
const now = Date.now();
const subjects =
  'ant bee cat dog elk fox gnu hen ibis jay kite lark mole newt owl pig quail rat seal toad'.split(' ');
let running: Running;

type Said = Parameters<typeof predictionOf>[3] & { shadow?: string };

/** Messages whose leading answer has these probabilities; texts have nothing in common. */
async function say(messages: readonly (readonly [id: string, probability: number, said?: Said])[]) {
  const at = now - 60_000;
  const comments = messages.map(([id, , { tenant = 'default' } = {}]) =>
    commentOf(id, at, { tenant, text: `${subjects[Number(/\d+/.exec(id)?.[0] ?? 0)]} ${id}` }),
  );
  const predictions = messages.map(([id, probability, { shadow, ...rest } = {}]) => {
    const served = resultOf(release, 'not-toxic', {
      confidence: probability,
      labels: ['not-toxic', 'toxic'],
      probabilities: [probability, 1 - probability],
    });
    const results = shadow ? [served, resultOf('toxicity@3.0.0', shadow, { arm: 'shadow' })] : [served];
    return predictionOf(id, at, results, rest);
  });
  await storeComments(running.stack.clickhouse, comments);
  await storePredictions(running.stack.clickhouse, predictions);
}

before(async () => {
  running = await startRunning(directory.path, env);
  await say([
    ['m1', 0.55],
    ['m2', 0.7],
    ['m3', 0.99],
    ['m4', 0.98, { shadow: 'toxic' }],
    ['m5', 0.97, { language: 'tlh' }],
    ['m6', 0.97],
    ['m7', 0.6, { tenant: 'acme' }],
    ['m8', 0.51],
    ['old', 0.5, { ingestTime: now - 2 * 86_400_000 }],
  ]);
  await storeFeedback(running.stack.clickhouse, [
    feedbackOf('said', 'm8', { task: 'toxicity', agrees: true, eventTime: now }),
  ]);
  const report = {
    ...feedbackOf('report', '', { eventTime: now }),
    job: 'test',
    release,
    kind: 'comment',
    windowStart: now - 3_600_000,
    windowEnd: now,
    samples: 100,
    baselineSamples: 100,
    verdict: 'drifted',
    dataScore: null,
    predictionScore: null,
    expectedAccuracy: null,
    accuracy: null,
    labelled: null,
    statistics: [],
    slices: [
      { feature: 'language', bin: 'tlh', before: 0, after: 0.2 },
      { feature: 'language', bin: 'en', before: 0.9, after: 0.7 },
    ],
    examples: ['m6'],
    recommendations: [],
    summary: 'Klingons',
  } as unknown as DriftReport;
  await store(running.stack.clickhouse, driftReports, [report as unknown as Message]);
});
after(async () => {
  await running.close();
  directory.remove();
});

const wish = { task: 'toxicity', labeller: 'ann', count: 10, tenant: null };
const idsOf = ({ items }: LabelsAnswer) => items.map(({ messageId }) => messageId);
const run = (...argv: readonly string[]) =>
  execute(['label', ...argv], { env, workingDirectory: directory.path, stack: running.stack });

async function json<T>(argv: readonly string[], code = 0): Promise<T> {
  const done = await run(...argv, '--json');
  assert.equal(done.code, code, done.stderr);
  return JSON.parse(done.stdout || done.stderr) as T;
}

/** Waits until so many words of a labeller are stored. */
async function stored(source: string, words: number): Promise<void> {
  for (;;) {
    const [row] = await running.stack.clickhouse.query<{ words: number }>(
      'SELECT count() AS words FROM feedback WHERE source = {source:String}',
      { source },
    );
    if (row!.words >= words) return;
    await wait(50);
  }
}

test('the disputed, uncertain and drifted come first; what was labelled or is old does not come', async () => {
  const answer = await nextToLabel(running.stack, { ...wish, overBudget: true });
  assert.deepEqual(answer.labels, ['not-toxic', 'toxic']);
  assert.deepEqual(answer.budget, { perDay: 6, used: 0, left: 6 });
  const reasons = Object.fromEntries(answer.items.map((item) => [item.messageId, item.reasons.join(' ')]));
  assert.deepEqual(reasons, {
    m1: 'uncertain',
    m2: 'uncertain',
    m3: '',
    m4: 'disputed',
    m5: 'drifted',
    m6: 'drifted',
    m7: 'uncertain',
  });
  const ids = idsOf(answer);
  assert.deepEqual(ids.slice(0, 3), ['m4', 'm1', 'm7']);
  assert.equal(ids.at(-1), 'm3');
  assert.ok(!JSON.stringify(answer.items).includes('not-toxic'), 'the answer is not told');
});

test('what one has is handed to nobody else, and to him again', async () => {
  assert.deepEqual(idsOf(await nextToLabel(running.stack, { ...wish, labeller: 'bob' })), []);
  assert.deepEqual(idsOf(await nextToLabel(running.stack, { ...wish, count: 2 })), ['m4', 'm1']);
  assert.deepEqual(idsOf(await nextToLabel(running.stack, { ...wish, count: 2, skip: ['m4'] })), [
    'm1',
    'm7',
  ]);
  assert.deepEqual(idsOf(await nextToLabel(running.stack, { ...wish, count: 9, tenant: 'acme' })), ['m7']);
});

test('a task that is none, and one of scores, are refused', async () => {
  assert.equal((await run('next', '--task', 'nothing')).code, 2);
  assert.match((await run('next', '--task', 'prompt-quality')).stderr, /answers with scores/);
});

test('one label is given, joins, and counts against the budget', async () => {
  const argv = ['m1', '--task', 'toxicity', '--label', 'toxic', '--labeller', 'cid'];
  const added = await json<{ left: number }>(['add', ...argv]);
  assert.equal(added.left, 5);
  await stored('label:cid', 1);
  const [row] = await running.stack.clickhouse.query("SELECT label, by FROM labels WHERE messageId = 'm1'");
  assert.deepEqual(row, { label: 'toxic', by: 'reviewer' });
  for (const [argv, code] of [
    [['add', 'nobody', '--task', 'toxicity', '--label', 'toxic'], 'unknown-message'],
    [['add', 'm1', '--task', 'toxicity', '--label', 'poison'], 'unknown-label'],
    [['add', 'm1', '--task', 'toxicity'], 'label-missing'],
    [['add', 'm1', '--task', 'toxicity', '--value', '101'], 'bad-argument'],
  ] as const)
    assert.equal((await json<{ error: { code: string } }>(argv, 2)).error.code, code);
  for (const id of ['m2', 'm3', 'm4', 'm5', 'm6'])
    assert.equal(
      (await run('add', id, '--task', 'toxicity', '--label', 'toxic', '--labeller', 'cid')).code,
      0,
    );
  await stored('label:cid', 6);
  const spent = ['add', 'm7', '--task', 'toxicity', '--label', 'toxic', '--labeller', 'cid'];
  assert.equal((await json<{ error: { code: string } }>(spent, 2)).error.code, 'label-budget');
  assert.equal((await run('next', '--task', 'toxicity', '--labeller', 'cid')).code, 2);
  assert.equal((await run(...spent, '--over-budget')).code, 0);
});

test('a file of labels is taken, once, and its bad rows are told', async () => {
  const file = join(directory.path, 'labels.csv');
  await writeFile(file, 'messageId,label\nm1,not-toxic\nnobody,toxic\nm2,poison\n,toxic\nm3,not-toxic\n');
  for (let time = 0; time < 2; time += 1) {
    const done = await run('import', file, '--task', 'toxicity', '--labeller', 'dan', '--by', 'user');
    assert.equal(done.code, 3);
    assert.equal(done.stdout, '2 accepted, 3 rejected\n');
    assert.match(
      done.stderr,
      /row 3: “nobody” was not answered[\s\S]*row 4: toxicity does not know “poison”/,
    );
    assert.match(done.stderr, /row 5: messageId is missing/);
  }
  await stored('import:dan', 4);
  const rows = await running.stack.clickhouse.query(
    "SELECT messageId, label, votes, conflicting FROM labels WHERE messageId IN ('m1', 'm3') ORDER BY messageId",
  );
  assert.deepEqual(rows, [
    { messageId: 'm1', label: 'toxic', votes: 2, conflicting: 1 },
    { messageId: 'm3', label: 'toxic', votes: 2, conflicting: 1 },
  ]);
});

test('the status counts labels, contradictions, strays and what is right', async () => {
  await storeFeedback(running.stack.clickhouse, [
    feedbackOf('stray', 'nobody', { task: 'toxicity', label: 'toxic', eventTime: now }),
    feedbackOf('unasked', 'm1', { task: 'emotion', label: 'joy', eventTime: now }),
  ]);
  await stored('label:cid', 7);
  const status = await json<LabelStatus>(['status', '--labeller', 'cid']);
  assert.deepEqual(
    status.labels.map(({ newest: _, ...row }) => row),
    [
      { task: 'toxicity', by: 'reviewer', labels: 7, conflicting: 2 },
      { task: 'toxicity', by: 'system', labels: 1, conflicting: 0 },
    ],
  );
  assert.deepEqual(status.unmatched, [
    { task: 'emotion', feedback: 1 },
    { task: 'toxicity', feedback: 1 },
  ]);
  assert.deepEqual(status.accuracy, [{ release, labelled: 8, correct: 1 }]);
  assert.deepEqual(
    status.budgets.find(({ task }) => task === 'toxicity'),
    { task: 'toxicity', perDay: 6, used: 7, left: 0 },
  );
  const people = await run('status', '--task', 'toxicity');
  assert.match(people.stdout, /^task +by +labels +conflicting/);
  assert.match(people.stdout, /1 words about toxicity are about no message/);
});

/** A person at a terminal, who types these lines. */
async function type(lines: readonly string[], argv: readonly string[]) {
  const written = { stdout: '', stderr: '' };
  const outputTo = (name: 'stdout' | 'stderr') => ({
    write: async (text: string | Buffer) => {
      written[name] += text.toString();
    },
  });
  async function* typed(): AsyncGenerator<Buffer> {
    for (const line of lines) yield Buffer.from(`${line}\n`);
  }
  const io: CommandIo = {
    argv: ['label', 'next', '--task', 'toxicity', ...argv],
    stdin: typed(),
    stdout: outputTo('stdout'),
    stderr: outputTo('stderr'),
    signal: new AbortController().signal,
    isTTY: true,
    stdinIsUsed: false,
  };
  const code = await executeSession({
    io,
    configuration: () => loadConfiguration({ env }),
    stack: async () => running.stack,
    handOver: async () => null,
    workingDirectory: directory.path,
  });
  return { code, ...written };
}

test('at a terminal texts are labelled one by one, skipped and undone', async () => {
  await say([
    ['s9', 0.5],
    ['s10', 0.61],
    ['s11', 0.62],
    ['s12', 0.63],
  ]);
  const done = await type(['2', 'u', '?', 's', 'tox', '1', 'q'], ['--labeller', 'eve', '--count', '4']);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /jay s9[\s\S]*\[1\] not-toxic {2}\[2\] toxic[\s\S]*\[u\] undo/);
  assert.match(done.stderr, /“\?” is no key and no label/);
  assert.match(done.stdout, /2 labelled, 1 skipped/);
  await stored('label:eve', 2);
  const said = await running.stack.clickhouse.query(
    "SELECT messageId, label FROM feedback WHERE source = 'label:eve' ORDER BY messageId",
  );
  assert.deepEqual(said, [
    { messageId: 's10', label: 'toxic' },
    { messageId: 's11', label: 'not-toxic' },
  ]);
});
