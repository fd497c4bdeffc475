// Windows are due by event time: when a later message is stored or nothing comes any more, each once, whatever the clock
// says and in whatever order messages arrive.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { driftReports } from '../../../schemas/drift-report.ts';
import { predictions } from '../../../schemas/prediction.ts';
import { dueWindows } from '../../../streams/drift-job.ts';
import { reportOf } from '../retraining/report.ts';
import { openSubject, predictionOf, type Subject } from './subject.ts';

const minute = 60_000;
const size = 10 * minute;
/** 2016-03-01: long before the clock of these tests. */
const start = Date.UTC(2016, 2, 1);
const jobs = `name=flat size=10m; name=slide window=sliding size=20m step=10m; name=fresh size=10m`;

let subject: Subject;
before(async () => {
  subject = await openSubject({ MILLRACE_DRIFT_JOBS: jobs });
});
after(() => subject.close());

let sent = 0;
/** Stores one answer in each of some minutes from the start, all accepted by the log at one instant. */
async function answers(minutes: readonly number[], ingestTime: number): Promise<void> {
  const messages = minutes.map((at) =>
    predictionOf({ messageId: `m${sent++}`, eventTime: start + at * minute, ingestTime, label: 'glad' }),
  );
  await subject.store(predictions, messages);
}

/** Ends of the due windows of a job, in minutes from the start. */
async function due(now: number, name = 'flat'): Promise<readonly number[]> {
  const windows = await dueWindows({ ...subject.stack, now: () => now });
  for (const { from, to, job } of windows) assert.equal(to - from, job.sizeMs);
  return windows.filter(({ job }) => job.name === name).map(({ to }) => (to - start) / minute);
}

/** Stores a report on a window, as the sink does once the job has published it. */
async function reported(end: number, job = 'flat', span = size): Promise<void> {
  const to = start + end * minute;
  const report = reportOf(`r${job}${end}`, 'mood@1.0.0', 'stable', to, { job });
  await subject.store(driftReports, [{ ...report, windowStart: to - span }]);
}

const clock = start + 400 * 24 * 60 * minute;

test('nothing is due before anything is stored', async () => {
  assert.deepEqual(await due(clock), []);
});

test('a window waits for a message from after its end, however late the clock is', async () => {
  await answers([0, 5, 9], clock);
  assert.deepEqual(await due(clock + 1_000), []);
  await answers([10], clock);
  assert.deepEqual(await due(clock + 1_000), [10]);
});

test('or for the sink to be idle for as long as messages may be late', async () => {
  assert.deepEqual(await due(clock + 29_999), [10]);
  assert.deepEqual(await due(clock + 30_000), [10, 20]);
});

test('never before the clock has passed its end and the lateness, whatever event times say', async () => {
  const idle = start + 20 * minute + 29_999;
  assert.deepEqual(await due(idle), [10]);
  assert.deepEqual(await due(idle + 1), [10]);
  // Idleness is by the log’s clock, which these messages are ahead of; the later message is what counts.
  await answers([30], clock);
  assert.deepEqual(await due(idle), [10]);
  assert.deepEqual(await due(idle + 1), [10, 20]);
});

test('sliding windows end at every step, and hold a message as often as they cover it', async () => {
  assert.deepEqual(await due(clock + 1_000, 'slide'), [10, 20, 30]);
});

test('a reported window is not due again, neither after late messages', async () => {
  await reported(10);
  assert.deepEqual(await due(clock + 1_000), [20]);
  await answers([3, 4], clock);
  assert.deepEqual(await due(clock + 1_000), [20]);
  await reported(10, 'slide', 2 * size);
  assert.deepEqual(await due(clock + 1_000, 'slide'), [20, 30]);
});

test('a window that overlaps one that was examined by hand is not due', async () => {
  await reported(15);
  assert.deepEqual(await due(clock + 1_000), []);
});

test('replayed out of order, windows come by their own time, and older ones are caught up', async () => {
  await answers([75, 41, 62, 90], clock);
  assert.deepEqual(await due(clock + 1_000), [40, 50, 70, 80]);
  await reported(80);
  assert.deepEqual(await due(clock + 1_000), [40, 50, 70], 'older ones without a report stay due');
  await answers([55], clock);
  assert.deepEqual(await due(clock + 1_000), [40, 50, 60, 70], 'late, but never judged before');
});

test('what is left out does not take the place of others', async () => {
  const windows = await dueWindows(
    { ...subject.stack, now: () => clock + 1_000 },
    ({ to }) => to < start + 65 * minute,
  );
  assert.deepEqual(
    windows.filter(({ job }) => job.name === 'flat').map(({ to }) => (to - start) / minute),
    [70],
  );
});

test('at most 24 windows are due at once, the oldest first', async () => {
  await answers(
    Array.from({ length: 40 }, (_, at) => 100 + 10 * at),
    clock,
  );
  const ends = await due(clock + 1_000);
  assert.equal(ends.length, 24);
  // So far ahead, the unjudged windows from before the last report are too old to be caught up.
  assert.deepEqual(
    ends,
    Array.from({ length: 24 }, (_, at) => 100 + 10 * at),
  );
});

test('a job without any report begins 24 windows back, not at the beginning of all', async () => {
  const ends = await due(clock + 1_000, 'fresh');
  assert.equal(ends[0], 250);
  assert.equal(ends.length, 24);
});
