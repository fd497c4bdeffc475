// Studies on real trainings: kept line by line, taken up again after a kill, never a trial twice.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compiler } from '../../../infra/compiled.mjs';
import { searchPlan, type Wishes } from '../../../trainers/search/plan.ts';
import { runStudy } from '../../../trainers/search/study.ts';
import { listStudies, readStudy } from '../../../trainers/search/study-file.ts';
import { bestOf } from '../../../trainers/search/trial.ts';
import { split, task } from './scored-task.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-studies-'));
});
after(() => rm(directory, { recursive: true, force: true }));

const wishes: Wishes = {
  space: ['trees=5,10', 'depthMax=1,6'],
  search: 'grid',
  seed: 1,
  folds: 0,
  prune: false,
};
const study = (name: string, changed: Partial<Wishes> = {}, trialsMax = 100) => ({
  directory,
  name,
  plan: searchPlan(task, { ...wishes, ...changed }, {}),
  trialsMax,
});
const linesOf = async (name: string) =>
  (await readFile(join(directory, name, 'trials.jsonl'), 'utf8')).split('\n').filter((line) => line !== '');

test('a grid is tried to its end and the better depth wins', async () => {
  const { trials } = await runStudy(task, split, study('whole'));
  assert.equal(trials.length, 4);
  const best = bestOf(trials)!;
  assert.equal(best.setting.depthMax, 6);
  assert.equal(best.score, -best.figures!.mae!);
  assert.ok(best.score > trials.find(({ setting }) => setting.depthMax === 1)!.score!);
  const kept = JSON.parse(JSON.stringify(trials)) as unknown;
  assert.deepEqual(await readStudy(directory, 'whole'), {
    name: 'whole',
    plan: study('whole').plan,
    trials: kept,
  });
  assert.deepEqual(
    (await listStudies(directory)).map(({ name }) => name),
    ['whole'],
  );
});

test('a study goes on where it ended: nothing finished is run again', async () => {
  await runStudy(task, split, study('parts', {}, 2));
  const before = await linesOf('parts');
  assert.equal(before.length, 3);
  // What a process that was killed while it wrote leaves behind.
  await appendFile(join(directory, 'parts', 'trials.jsonl'), '{"trial":2,"setting":{"tre');
  const seen: number[] = [];
  await runStudy(task, split, { ...study('parts'), onTrials: (trials) => seen.push(trials.length) });
  const after = await linesOf('parts');
  assert.deepEqual(seen, [2, 3, 4]);
  assert.deepEqual(after.slice(0, 3), before);
  assert.equal(new Set(after.slice(1).map((line) => JSON.stringify(JSON.parse(line).setting))).size, 4);
});

test('killed with -9 in the middle of a trial, it is taken up again', async () => {
  const script = fileURLToPath(new URL('./killed-study.ts', import.meta.url));
  const child = spawn(process.execPath, [compiler, script, directory], { stdio: 'inherit' });
  let lines: readonly string[] = [];
  while (lines.length < 3 && child.exitCode === null) {
    await sleep(20);
    lines = await linesOf('killed').catch(() => []);
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  const kept = await linesOf('killed');
  assert.ok(kept.length >= 3 && kept.length < 20, `${kept.length} lines`);
  const plan = searchPlan(task, { ...wishes, space: ['trees=10..400', 'depthMax=1..12'], search: 'tpe' }, {});
  const trialsMax = kept.length + 1;
  const { trials } = await runStudy(task, split, { directory, name: 'killed', plan, trialsMax });
  assert.equal(trials.length, trialsMax);
  assert.deepEqual((await linesOf('killed')).slice(0, kept.length), kept);
});

test('a study with other settings under the same name is refused', async () => {
  await runStudy(task, split, study('named', {}, 1));
  await assert.rejects(runStudy(task, split, study('named', { seed: 2 }, 1)), /another seed/);
  await assert.rejects(readStudy(directory, 'none'), /there is no study/);
  await assert.rejects(readStudy(directory, '../x'), /cannot be the name/);
});

test('folds judge every row once, and the score is their mean', async () => {
  const { trials } = await runStudy(task, split, study('folds', { folds: 3 }, 1));
  assert.ok(trials[0]!.figures!.mae! > 0);
  const plain = await runStudy(task, split, study('no-folds', {}, 1));
  assert.notEqual(trials[0]!.score, plain.trials[0]!.score);
});

test('trials that fall behind are pruned', async () => {
  const space = ['depthMax=12,11,10,9,8,1', 'trees=100'];
  const { trials } = await runStudy(task, split, study('pruned', { space, prune: true }));
  assert.deepEqual(trials.map(({ state }) => state).slice(-1), ['pruned']);
  assert.equal(trials.at(-1)!.epochs.length, 2);
  assert.equal(trials.at(-1)!.score, undefined);
  assert.ok(trials.slice(0, 5).every(({ state }) => state === 'finished'));
});

test('an abort keeps the trials that ended', async () => {
  const controller = new AbortController();
  const running = runStudy(task, split, {
    ...study('aborted'),
    signal: controller.signal,
    onTrials: (trials) => trials.length === 2 && controller.abort(new Error('stopped by the test')),
  });
  await assert.rejects(running, /stopped by the test/);
  assert.equal((await linesOf('aborted')).length, 3);
});

test('options and values that the trainer does not take are refused before anything runs', () => {
  const plan = (space: readonly string[]) => searchPlan(task, { ...wishes, space }, {});
  assert.throws(() => plan(['leaves=3,4']), /no option “leaves”/);
  assert.throws(() => plan(['trees=0,10']), /refuses trees=0/);
  assert.throws(() => plan(['learningRate=0.1..3.5']), /refuses learningRate=3.5/);
  const objective = { ...study('objective', {}, 1) };
  const wrong = { ...objective, plan: { ...objective.plan, objective: 'beauty' } };
  return assert.rejects(runStudy(task, split, wrong), /no figure “beauty”.*/);
});
