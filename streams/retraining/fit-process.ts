// The process that trains: goes through the trial in the folder that it is given, and ends when its parent does.
import { setPriority } from 'node:os';
import { Misconfigured } from '../../schemas/errors.ts';
import { conductTrial } from '../../trainers/retraining/trial.ts';
import { type Progress, TrialFolder } from '../../trainers/retraining/trial-folder.ts';

/** What the parent hears of a trial that cannot go on: a person has to change something. */
export interface FitRefusal {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

const [path = '', runs = ''] = process.argv.slice(2);
const niceness = 10;
/** Between two notes of progress, in milliseconds. */
const progressMs = 250;

const stop = new AbortController();
process.once('disconnect', () => process.exit(1)); // nobody is left to tell
process.once('SIGTERM', () => stop.abort(new Error('stopped')));
process.once('SIGINT', () => {}); // the terminal tells the parent too, and the parent tells us
setPriority(niceness);

const folder = new TrialFolder(path);
let noted = { stage: '', at: 0 };
let noting: Promise<void> = Promise.resolve();

function note(progress: Omit<Progress, 'at'>): void {
  const at = Date.now();
  const stage = `${progress.stage} ${progress.variant ?? ''}`;
  if (stage === noted.stage && at - noted.at < progressMs) return;
  noted = { stage, at };
  // One after the other: an earlier one must not overtake.
  noting = noting.then(() => folder.saveProgress({ ...progress, at })).catch(() => {});
  process.send?.(progress);
}

try {
  await conductTrial(folder, {
    runs,
    signal: stop.signal,
    onProgress: note,
    warn: (message) => void process.stderr.write(`${message}\n`),
  });
  await noting;
  process.exit(0);
} catch (error) {
  if (stop.signal.aborted) process.exit(130);
  if (error instanceof Misconfigured) {
    const { code, message, fix } = error;
    process.send?.({ refusal: { code, message, fix } satisfies FitRefusal }, () => process.exit(2));
  } else {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  }
}
