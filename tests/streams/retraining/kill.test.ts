// kill -9 of the trainer’s process, and of the process that trains, at every stage: what comes after goes on where it was,
// nothing is collected or trained twice, and one candidate comes of it.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listRuns } from '../../../connectors/experiment-runs.ts';
import { openModelStore } from '../../../connectors/model-store.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { openLedger } from '../../../streams/model-ledger.ts';
import { folderOf, runsOf } from '../../../streams/retraining/folders.ts';
import type { Progress } from '../../../trainers/retraining/trial-folder.ts';
import { Workplace } from '../commands/spawned.ts';
import { MoodPlace, storeLabelled, texts } from './mood.ts';

const place = new MoodPlace();
const commands = new Workplace();
const configuration = loadConfiguration({ env: place.env() });
let request = '';

before(async () => {
  await place.prepare();
  const stack = await place.open();
  await storeLabelled(stack.clickhouse, texts('now', 600));
  const ledger = await openLedger(stack);
  const { event } = await ledger.record({
    event: 'retraining-requested',
    task: 'mood',
    release: 'mood@1.0.0',
    reason: 'a test asks',
    evidence: { cause: 'by-hand' },
    of: 'kill',
  });
  request = event.id;
  await ledger.close();
  await stack.close();
});
after(async () => {
  await commands.close();
  place.remove();
});

const start = () => commands.start(['trainer', '--json'], place.env());
const folder = () => folderOf(configuration, 'mood', request);

async function reached(child: ChildProcess, holds: (progress: Progress | null) => boolean): Promise<void> {
  for (let tries = 0; !holds(await folder().progress()); tries++) {
    assert.equal(child.exitCode, null, 'the trainer ended by itself');
    assert.ok(tries < 24_000, `still ${JSON.stringify(await folder().progress())}`);
    await sleep(5);
  }
}

/** Processes that train in the folder of the request. */
function training(): readonly number[] {
  const listed = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  return listed
    .filter((line) => line.includes('fit-process') && line.includes(request))
    .map((line) => Number.parseInt(line, 10));
}

describe('a trainer that is killed', { timeout: 300_000 }, () => {
  it('leaves what goes on, at every stage, to one candidate', async () => {
    // While it collects, while it trains, and while it judges.
    const stages = ['collecting', 'training', 'judging'] as const;
    let collected: number | null = null;
    for (const stage of stages) {
      const child = start();
      await reached(child, (progress) => progress?.stage === stage);
      child.kill('SIGKILL');
      await once(child, 'exit');
      // Nobody is left to train for.
      for (let tries = 0; training().length > 0; tries++) {
        assert.ok(tries < 400, 'the training outlives its parent');
        await sleep(50);
      }
      const found = await stat(folder().labelled).catch(() => null);
      if ((await folder().plan()) === null) continue;
      collected ??= found!.mtimeMs;
      assert.equal(found!.mtimeMs, collected, 'collected anew');
    }
    // The process that trains alone: the trainer starts another.
    const child = start();
    const ended = once(child, 'exit');
    const isDone = async () => (await folder().progress())?.stage === 'done';
    let killed = 0;
    for (let tries = 0; !(await isDone()); tries++) {
      assert.ok(tries < 6_000, 'it does not end');
      for (const pid of killed === 0 ? training() : []) {
        process.kill(pid, 'SIGKILL');
        killed += 1;
      }
      await sleep(10);
    }
    // Ctrl-C after all is done is clean.
    child.kill('SIGINT');
    assert.deepEqual(await ended, [0, null]);
    const stack = await place.open();
    const ledger = await openLedger(stack);
    assert.equal(ledger.state('mood').candidate?.release, 'mood@1.1.0');
    await ledger.close();
    await stack.close();
    const store = openModelStore(place.models);
    const versions = (await store.list()).filter(({ task }) => task === 'mood').map(({ version }) => version);
    assert.deepEqual(versions, ['1.1.0', '1.0.0']);
    const finished = (await listRuns(runsOf(configuration))).filter(({ status }) => status === 'finished');
    assert.ok(finished.length <= 4, `${finished.length} trainings came to their end`);
  });
});
