// What asks for retraining, on what ClickHouse really holds: each cause fires when it should, names what it rests on, and
// is silent when chance, time or another release explains it.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import { applyMigrations, readMigrations } from '../../../connectors/clickhouse/migrations.ts';
import { driftReports } from '../../../schemas/drift-report.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { causeFor, type Watched } from '../../../streams/retraining/causes.ts';
import { rulesFor } from '../../../streams/retraining/rules.ts';
import {
  feedbackOf,
  predictionOf,
  resultOf,
  store,
  storeFeedback,
  storePredictions,
} from '../../connectors/clickhouse/stored.ts';
import { reportOf } from './report.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-causes-'));
const clickhouse = await openEmbeddedClickhouse({ directory });
after(async () => {
  await clickhouse.close();
  await rm(directory, { recursive: true, force: true });
});
await applyMigrations(clickhouse, await readMigrations());

const now = 1_763_722_800_000;
const hour = 3_600_000;

function watched(task: string, rule: string, more: Partial<Watched> = {}): Watched {
  const configuration = loadConfiguration({ env: { MILLRACE_RETRAINING_RULES: `task=${task} ${rule}` } });
  return {
    task,
    release: `${task}@1.0.0`,
    givesScores: false,
    rules: rulesFor(configuration, task),
    since: 0,
    watchedSince: now - 10 * hour,
    now,
    jobsApart: ['each'],
    ...more,
  };
}

/** Answers of a task with the labels people gave, one a minute up to now. */
async function storeAnswers(
  task: string,
  count: number,
  isRight: (at: number) => boolean,
  { release = `${task}@1.0.0`, until = now } = {},
): Promise<void> {
  const at = (index: number) => until - (count - index) * 60_000;
  const id = (index: number) => `${release}-${until}-${index}`;
  await storePredictions(
    clickhouse,
    Array.from({ length: count }, (_, index) =>
      predictionOf(id(index), at(index), [resultOf(release, 'yes')]),
    ),
  );
  await storeFeedback(
    clickhouse,
    Array.from({ length: count }, (_, index) =>
      feedbackOf(`f-${id(index)}`, id(index), {
        task,
        label: isRight(index) ? 'yes' : 'no',
        by: 'user',
        eventTime: at(index),
      }),
    ),
  );
}

describe('drift', () => {
  it('asks for the release that serves, after the task came to rest, on as many reports as are wanted', async () => {
    await store(clickhouse, driftReports, [
      reportOf('r1', 'moved@1.0.0', 'stable', now - 3 * hour),
      reportOf('r2', 'moved@1.0.0', 'drifted', now - 2 * hour),
      reportOf('r3', 'moved@1.0.0', 'drifted', now - hour),
      reportOf('r4', 'moved@1.0.0', 'too-few-samples', now),
      reportOf('r5', 'other@1.0.0', 'drifted', now),
    ]);
    const asked = await causeFor(clickhouse, watched('moved', 'triggers=drift'));
    assert.equal(asked?.cause, 'drift');
    assert.equal(asked.of, 'r3');
    assert.match(asked.reason, /moved@1\.0\.0.*label moved/);
    assert.deepEqual(asked.evidence, {
      reports: 'r3',
      job: 'window',
      windowStart: new Date(now - 2 * hour).toISOString(),
      windowEnd: new Date(now - hour).toISOString(),
      samples: '900',
      dataScore: '0.4',
    });
    const inARow = (reports: number) => {
      const all = watched('moved', 'triggers=drift');
      return causeFor(clickhouse, { ...all, rules: { ...all.rules, driftReportsMin: reports } });
    };
    assert.equal((await inARow(2))?.evidence.reports, 'r3,r2');
    assert.equal(await inARow(3), null);
    const rested = (since: number) => causeFor(clickhouse, watched('moved', 'triggers=drift', { since }));
    assert.equal(await rested(now - hour), null);
    assert.equal((await rested(now - hour - 1))?.of, 'r3');
    const promoted = watched('moved', 'triggers=drift', { release: 'moved@1.1.0' });
    assert.equal(await causeFor(clickhouse, promoted), null);
  });

  it('is judged of each job and kind by itself, whatever the ids of their reports', async () => {
    for (const [task, prompts, comments] of [
      ['first', 'a', 'b'],
      ['second', 'b', 'a'],
    ] as const) {
      const report = (at: number, kind: 'comment' | 'prompt', verdict: string) =>
        reportOf(
          `${task}-${kind === 'prompt' ? prompts : comments}${at}`,
          `${task}@1.0.0`,
          verdict,
          now - at * hour,
          { kind },
        );
      await store(clickhouse, driftReports, [
        report(2, 'comment', 'drifted'),
        report(2, 'prompt', 'stable'),
        report(1, 'comment', 'drifted'),
        report(1, 'prompt', 'stable'),
      ]);
      const all = watched(task, 'triggers=drift');
      const inARow = (reports: number) =>
        causeFor(clickhouse, { ...all, rules: { ...all.rules, driftReportsMin: reports } });
      for (const reports of [1, 2]) {
        const asked = await inARow(reports);
        assert.equal(asked?.of, `${task}-${comments}1`);
        assert.equal(asked.evidence.kind, 'comment');
      }
      assert.equal(await inARow(3), null);
    }
  });

  it('of a single tenant asks for no other model of everybody’s', async () => {
    await store(clickhouse, driftReports, [
      reportOf('t1', 'shared@1.0.0', 'drifted', now - hour, { job: 'each' }),
      reportOf('t2', 'shared@1.0.0', 'drifted', now - hour, { job: 'gone', tenant: 'acme' }),
    ]);
    assert.equal(await causeFor(clickhouse, watched('shared', 'triggers=drift')), null);
    const together = watched('shared', 'triggers=drift', { jobsApart: [] });
    assert.equal((await causeFor(clickhouse, together))?.of, 't1');
  });
});

describe('accuracy', () => {
  it('asks where it is below the threshold beyond chance, with the interval as evidence', async () => {
    await storeAnswers('poor', 200, (at) => at % 5 < 2);
    const asked = await causeFor(clickhouse, watched('poor', 'triggers=accuracy accuracy=0.5'));
    assert.equal(asked?.cause, 'accuracy');
    assert.equal(asked.evidence.accuracy, '0.4000');
    assert.equal(asked.evidence.labelled, '200');
    // 40 % of 200 is at most 46.9 %: a threshold of 45 % may be met by chance.
    assert.equal(await causeFor(clickhouse, watched('poor', 'triggers=accuracy accuracy=0.45')), null);
    assert.equal(await causeFor(clickhouse, watched('poor', 'triggers=accuracy accuracy=0')), null);
  });

  it('counts the release that serves alone, with enough labels of its time', async () => {
    const other = watched('poor', 'triggers=accuracy accuracy=0.5', { release: 'poor@1.1.0' });
    assert.equal(await causeFor(clickhouse, other), null);
    const since = now - 90 * 60_000;
    assert.equal(await causeFor(clickhouse, watched('poor', 'triggers=accuracy', { since })), null);
  });
});

describe('scores', () => {
  it('ask where the last hundred are off by more than the threshold on average', async () => {
    const storeScores = async (release: string, distances: readonly number[]) => {
      const at = (index: number) => now - (distances.length - index) * 60_000;
      await storePredictions(
        clickhouse,
        distances.map((_, index) =>
          predictionOf(`${release}-${index}`, at(index), [resultOf(release, 'score', { confidence: 0.5 })]),
        ),
      );
      await storeFeedback(
        clickhouse,
        distances.map((distance, index) =>
          feedbackOf(`f-${release}-${index}`, `${release}-${index}`, {
            task: release.split('@')[0]!,
            value: 50 + distance,
            by: 'user',
            eventTime: at(index),
          }),
        ),
      );
    };
    // Long ago it was right; the last hundred are off by 10 and 24 in turn: by 17.
    const late = Array.from({ length: 200 }, (_, at) => (at < 100 ? 0 : at % 2 === 0 ? 10 : -24));
    await storeScores('graded@1.0.0', late);
    const scores = { givesScores: true };
    const asked = await causeFor(clickhouse, watched('graded', 'triggers=error', scores));
    assert.equal(asked?.cause, 'error');
    assert.equal(asked.evidence.meanError, '17.000');
    assert.equal(asked.evidence.labelled, '100');
    assert.equal(await causeFor(clickhouse, watched('graded', 'triggers=error error=17.5', scores)), null);
    assert.equal(await causeFor(clickhouse, watched('graded', 'triggers=error')), null);
    const since = now - 50 * 60_000;
    assert.equal(await causeFor(clickhouse, watched('graded', 'triggers=error', { ...scores, since })), null);
  });
});

describe('labels', () => {
  it('ask when more than so many arrived since the last training', async () => {
    await storeAnswers('talked', 120, () => true);
    const asked = await causeFor(clickhouse, watched('talked', 'triggers=labels labels=119'));
    assert.equal(asked?.evidence.labels, '120');
    assert.equal(await causeFor(clickhouse, watched('talked', 'triggers=labels labels=120')), null);
    const since = now - 60 * 60_000;
    assert.equal(await causeFor(clickhouse, watched('talked', 'triggers=labels labels=60', { since })), null);
    assert.equal(
      (await causeFor(clickhouse, watched('talked', 'triggers=labels labels=59', { since })))?.cause,
      'labels',
    );
  });
});

describe('the schedule', () => {
  it('asks at whole multiples of its span, once, and makes up for one that was missed', async () => {
    const day = 24 * hour;
    const midnight = Math.floor(now / day) * day;
    const at = (clock: number, since = 0, watchedSince = midnight - hour) =>
      causeFor(
        clickhouse,
        watched('daily', 'triggers=schedule schedule=1d', { now: clock, since, watchedSince }),
      );
    assert.equal(await at(midnight - 1), null);
    assert.equal((await at(midnight))?.of, String(midnight));
    assert.equal((await at(midnight + 5 * hour))?.of, String(midnight));
    assert.equal(await at(midnight + 5 * hour, midnight + hour), null);
    assert.equal((await at(midnight + 5 * hour, midnight - 3 * day))?.of, String(midnight));
    assert.equal(await at(midnight + 5 * hour, 0, midnight + 4 * hour), null);
    assert.equal(await causeFor(clickhouse, watched('daily', 'triggers=schedule')), null);
  });
});

describe('the detector', () => {
  it('asks where the error of the stream has risen, and not where it has fallen or stays', async () => {
    await storeAnswers('worse', 600, (at) => (at < 300 ? at % 10 !== 0 : at % 2 === 0));
    const asked = await causeFor(clickhouse, watched('worse', 'triggers=detector'));
    assert.equal(asked?.cause, 'detector');
    const at = Number(asked.of.split('-').at(-1));
    assert.ok(at > 300 && at < 420, asked.of);
    assert.ok(
      Number(asked.evidence.before) < 0.3 && Number(asked.evidence.after) > 0.4,
      JSON.stringify(asked),
    );
    await storeAnswers('better', 600, (at) => (at < 300 ? at % 2 === 0 : at % 10 !== 0));
    assert.equal(await causeFor(clickhouse, watched('better', 'triggers=detector')), null);
    await storeAnswers('even', 600, (at) => at % 3 !== 0);
    assert.equal(await causeFor(clickhouse, watched('even', 'triggers=detector')), null);
    const promoted = watched('worse', 'triggers=detector', { release: 'worse@1.1.0' });
    assert.equal(await causeFor(clickhouse, promoted), null);
  });
});

describe('several causes', () => {
  it('are named in the order of the settings', async () => {
    const first = await causeFor(clickhouse, watched('poor', 'triggers=labels|accuracy labels=50'));
    assert.equal(first?.cause, 'labels');
    const other = await causeFor(clickhouse, watched('poor', 'triggers=accuracy|labels labels=50'));
    assert.equal(other?.cause, 'accuracy');
    assert.equal(await causeFor(clickhouse, watched('poor', 'triggers=drift')), null);
  });
});
