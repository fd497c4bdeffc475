// The job by its clock: it finds the window that is over, publishes its report once, and a second job that starts over
// the same data publishes nothing again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeBaselines } from '../../../connectors/clickhouse/histograms.ts';
import { predictions } from '../../../schemas/prediction.ts';
import { startDriftJob } from '../../../streams/drift-job.ts';
import { moodBaselines, openSubject, predictionOf, type Subject, traffic } from './subject.ts';

let subject: Subject;
before(async () => {
  subject = await openSubject({ MILLRACE_DRIFT_EVERY_MS: '1s' });
});
after(() => subject.close());

const published = async (): Promise<number> =>
  (await subject.stack.log.ranges(['drift-reports'])).reduce((all, { start, end }) => all + end - start, 0);

test('a window is reported once, by whichever job', { timeout: 60_000 }, async () => {
  const start = Date.UTC(2026, 0, 5, 12);
  await writeBaselines(subject.stack.clickhouse, moodBaselines);
  await subject.store(predictions, traffic(start, 10, 30).map(predictionOf));
  let stop = await startDriftJob(subject.stack);
  while ((await published()) === 0) await sleep(100);
  await sleep(2_500);
  await stop();
  assert.equal(await published(), 1);
  // As after kill -9 before the sink stored the report: only the topic knows of it.
  stop = await startDriftJob(subject.stack);
  await sleep(3_500);
  await stop();
  assert.equal(await published(), 1);
});
