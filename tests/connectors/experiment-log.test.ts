// The experiment log on disk: runs as they are read again, killed ones included, and an MLflow that is not there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { flatFigures, openExperimentLog, type RunStart } from '../../connectors/experiment-log.ts';
import { findRun, listRuns } from '../../connectors/experiment-runs.ts';
import { Misconfigured } from '../../schemas/errors.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-runs-'));
});
after(() => rm(directory, { recursive: true, force: true }));

const start: RunStart = {
  task: 'mood',
  trainer: 'ngram',
  parameters: { epochs: 3, rate: { first: 0.1, schedule: 'cosine' } },
  data: [{ name: 'moods', rows: 10, sha256: 'ab'.repeat(32) }],
  seed: 7,
  commit: 'abc123',
};
const silent = (message: string) => assert.fail(message);
// A port that nobody listens on and that fetch does not refuse by itself.
const nobody = 'http://127.0.0.1:2';

test('a run is read again as it was told, the latest first', async () => {
  const place = join(directory, 'told');
  const log = openExperimentLog({ directory: place, warn: silent });
  const first = log.startRun(start);
  first.epoch(1, { loss: 0.7, 'dev/macroF1': 0.5 });
  first.epoch(2, { loss: 0.6, 'dev/macroF1': 0.6 });
  await first.end('finished', { figures: { 'moods/test/accuracy': 0.8 }, release: 'mood@1.0.0' });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = log.startRun({ ...start, seed: 8 });
  await second.end('failed', { error: 'no rows' });
  const [latest, earlier, ...others] = await listRuns(place);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [latest!.id, latest!.status, latest!.error, latest!.seed],
    [second.id, 'failed', 'no rows', 8],
  );
  const { id, started, seconds, ...told } = earlier!;
  assert.equal(id, first.id);
  assert.ok(Math.abs(Date.now() - Date.parse(started)) < 60_000);
  assert.ok(seconds !== null && seconds >= 0 && seconds < 60);
  assert.deepEqual(told, {
    ...start,
    status: 'finished',
    epochs: [
      { step: 1, metrics: { loss: 0.7, 'dev/macroF1': 0.5 } },
      { step: 2, metrics: { loss: 0.6, 'dev/macroF1': 0.6 } },
    ],
    figures: { 'moods/test/accuracy': 0.8 },
    release: 'mood@1.0.0',
    error: undefined,
  });
  assert.equal((await findRun(place, id.slice(-6))).id, id);
  assert.equal((await findRun(place, id)).id, id);
  for (const wrong of ['', 'nothing', '20'])
    await assert.rejects(
      findRun(place, wrong),
      (error) => error instanceof Misconfigured && error.code === 'unknown-run',
    );
});

test('a run whose process lives is running; one whose process died is lost, half a line or not', async () => {
  const place = join(directory, 'killed');
  openExperimentLog({ directory: place, warn: silent }).startRun(start);
  assert.deepEqual(
    (await listRuns(place)).map(({ status }) => status),
    ['running'],
  );
  const script = `
    const { openExperimentLog } = await import(${JSON.stringify(new URL('../../connectors/experiment-log.ts', import.meta.url).href)});
    const run = openExperimentLog({ directory: ${JSON.stringify(join(directory, 'dead'))}, warn: () => {} })
      .startRun(${JSON.stringify(start)});
    run.epoch(1, { loss: 0.5 });
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, [
    '--import',
    import.meta.resolve('tsx'),
    '--input-type=module',
    '-e',
    script,
  ]);
  assert.equal(child.signal, 'SIGKILL', String(child.stderr));
  const [dead] = await listRuns(join(directory, 'dead'));
  assert.deepEqual([dead!.status, dead!.epochs.length, dead!.seconds], ['lost', 1, null]);
  await appendFile(join(directory, 'dead', `${dead!.id}.jsonl`), '{"event":"epo');
  await writeFile(join(directory, 'dead', 'stray.jsonl'), 'not a run\n');
  assert.deepEqual(await listRuns(join(directory, 'dead')), [dead]);
});

test('no directory is no runs; a directory that cannot be made ends the start', async () => {
  assert.deepEqual(await listRuns(join(directory, 'nowhere')), []);
  const file = join(directory, 'file');
  await writeFile(file, '');
  assert.throws(() => openExperimentLog({ directory: join(file, 'runs'), warn: silent }).startRun(start), {
    code: 'runs-unwritable',
  });
});

test('an MLflow that is not there costs one warning and little time, and no line of the log', async () => {
  const place = join(directory, 'alone');
  const warnings: string[] = [];
  const mlflow = { trackingUri: nobody, experiment: 'tests', endMs: 300 };
  const log = openExperimentLog({ directory: place, mlflow, warn: (message) => void warnings.push(message) });
  const run = log.startRun(start);
  for (let step = 1; step <= 2_500; step++) run.epoch(step, { loss: 1 / step });
  const began = Date.now();
  await run.end('finished', { figures: { accuracy: 1 } });
  assert.ok(Date.now() - began < 3_000);
  assert.equal(warnings.length, 1, warnings.join('\n'));
  assert.match(warnings[0]!, /not logged to MLflow.*ECONNREFUSED/);
  const text = await readFile(join(place, `${run.id}.jsonl`), 'utf8');
  assert.equal(text.split('\n').length, 2_503);
});

test('figures are flat numbers by set and name', () => {
  const figure = {
    set: 'a/test',
    samples: 5,
    accuracy: 0.5,
    macroF1: 0.25,
    calibrationError: 0,
    perLabel: [],
  };
  assert.deepEqual(flatFigures({ figures: [figure] }), {
    'a/test/samples': 5,
    'a/test/accuracy': 0.5,
    'a/test/macroF1': 0.25,
    'a/test/calibrationError': 0,
  });
});
