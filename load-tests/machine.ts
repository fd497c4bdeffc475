// The machine that a result was measured on, without anything that names it.
import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

/** What goes beside every stored result. `commit` is that of the checkout. */
export const describeMachine = () => ({
  node: process.version,
  processors: cpus().length,
  model: cpus()[0]?.model.trim() ?? '',
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
});
