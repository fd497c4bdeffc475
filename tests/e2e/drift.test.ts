// Drift, end to end on the shipped models and samples: unshifted traffic raises nothing, shifted traffic raises a
// report, an alert and a request for retraining that names the report.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadSamples, recordOf, type SampleSet, spans } from '../../streams/demo/samples.ts';
import { examineWindow } from '../../streams/drift.ts';
import { dueWindows } from '../../streams/drift-job.ts';
import { type Running, scratchDirectory, startRunning } from './running.ts';

const directory = scratchDirectory();
const shiftTime = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
const { unshifted, shifted } = spans(shiftTime);
let running: Running;

before(async () => {
  running = await startRunning(directory.path);
});
after(async () => {
  await running.close();
  directory.remove();
});

/** Publishes every n-th sample of a set and waits until all of it is stored. */
async function publish(set: SampleSet, every: number): Promise<number> {
  const { all } = await loadSamples();
  const chosen = all.filter((sample) => sample.set === set).filter((_, index) => index % every === 0);
  await running.stack.log.publish([
    { topic: chosen[0]!.topic, records: chosen.map((sample) => recordOf(sample, shiftTime, Date.now())) },
  ]);
  await running.settled();
  return chosen.length;
}

const rowsOf = async (table: string): Promise<number> => {
  const [row] = await running.stack.clickhouse.query<{ n: number }>(
    `SELECT toUInt32(count()) AS n FROM ${table}`,
  );
  return row!.n;
};

test('a third of the samples is judged stable and tells nobody', async () => {
  const samples = await publish('comments', 3);
  const reports = await examineWindow(running.stack, unshifted);
  assert.deepEqual(
    reports.map(({ release, verdict }) => `${release.replace(/@.*/, '')} ${verdict}`),
    ['emotion', 'language', 'sentiment', 'toxicity'].map((task) => `${task} stable`),
  );
  for (const report of reports) assert.equal(report.samples, samples, report.release);
  await running.settled();
  assert.equal(await rowsOf('drift_reports'), 4);
  assert.equal(await rowsOf('alerts'), 0);
  assert.equal(await rowsOf('model_events'), 0);
});

test('shifted traffic drifts, tells once, and the request for retraining names its evidence', async () => {
  await publish('shifted', 2);
  const reports = await examineWindow(running.stack, shifted);
  assert.ok(
    reports.every(({ verdict }) => verdict === 'drifted'),
    JSON.stringify(reports.map(({ verdict }) => verdict)),
  );
  await examineWindow(running.stack, shifted);
  await running.settled();
  assert.equal(await rowsOf('alerts'), reports.length);
  const events = await running.stack.clickhouse.query<{
    release: string;
    evidence: string;
    traceparent: string;
  }>(
    "SELECT release, evidence['driftReport'] AS evidence, traceparent FROM model_events WHERE event = 'retraining-requested'",
  );
  assert.deepEqual(
    new Map(events.map(({ release, evidence }) => [release, evidence])),
    new Map(reports.map(({ release, id }) => [release, id])),
  );
  for (const { release, traceparent } of events)
    assert.equal(traceparent, reports.find((report) => report.release === release)!.traceparent);
});

test('the job goes on after the last window that was reported, and never into one that has not ended', async () => {
  const { windowMs } = running.stack.configuration.drift;
  const later = { ...running.stack, now: () => shifted.to + 3 * windowMs + 40_000 };
  const due = await dueWindows(later);
  assert.ok(due.length >= 1);
  for (const [index, span] of due.entries()) {
    assert.equal(span.to - span.from, windowMs);
    assert.ok(span.from >= shifted.to && span.to <= later.now());
    if (index > 0) assert.equal(span.from, due[index - 1]!.to);
  }
  assert.deepEqual(await dueWindows({ ...running.stack, now: () => shifted.to + 1_000 }), []);
});
