// What training asks of a release before it goes on from it.
import { Misconfigured } from '../schemas/errors.ts';
import type { FeaturizerOptions } from '../schemas/model-manifest.ts';

interface Shape {
  readonly activation: string;
  readonly labels: readonly string[];
  readonly featurizer: FeaturizerOptions;
}

/** Throws `Misconfigured` where a release has another shape than what is to be trained; labels may be new. */
export function refuseOtherShape(release: string, its: Shape, wanted: Shape): void {
  if (its.activation !== wanted.activation)
    throw mismatch(release, `its activation is ${its.activation}, that of the task ${wanted.activation}`);
  const missing = its.labels.filter((label) => !wanted.labels.includes(label));
  if (missing.length > 0) throw mismatch(release, `it has labels that the task lacks: ${missing.join(', ')}`);
  const [before, now] = [its.featurizer, wanted.featurizer];
  const names = Object.keys({ ...before, ...now }) as (keyof FeaturizerOptions)[];
  const other = names.find((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]));
  if (other === undefined) return;
  const [had, has] = [before[other], now[other]].map((value) => JSON.stringify(value));
  throw mismatch(release, `its option ${other} is ${had}, not ${has}`);
}

/** Why training cannot go on from a release, in words. */
export const mismatch = (release: string, why: string): Misconfigured =>
  new Misconfigured(`training cannot go on from ${release}: ${why}`, {
    code: 'parent-mismatch',
    fix: 'Set the options of the parent (“millrace models show” has them) and labels that include its own, or train anew.',
  });
