// A window from its predictions in ClickHouse to its report in the topic, and to its page: what moved is found, kinds,
// tenants and shadow arms are kept apart, and a window that is examined again is published once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { renewBaseline, writeBaselines } from '../../../connectors/clickhouse/histograms.ts';
import { comments } from '../../../schemas/comment.ts';
import { type DriftReport, driftReports } from '../../../schemas/drift-report.ts';
import { predictions } from '../../../schemas/prediction.ts';
import { reportsOn } from '../../../streams/drift/examination.ts';
import { driftJobs } from '../../../streams/drift/jobs.ts';
import { examineWindow } from '../../../streams/drift.ts';
import { execute } from '../commands/executed.ts';
import { moodBaselines, openSubject, predictionOf, type Subject, traffic } from './subject.ts';

const minute = 60_000;
const start = Date.UTC(2026, 0, 5, 12);
const still = { from: start, to: start + 10 * minute };
const moved = { from: still.to, to: still.to + 10 * minute };

let subject: Subject;
before(async () => {
  subject = await openSubject();
  await writeBaselines(subject.stack.clickhouse, moodBaselines);
  const shifted = traffic(moved.from, 10, 60, true);
  await subject.store(predictions, [...traffic(still.from, 10, 60), ...shifted].map(predictionOf));
  await subject.store(
    comments,
    shifted.slice(0, 40).map(({ messageId, eventTime }) => ({
      ...{
        id: messageId,
        tenant: 'default',
        eventTime,
        ingestTime: eventTime,
        source: 'test',
        traceparent: '',
      },
      ...{ text: `triste <b>message</b> ${messageId}`, author: null, thread: null },
    })),
  );
});
after(() => subject.close());

const published = async (): Promise<number> => {
  const ranges = await subject.stack.log.ranges(['drift-reports']);
  return ranges.reduce((all, { start: first, end }) => all + end - first, 0);
};

test('an unmoved window is stable, and its report says how sure the release was', async () => {
  const reports = await examineWindow(subject.stack, still);
  assert.equal(reports.length, 1);
  const [report] = reports as readonly [DriftReport];
  assert.equal(report.verdict, 'stable', report.summary);
  assert.deepEqual([report.release, report.kind, report.samples], ['mood@1.0.0', 'comment', 600]);
  assert.ok(Math.abs(report.expectedAccuracy! - 0.7) < 1e-6, String(report.expectedAccuracy));
  assert.deepEqual([report.accuracy, report.labelled, report.slices, report.examples], [null, 0, [], []]);
  assert.equal(report.dataScore, 0);
  assert.ok(report.predictionScore! < 0.01);
});

test('without feedback no message is looked through for labels', async () => {
  const asked: string[] = [];
  const { clickhouse } = subject.stack;
  const watched = new Proxy(clickhouse, {
    get: (target, name) =>
      name === 'query'
        ? (sql: string, parameters?: never) => {
            asked.push(sql);
            return target.query(sql, parameters);
          }
        : Reflect.get(target, name),
  });
  await reportsOn(
    { ...subject.stack, clickhouse: watched },
    driftJobs(subject.stack.configuration)[0]!,
    still,
  );
  assert.ok(asked.some((sql) => sql.includes('FROM histograms')));
  assert.deepEqual(
    asked.filter((sql) =>
      /labelled_results|resolved_feedback|FROM predictions|FROM prediction_results/.test(sql),
    ),
    [],
  );
});

test('a moved one drifted: its parts, examples from those that grew, and what to do are in the report', async () => {
  const [report] = (await examineWindow(subject.stack, moved)) as readonly [DriftReport];
  assert.equal(report.verdict, 'drifted');
  assert.equal(report.dataScore, 1);
  assert.ok(report.predictionScore! > 0.2);
  assert.ok(Math.abs(report.expectedAccuracy! - 0.6) < 1e-6);
  const language = report.slices!.find(({ feature, bin }) => feature === 'language' && bin === 'fr');
  assert.ok(Math.abs(language!.after - 0.5) < 1e-12 && Math.abs(language!.before - 1 / 6) < 1e-12);
  assert.ok(report.examples!.length > 0);
  const rows = await subject.stack.clickhouse.query<{ wrong: number }>(
    `SELECT toUInt32(countIf(NOT (language = 'fr' OR has(results.label, 'sad') OR arrayExists(c -> c < 0.7, results.confidence)))) AS wrong
     FROM predictions WHERE messageId IN {ids:Array(String)}`,
    { ids: report.examples },
  );
  assert.equal(rows[0]!.wrong, 0);
  assert.ok(
    report.examples!.every((id) => id.startsWith(`s-${moved.from}`)),
    'of this window alone',
  );
  assert.match(report.recommendations!.join('\n'), /in fr than mood@1.0.0/);
  assert.match(report.recommendations!.join('\n'), /millrace label next --task mood/);
  for (const { value, threshold, drifted } of report.statistics) if (drifted) assert.ok(value >= threshold);
});

test('a window that is examined again has the same ids and is published once', async () => {
  const before = await published();
  assert.equal(before, 2);
  const again = await examineWindow(subject.stack, moved);
  assert.equal(await published(), before);
  // What ClickHouse holds and the end of the topic no longer does is known as well.
  await subject.store(driftReports, again);
  const blind = { ...subject.stack, log: { ...subject.stack.log, ranges: async () => [] } } as never;
  await examineWindow(blind, moved);
  assert.equal(await published(), before);
});

test('kinds, tenants and shadows are judged by themselves', async () => {
  const at = moved.to + 60 * minute;
  const of = (said: Partial<Parameters<typeof predictionOf>[0]>, shifted: boolean) =>
    traffic(at, 10, 30, shifted).map((one, index) =>
      predictionOf({ ...one, messageId: `${JSON.stringify(said)}${index}`, ...said }),
    );
  await writeBaselines(
    subject.stack.clickhouse,
    moodBaselines.map((baseline) => ({ ...baseline, release: 'mood@2.0.0' })),
  );
  await subject.store(predictions, [
    ...of({}, false),
    ...of({ kind: 'prompt' }, true),
    ...of({ tenant: 'acme' }, true),
    ...of({ release: 'mood@2.0.0', arm: 'shadow' }, true),
  ]);
  const span = { from: at, to: at + 10 * minute };
  const verdicts = async (job: Partial<ReturnType<typeof driftJobs>[number]>) => {
    const [usual] = driftJobs(subject.stack.configuration);
    const reports = await examineWindow(subject.stack, span, { ...usual!, ...job });
    return reports.map(
      ({ tenant, release, kind, samples, verdict }) => `${tenant} ${release} ${kind} ${samples} ${verdict}`,
    );
  };
  assert.deepEqual(await verdicts({}), [
    'default mood@1.0.0 comment 600 drifted',
    'default mood@1.0.0 prompt 300 drifted',
    'default mood@2.0.0 comment 300 drifted',
  ]);
  assert.deepEqual(
    await verdicts({ name: 'apart', tenants: 'apart', kind: 'comment', releases: ['mood@1.0.0'] }),
    ['acme mood@1.0.0 comment 300 drifted', 'default mood@1.0.0 comment 300 stable'],
  );
  assert.deepEqual(await verdicts({ name: 'none', tasks: ['weather'] }), []);
});

test('a language that no model was asked for is unknown, which is no drift; one that a model cannot tell is', async () => {
  const untold = { from: start + 60 * minute, to: start + 70 * minute };
  const texts = (from: number) => traffic(from, 10, 60).map((said) => ({ ...said, language: 'und' }));
  await subject.store(predictions, texts(untold.from).map(predictionOf));
  const [silent] = await reportsOn(subject.stack, driftJobs(subject.stack.configuration)[0]!, untold);
  assert.equal(silent?.verdict, 'stable', silent?.summary);
  assert.ok(silent?.statistics.every(({ feature }) => feature !== 'language'));
  const asked = { from: untold.to, to: untold.to + 10 * minute };
  const told = texts(asked.from).map((said) => ({ ...said, release: 'language@1.0.0', label: 'und' }));
  await subject.store(predictions, [...texts(asked.from), ...told].map(predictionOf));
  const reports = await reportsOn(subject.stack, driftJobs(subject.stack.configuration)[0]!, asked);
  const report = reports.find(({ release }) => release === 'mood@1.0.0');
  assert.equal(report?.verdict, 'drifted');
  assert.match(report?.summary ?? '', /language/);
});

test('calibrated jobs judge alike every time, and find the shift', async () => {
  const [usual] = driftJobs(subject.stack.configuration);
  const job = {
    ...usual!,
    name: 'calibrated',
    thresholds: {},
    calibrated: true,
    statistics: ['psi', 'hellinger'] as const,
  };
  const [first] = await examineWindow(subject.stack, moved, job);
  const [second] = await examineWindow(subject.stack, moved, job);
  assert.deepEqual(second!.statistics, first!.statistics);
  assert.equal(first!.verdict, 'drifted');
  const [unmoved] = await examineWindow(subject.stack, still, job);
  assert.equal(unmoved!.verdict, 'stable', unmoved!.summary);
});

test('a renewed baseline takes the shift for usual, on the same bins, and the old one stays', async () => {
  const { clickhouse } = subject.stack;
  const renewed = await renewBaseline(clickhouse, { release: 'mood@1.0.0', ...moved, samplesMin: 100 });
  assert.deepEqual(renewed, ['confidence', 'label', 'language']);
  const [usual] = driftJobs(subject.stack.configuration);
  const [report] = await examineWindow(subject.stack, moved, { ...usual!, name: 'renewed' });
  assert.equal(report!.verdict, 'stable', report!.summary);
  const rows = await clickhouse.query<{ edges: readonly number[]; n: number }>(
    "SELECT edges, toUInt32(count()) AS n FROM baselines FINAL WHERE release = 'mood@1.0.0' AND feature = 'confidence' GROUP BY edges",
  );
  assert.deepEqual(rows, [{ edges: [0.6, 0.7, 0.8], n: 2 }]);
  assert.deepEqual(await renewBaseline(clickhouse, { release: 'mood@1.0.0', ...still, samplesMin: 601 }), []);
});

const run = (...argv: string[]) =>
  execute(argv, {
    env: {},
    workingDirectory: subject.stack.configuration.dataDirectory,
    stack: subject.stack,
  });

test('drift list, show and report tell of what is stored', async () => {
  const [drifted] = await examineWindow(subject.stack, moved, {
    ...driftJobs(subject.stack.configuration)[0]!,
    name: 'stored',
    kind: 'comment',
  });
  const earlier = {
    ...drifted!,
    id: 'earlier',
    windowStart: still.from,
    windowEnd: still.to,
    verdict: 'stable' as const,
  };
  await subject.store(driftReports, [{ ...earlier, job: 'window' }]);
  const list = await run('drift', 'list', '--json');
  const reports = list.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as DriftReport);
  assert.deepEqual(
    reports.map(({ verdict }) => verdict),
    ['drifted', 'stable'],
  );
  assert.notEqual(reports[0]!.id, drifted!.id, 'another job, another report');
  assert.deepEqual(
    (await run('drift', 'list', '--drifted', '--task', 'mood', '--json')).stdout.trim().split('\n').length,
    1,
  );
  assert.match((await run('drift', 'list', '--task', 'weather')).stdout, /No drift reports\. Jobs: window\./);
  const shown = await run('drift', 'show', reports[0]!.id.slice(0, 10));
  assert.match(shown.stdout, /mood@1\.0\.0, comment: drifted/);
  assert.match(shown.stdout, /language .*psi/);
  const json = JSON.parse((await run('drift', 'show', reports[0]!.id, '--json')).stdout) as DriftReport;
  assert.deepEqual(json.statistics, reports[0]!.statistics);
  const page = await run('drift', 'report', '--out', 'page.html');
  assert.equal(page.code, 0, page.stderr);
  const html = readFileSync(join(subject.stack.configuration.dataDirectory, 'page.html'), 'utf8');
  for (const section of [
    'Verdict',
    'What moved',
    'Baseline and now',
    'Over time',
    'Confidence',
    'Examples',
    'Statistics',
  ])
    assert.match(html, new RegExp(`<h2>${section}</h2>`));
  assert.match(html, /triste &lt;b&gt;message&lt;\/b&gt;/);
  assert.doesNotMatch(html, /<script|src="http|NaN/);
  assert.ok((html.match(/<svg /g) ?? []).length >= 5);
});

test('drift examine looks without publishing, and publishes when told', async () => {
  const before = await published();
  const span = ['--from', new Date(moved.from).toISOString(), '--to', new Date(moved.to).toISOString()];
  const looked = await run('drift', 'examine', ...span, '--json');
  assert.equal(looked.code, 0, looked.stderr);
  assert.equal((JSON.parse(looked.stdout) as DriftReport).samples, 600);
  assert.equal(await published(), before);
  const other = ['--from', String(moved.from), '--to', String(moved.to + minute)];
  assert.match((await run('drift', 'examine', ...other, '--publish')).stderr, /1 of 1 reports published/);
  assert.match((await run('drift', 'examine', ...other, '--publish')).stderr, /0 of 1 reports published/);
  assert.equal(await published(), before + 1);
  assert.match(
    (await run('drift', 'examine', '--from', '-2m')).stdout,
    /No release with a baseline answered/,
  );
});

for (const [argv, says] of [
  [['show', 'abc'], /too short/],
  [['show', 'abcdefgh'], /there is no drift report abcdefgh.*drift list/s],
  [['examine', '--job', 'hourly'], /there is no drift job hourly.*Jobs are window/s],
  [['examine', '--from', 'now', '--to', '-1h'], /is not before/],
  [['examine', '--from', 'yesterday'], /--from yesterday is no time/],
  [['list', '--limit', '0'], /whole number from 1/],
  [['report', '--release', 'weather@1.0.0'], /no such drift report/],
  [['report', '--out', '/dev/null/page.html'], /cannot be written/],
] as const)
  test(`refused: drift ${argv.join(' ')}`, async () => {
    const { code, stderr } = await run('drift', ...argv);
    assert.equal(code, 2);
    assert.match(stderr, says);
  });
