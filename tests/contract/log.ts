// What every implementation of the log port must do. Each test makes topics and groups of its own, so that the
// suite can run again and again against one broker. `record-too-large`, `fenced` and the like are asserted by what
// the port promises, never by what one implementation says.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Log } from '../../connectors/log.ts';
import { describeGroups } from './log/groups.ts';
import { describePublishing } from './log/publishing.ts';
import { describeReading } from './log/reading.ts';
import { allRecords, committedTotal, newName, reached, subscribing, texts } from './log/subject.ts';
import { describeSubscriptions } from './log/subscriptions.ts';

/** A log under test. `reopen` closes it and opens the same data again, where an implementation can. */
export interface LogUnderTest {
  readonly log: Log;
  readonly reopen?: () => Promise<Log>;
  readonly close: () => Promise<void>;
}

/** Registers the suite for one implementation. `open` is called once, `close` after the last test. */
export function describeLog(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`log contract: ${name}`, { timeout: 600_000 }, () => {
    let subject: LogUnderTest | undefined;
    const opened = (): LogUnderTest => {
      assert.ok(subject, 'the log did not open');
      return subject;
    };
    before(async () => {
      subject = await open();
    });
    after(() => subject?.close());
    describePublishing(() => opened().log);
    describeReading(() => opened().log);
    describeSubscriptions(() => opened().log);
    describeGroups(() => opened().log);
    it('keeps records, positions and topics when it is opened again', async (t) => {
      const { log, reopen } = opened();
      if (!reopen) return t.skip('this log cannot be opened again here');
      subject = { ...opened(), log: await reopenAfterCommits(log, reopen) };
    });
  });
}

async function reopenAfterCommits(before: Log, reopen: () => Promise<Log>): Promise<Log> {
  const [topic, group] = [newName('reopen'), newName('group')];
  await before.createTopics([{ name: topic, partitions: 2 }]);
  await before.publish([{ topic, records: texts('before', 10) }]);
  const subscription = await before.subscribe(subscribing(group, topic), (batch) =>
    batch.commit(batch.records.at(-1)!.offset + 1, 'kept'),
  );
  await reached(async () => (await committedTotal(before, group, topic)) === 10);
  await subscription.close();
  const log = await reopen();
  assert.equal((await allRecords(log, topic)).length, 10);
  assert.equal(await committedTotal(log, group, topic), 10);
  assert.ok((await log.positions(group, [topic])).every((position) => position.metadata === 'kept'));
  await log.publish([{ topic, records: texts('after', 5) }]);
  assert.equal((await allRecords(log, topic)).length, 15);
  return log;
}
