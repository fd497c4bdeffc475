// Feedback resolved to labels: the view against a naive reading of the rules over feedback that comes late, twice, out of
// order and in contradiction; and the questions that the loop asks of it.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import { writeBaselines } from '../../../connectors/clickhouse/histograms.ts';
import {
  countLabels,
  readAccuracy,
  readLabelledMessages,
  readRecentErrors,
} from '../../../connectors/clickhouse/labels.ts';
import { applyMigrations, readMigrations } from '../../../connectors/clickhouse/migrations.ts';
import { generated, resolveNaively } from './label-rules.ts';
import {
  commentOf,
  feedbackOf,
  predictionOf,
  resultOf,
  storeComments,
  storeFeedback,
  storePredictions,
} from './stored.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-labels-'));
const clickhouse = await openEmbeddedClickhouse({ directory });
after(async () => {
  await clickhouse.close();
  await rm(directory, { recursive: true, force: true });
});
await applyMigrations(clickhouse, await readMigrations());

const start = 1_763_722_800_000;
const hour = 3_600_000;
const labelBaseline = (release: string, bins: readonly string[]) => ({
  release,
  feature: 'label',
  kind: 'categorical' as const,
  edges: [],
  bins,
  counts: bins.map(() => 1),
  samples: bins.length,
});
await writeBaselines(clickhouse, [
  labelBaseline('task@1.0.0', ['no', 'yes']),
  labelBaseline('many@1.0.0', ['a', 'b', 'c']),
  labelBaseline('hate@1.0.0', ['hate', 'not-hate']),
]);

const inOrder = (rows: readonly Record<string, unknown>[]) =>
  rows.map((row) => JSON.stringify(row, Object.keys(row).sort())).sort();

describe('labels', { timeout: 120_000 }, () => {
  it('are what a naive reading of the rules says, in whatever order feedback comes', async () => {
    for (const seed of [1, 2, 3]) {
      const { predictions, feedback } = generated(seed);
      // Half of the feedback is there before any prediction.
      await storeFeedback(clickhouse, feedback.slice(0, 150));
      await storePredictions(clickhouse, predictions);
      await storeFeedback(clickhouse, feedback.slice(150));
      const rows = await clickhouse.query<Record<string, unknown>>(
        `SELECT task, messageId, release, answer, label, value, correct, by, votes, conflicting,
           toUnixTimestamp64Milli(labelledAt) AS labelledAt
         FROM labelled_results WHERE startsWith(messageId, {prefix:String})`,
        { prefix: `${seed}/` },
      );
      const expected = resolveNaively(predictions, feedback);
      assert.ok(expected.length > 50 && expected.some(({ conflicting }) => Number(conflicting) > 1));
      assert.deepEqual(inOrder(rows), inOrder(expected));
      const labels = await clickhouse.query<Record<string, unknown>>(
        `SELECT task, messageId, label, value, by, votes FROM labels WHERE startsWith(messageId, {prefix:String})`,
        { prefix: `${seed}/` },
      );
      const labelled = expected.filter(({ label, value }) => label !== null || value !== null);
      assert.ok(labelled.length < expected.length, 'a refuted answer among many labels is no label');
      assert.deepEqual(
        inOrder(labels),
        inOrder(
          labelled.map(({ task, messageId, label, value, by, votes }) => ({
            task,
            messageId,
            label,
            value,
            by,
            votes,
          })),
        ),
      );
    }
  });

  it('join across tenants never', async () => {
    await storePredictions(clickhouse, [
      predictionOf('foreign', start, [resultOf('task@1.0.0', 'no')], { tenant: 'acme' }),
    ]);
    await storeFeedback(clickhouse, [feedbackOf('foreign', 'foreign', { label: 'yes', eventTime: start })]);
    assert.deepEqual(await clickhouse.query(`SELECT * FROM labels WHERE messageId = 'foreign'`), []);
    await storeFeedback(clickhouse, [
      feedbackOf('own', 'foreign', { label: 'yes', eventTime: start, tenant: 'acme' }),
    ]);
    assert.deepEqual(await clickhouse.query(`SELECT tenant FROM labels WHERE messageId = 'foreign'`), [
      { tenant: 'acme' },
    ]);
  });

  describe('are asked for by the loop', () => {
    const later = start + 100 * hour;
    const messages = Array.from({ length: 20 }, (_, index) => ({
      id: `q${index}`,
      at: later + index * hour,
    }));

    it('as accuracy of each release over a span of the messages’ time, however late they are', async () => {
      await storeComments(
        clickhouse,
        messages.map(({ id, at }) => commentOf(id, at)),
      );
      await storePredictions(
        clickhouse,
        messages.map(({ id, at }, index) =>
          predictionOf(id, at, [
            resultOf(index < 10 ? 'quest@1.0.0' : 'quest@2.0.0', index % 2 === 0 ? 'even' : 'odd'),
          ]),
        ),
      );
      const span = { task: 'quest', from: later + 5 * hour, to: later + 15 * hour };
      assert.deepEqual(await readAccuracy(clickhouse, span), []);
      await storeFeedback(
        clickhouse,
        messages.map(({ id, at }, index) =>
          feedbackOf(`qf${index}`, id, {
            task: 'quest',
            label: index % 3 === 0 ? 'even' : 'odd',
            eventTime: at + 500 * hour,
          }),
        ),
      );
      assert.deepEqual(await readAccuracy(clickhouse, span), [
        { release: 'quest@1.0.0', labelled: 5, correct: 3 },
        { release: 'quest@2.0.0', labelled: 5, correct: 3 },
      ]);
    });

    it('as texts with labels, the newest first', async () => {
      const read = async (limit: number, textBytesMax = 1_000) => {
        const span = { task: 'quest', from: later, to: later + 4 * hour };
        const lines = await readLabelledMessages(clickhouse, { ...span, limit, textBytesMax });
        return lines
          .toString('utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as { readonly messageId: string; readonly label: string });
      };
      const found = await read(3);
      assert.deepEqual(found, [
        {
          messageId: 'q3',
          text: 'text of q3',
          kind: 'comment',
          tenant: 'default',
          label: 'even',
          value: null,
          eventTime: later + 3 * hour,
        },
        ...found.slice(1),
      ]);
      assert.deepEqual(
        found.map(({ messageId, label }) => [messageId, label]),
        [
          ['q3', 'even'],
          ['q2', 'odd'],
          ['q1', 'odd'],
        ],
      );
      // Each text has ten bytes: the newest ones that fit are read.
      assert.deepEqual(
        (await read(3, 29)).map(({ messageId }) => messageId),
        ['q3', 'q2'],
      );
    });

    it('as the number that arrived since', async () => {
      const count = (since: number, above: number) =>
        countLabels(clickhouse, { task: 'quest', since, above });
      assert.equal(await count(later + 515 * hour, 4), 5);
      assert.equal(await count(later + 515 * hour, 5), null);
      assert.equal(await count(0, 19), 20);
      assert.equal(await count(0, 20), null);
      assert.equal(await count(later + 600 * hour, 0), null);
    });

    it('as a number that is counted no further than it is asked about', async () => {
      const read: unknown[] = [];
      const watched: Pick<typeof clickhouse, 'query'> = {
        query: (sql, parameters) => {
          if (sql.includes('resolved_feedback')) read.push(parameters?.since);
          return clickhouse.query(sql, parameters);
        },
      };
      assert.ok((await countLabels(watched, { task: 'quest', since: 0, above: 1 }))! > 1);
      assert.ok(read.length > 0 && read.every((since) => Number(since) > later), JSON.stringify(read));
      read.length = 0;
      // So few words make no more labels: nothing is joined.
      assert.equal(await countLabels(watched, { task: 'quest', since: 0, above: 10_000 }), null);
      assert.deepEqual(read, []);
    });

    it('as the errors of the last answers labelled, oldest first', async () => {
      const errors = await readRecentErrors(clickhouse, { task: 'quest', last: 3, since: 0 });
      assert.deepEqual(errors, [
        { messageId: 'q17', release: 'quest@2.0.0', correct: true, error: 0, labelledAt: later + 517 * hour },
        { messageId: 'q18', release: 'quest@2.0.0', correct: true, error: 0, labelledAt: later + 518 * hour },
        { messageId: 'q19', release: 'quest@2.0.0', correct: true, error: 0, labelledAt: later + 519 * hour },
      ]);
      await storeFeedback(
        clickhouse,
        Array.from({ length: 40 }, (_, index) =>
          feedbackOf(`orphan${index}`, 'nobody', {
            task: 'quest',
            label: 'odd',
            eventTime: later + 900 * hour,
          }),
        ),
      );
      await storePredictions(clickhouse, [
        predictionOf('points', later, [resultOf('quest@3.0.0', 'quality', { confidence: 0.5 })]),
      ]);
      await storeFeedback(clickhouse, [
        feedbackOf('points', 'points', { task: 'quest', value: 70, eventTime: later + 800 * hour }),
      ]);
      assert.deepEqual(
        (await readRecentErrors(clickhouse, { task: 'quest', last: 2, since: 0 })).map(
          ({ messageId, error }) => [messageId, error],
        ),
        [
          ['q19', 0],
          ['points', 20],
        ],
      );
      const all = { task: 'quest', last: 100, since: 0 };
      assert.equal((await readRecentErrors(clickhouse, all)).length, 21);
      const since = later + 518 * hour;
      assert.equal((await readRecentErrors(clickhouse, { ...all, since })).length, 3);
      assert.deepEqual(await readRecentErrors(clickhouse, { ...all, task: 'nothing' }), []);
    });
  });
});
