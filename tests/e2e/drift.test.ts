// Drift, end to end on the shipped models and samples: unshifted traffic raises nothing, shifted traffic raises a
// report, and what follows the reports an alert and a request for retraining that name it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadSamples, recordOf, type SampleSet, spans } from '../../streams/demo/samples.ts';
import { examineWindow } from '../../streams/drift.ts';
import { dueWindows } from '../../streams/drift-job.ts';
import { type Running, scratchDirectory, startRunning } from './running.ts';

const minute = 60_000;
const directory = scratchDirectory();
/** Early enough for hours after it to be over. */
const shiftTime = Math.floor(Date.now() / minute) * minute - 300 * minute;
const { unshifted, shifted } = spans(shiftTime);
let running: Running;

before(async () => {
  running = await startRunning(directory.path, { MILLRACE_RETRAINING_EVERY_MS: '500' });
});
after(async () => {
  await running.close();
  directory.remove();
});

/** Publishes every n-th sample of a set and waits until all of it is stored. */
async function publish(
  set: SampleSet,
  { every, first = 0, at = shiftTime }: { every: number; first?: number; at?: number },
): Promise<number> {
  const { all } = await loadSamples();
  const ofSet = all.filter((sample) => sample.set === set);
  const chosen = ofSet.filter((_, index) => index % every === first);
  await running.stack.log.publish([
    { topic: chosen[0]!.topic, records: chosen.map((sample) => recordOf(sample, at, Date.now())) },
  ]);
  await running.settled();
  return chosen.length;
}

const rows = <Row>(sql: string): Promise<readonly Row[]> => running.stack.clickhouse.query<Row>(sql);

const rowsOf = async (table: string, where = '1'): Promise<number> => {
  const [row] = await rows<{ n: number }>(`SELECT toUInt32(count()) AS n FROM ${table} WHERE ${where}`);
  return row!.n;
};

/** Waits until a table holds so many rows, and asserts that it stays so through several looks of who follows. */
async function holds(table: string, wanted: number, where?: string): Promise<void> {
  for (let waited = 0; waited < 200 && (await rowsOf(table, where)) < wanted; waited++) await sleep(50);
  await sleep(1_000);
  await running.settled();
  assert.equal(await rowsOf(table, where), wanted, table);
}

const tasks = ['emotion', 'language', 'sentiment', 'toxicity'];
const ofDrift = "startsWith(rule, 'drift')";
const asked = "event = 'retraining-requested'";

test('a third of the samples is judged stable, comments and prompts, and tells nobody', async () => {
  const comments = await publish('comments', { every: 3 });
  const prompts = await publish('prompts', { every: 3 });
  const reports = await examineWindow(running.stack, unshifted);
  const verdicts = (kind: string) =>
    reports
      .filter((report) => report.kind === kind)
      .map(({ release, verdict, summary }) => [release.replace(/@.*/, ''), verdict, summary]);
  for (const [task, verdict, summary] of verdicts('comment'))
    assert.equal(verdict, 'stable', `${task}: ${summary}`);
  assert.deepEqual(
    verdicts('comment').map(([task]) => task),
    tasks,
  );
  assert.ok(verdicts('prompt').length > 0);
  for (const { release, kind, samples } of reports)
    assert.equal(samples, kind === 'prompt' ? prompts : comments, `${release} ${kind}`);
  for (const [task, verdict, summary] of verdicts('prompt'))
    assert.equal(verdict, prompts < 500 ? 'too-few-samples' : 'stable', `${task}: ${summary}`);
  await holds('drift_reports', reports.length);
  assert.equal(await rowsOf('alerts', ofDrift), 0);
  assert.equal(await rowsOf('model_events'), 0);
});

test('shifted traffic drifts, tells once, and alert and request for retraining name their evidence', async () => {
  await publish('shifted', { every: 2 });
  const reports = await examineWindow(running.stack, shifted);
  assert.deepEqual(
    reports.map(({ release, verdict }) => `${release.replace(/@.*/, '')} ${verdict}`),
    tasks.map((task) => `${task} drifted`),
  );
  await examineWindow(running.stack, shifted);
  await holds('alerts', reports.length, ofDrift);
  await holds('model_events', reports.length);
  const evidence = new Map(reports.map(({ release, id }) => [release, id]));
  const events = await rows<{ release: string; cause: string; reports: string }>(
    `SELECT release, evidence['cause'] AS cause, evidence['reports'] AS reports FROM model_events WHERE ${asked}`,
  );
  assert.deepEqual(new Map(events.map(({ release, reports }) => [release, reports])), evidence);
  for (const { cause } of events) assert.equal(cause, 'drift');
  const alerts = await rows<{ report: string }>(
    `SELECT evidence['driftReport'] AS report FROM alerts WHERE ${ofDrift}`,
  );
  assert.deepEqual(new Set(alerts.map(({ report }) => report)), new Set(evidence.values()));
});

test('the job goes on after the last window that was reported, each once, and never into one that has not ended', async () => {
  const { windowMs } = running.stack.configuration.drift;
  for (const [first, minutes] of [
    [1, 90],
    [2, 200],
  ] as const)
    await publish('comments', { every: 90, first, at: shiftTime + minutes * minute });
  const later = { ...running.stack, now: () => Date.now() + minute };
  const due = await dueWindows(later);
  assert.ok(due.length >= 2, 'both spans of messages');
  for (const [index, span] of due.entries()) {
    assert.equal(span.to - span.from, windowMs);
    assert.ok(span.from >= shifted.to && span.to <= later.now());
    if (index > 0) assert.ok(span.from >= due[index - 1]!.to);
  }
  assert.deepEqual(await dueWindows({ ...running.stack, now: () => shifted.to + 1_000 }), []);
  for (const span of due) await examineWindow(running.stack, span, span.job);
  await running.settled();
  assert.deepEqual(await dueWindows(later), []);
});
