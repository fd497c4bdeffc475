// Drift jobs in the configuration: as a variable and in YAML, what they leave out, and every contradiction told.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Misconfigured } from '../../../schemas/errors.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { driftChecks } from '../../../streams/configuration/drift-checks.ts';
import { driftJobList } from '../../../streams/configuration/drift-job-settings.ts';
import { driftJobs, looksAt } from '../../../streams/drift/jobs.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-drift-jobs-'));
after(() => rmSync(directory, { recursive: true }));

const configured = (jobs: string, env: Readonly<Record<string, string>> = {}) =>
  loadConfiguration({ env: { ...env, MILLRACE_DRIFT_JOBS: jobs } });

/** What the checks say of jobs that are right one by one. */
function contradictionsOf(jobs: string, windowMs?: number) {
  const values = configured('');
  const parsed = driftJobList.schema.parse(driftJobList.fromText(jobs));
  const drift = { ...values.drift, jobs: parsed, ...(windowMs === undefined ? {} : { windowMs }) };
  return driftChecks.map((check) => check({ ...values, drift })).filter((found) => found !== false);
}

test('without a declared job there is one over everything, by the other settings', () => {
  const [job, ...others] = driftJobs(
    configured('', { MILLRACE_DRIFT_WINDOW_MS: '30m', MILLRACE_DRIFT_EFFECT_MIN: '0.1' }),
  );
  assert.equal(others.length, 0);
  assert.deepEqual(
    [job!.name, job!.sizeMs, job!.stepMs, job!.samplesMin, job!.statistics],
    ['window', 1_800_000, 1_800_000, 500, ['chi-square', 'psi', 'jensen-shannon']],
  );
  assert.deepEqual(job!.thresholds, { 'chi-square': 0.1 });
  assert.deepEqual([job!.falseAlarmRate, job!.calibrated, job!.correction], [0.01, false, 'holm']);
  assert.deepEqual([job!.dataThreshold, job!.predictionThreshold], [0.1, 0.05]);
  assert.ok(looksAt(job!, 'toxicity@1.0.0'));
});

test('a variable and a file say the same', () => {
  const variable = configured(
    'name=fast tasks=toxicity,sentiment kind=comment window=sliding size=1h step=5m statistics=psi,hellinger thresholds=psi:0.2,hellinger:0.15; name=calm size=1d tenants=apart falseAlarmRate=0.02 statistics=wasserstein features=length,confidence samplesMin=2000 correction=benjamini-hochberg dataThreshold=0.2 predictionThreshold=0.1',
  );
  const file = join(directory, 'jobs.yaml');
  writeFileSync(
    file,
    `drift:
  jobs:
    - name: fast
      tasks: [toxicity, sentiment]
      kind: comment
      window: sliding
      size: 1h
      step: 300000
      statistics: [psi, hellinger]
      thresholds: { psi: 0.2, hellinger: 0.15 }
    - name: calm
      size: 1d
      tenants: apart
      falseAlarmRate: 0.02
      statistics: [wasserstein]
      features: [length, confidence]
      samplesMin: 2000
      correction: benjamini-hochberg
      dataThreshold: 0.2
      predictionThreshold: 0.1
`,
  );
  assert.deepEqual(loadConfiguration({ env: {}, file }).drift.jobs, variable.drift.jobs);
  const [fast, calm] = driftJobs(variable);
  assert.deepEqual([fast!.sizeMs, fast!.stepMs, fast!.kind], [3_600_000, 300_000, 'comment']);
  assert.deepEqual(fast!.thresholds, { 'chi-square': 0.05, psi: 0.2, hellinger: 0.15 });
  assert.deepEqual([looksAt(fast!, 'toxicity@1.0.0'), looksAt(fast!, 'emotion@1.0.0')], [true, false]);
  assert.deepEqual([calm!.sizeMs, calm!.stepMs], [86_400_000, 86_400_000]);
  assert.deepEqual(
    [calm!.falseAlarmRate, calm!.calibrated, calm!.correction],
    [0.02, true, 'benjamini-hochberg'],
  );
});

for (const [jobs, says] of [
  ['tasks=toxicity', /drift\.jobs \(1 name\)/],
  ['name=Hourly', /small letters/],
  ['name=a size=90s', /whole minutes/],
  ['name=a statistics=anova', /1 statistics/],
  ['name=a thresholds=psi:high', /1 thresholds/],
  ['name=a falseAlarmRate=2', /1 falseAlarmRate/],
  ['name=a every=5m', /every/],
  ['name=a releases=toxicity', /no release, task@version/],
] as const)
  test(`refused: ${jobs}`, () => {
    assert.throws(
      () => configured(jobs),
      (error) => error instanceof Misconfigured && says.test(error.message),
    );
  });

for (const [jobs, says, windowMs] of [
  ['name=a; name=a', /two drift jobs are called a/],
  ['name=a tasks=toxicity releases=toxicity@1.0.0', /names tasks and releases/],
  ['name=a size=1h step=5m', /tumbling windows with a step/],
  ['name=a window=sliding', /slides, but by no step/],
  ['name=a window=sliding size=5m step=10m', /steps further than its window/],
  ['name=a thresholds=psi:0.1 falseAlarmRate=0.01', /thresholds and a falseAlarmRate/],
  ['name=a thresholds=hellinger:0.1', /a threshold for hellinger, which it does not measure/],
  ['name=a features=label,language statistics=kolmogorov-smirnov', /features without an order/],
  ['name=a', /ends within one/, 90_000],
] as const)
  test(`contradicts itself: ${jobs}`, () => {
    const found = contradictionsOf(jobs, ...(windowMs === undefined ? [] : [windowMs]));
    assert.equal(found.length, 1);
    assert.match(found[0]!.what, says);
  });

test('no contradiction in jobs that are right', () => {
  assert.deepEqual(contradictionsOf('name=a window=sliding size=1h step=5m; name=b features=label'), []);
});
