// Publishes a candidate that passed its gate: under its version, with a card that says what it was learned from and what
// it gained, and without letting it serve.

import { z } from 'zod';
import { parseJson } from '../../connectors/model-store/release-files.ts';
import { type ModelStore, openModelStore, type WholeRelease } from '../../connectors/model-store.ts';
import type { TaskState } from '../../processors/experiments/task-state.ts';
import { type Baseline, baselineSchema } from '../../schemas/baseline.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { wholeRelease } from '../../trainers/release/whole-release.ts';
import { feedbackSet } from '../../trainers/retraining/own-data.ts';
import type { Judgement, Plan, TrialFolder, VariantTrial } from '../../trainers/retraining/trial-folder.ts';
import { mirrorName, servingRelease, versionOf } from '../serving.ts';
import { nextVersion } from './collecting.ts';

const baselines = z.array(baselineSchema).readonly();

/** Versions that may be taken while this one looks for a free one. */
const triesMax = 10;

/** Publishes the variant that passed; resolves to its release. Publishing it again finds it there. */
export async function publishCandidate(
  store: ModelStore,
  folder: TrialFolder,
  plan: Plan,
  judgement: Judgement,
  state: TaskState,
): Promise<string> {
  await keepServing(store, state);
  const there = await publishedBefore(store, plan);
  if (there !== null) return there;
  const variant = judgement.passed!;
  const trial = judgement.trials.find((each) => each.variant === variant)!;
  const trained = await openModelStore(folder.trained(variant)).whole(`${plan.task}@${plan.version}`);
  const doc = docOf(trained.manifest.doc, plan, judgement, trial);
  let { version } = plan;
  for (let tries = 1; ; tries++) {
    const candidate = renamed(trained, version, doc, plan.champion);
    try {
      await store.publish(candidate);
      return candidate.manifest.release;
    } catch (error) {
      const isTaken = error instanceof Misconfigured && error.code === 'release-exists';
      if (!isTaken || tries === triesMax) throw error;
      version = await nextVersion(store, `${plan.task}@${version}`);
    }
  }
}

/** A release of this very request, which a process that was killed has published already: only it is judged on its labels. */
async function publishedBefore(store: ModelStore, { task, request, champion }: Plan): Promise<string | null> {
  const own = feedbackSet(request, 'test', 0, '').set.file;
  const releases = (await store.list()).filter((manifest) => manifest.task === task);
  const isIt = ({ data, parent }: ModelManifest) =>
    parent === champion && data.some(({ name }) => name === own);
  return releases.find(isIt)?.release ?? null;
}

/** A task without a champion is served by its highest version, which the candidate would be. */
async function keepServing(store: ModelStore, state: TaskState): Promise<void> {
  const version = versionOf(await servingRelease(store, state));
  await store.changeAliases(
    state.task,
    ({ aliases }) => (aliases.champion === undefined ? { champion: version } : {}),
    { by: mirrorName, why: 'it serves on while a candidate is tried' },
  );
}

/** The release under another version and doc: its baselines name it, too. */
function renamed(
  { manifest, files }: WholeRelease,
  version: string,
  doc: string,
  parent: string,
): WholeRelease {
  const release = `${manifest.task}@${version}`;
  const bytes = files.get('baseline.json')!;
  const counted = parseJson(`${manifest.release}/baseline.json`, bytes, baselines).map(
    (baseline): Baseline => ({ ...baseline, release }),
  );
  const served = new Map([...files].filter(([name]) => name !== 'baseline.json'));
  return wholeRelease({ ...manifest, version, release, doc, parent }, served, counted);
}

/** What a model card opens with, without what an earlier retraining said. */
function docOf(doc: string, plan: Plan, { counts, quality }: Judgement, trial: VariantTrial): string {
  const [base = ''] = doc.split(' Retrained ');
  const { champion, request, from, to } = plan;
  const { recent, variant } = trial;
  const labels = Object.entries(quality.labels).map(([label, rows]) => `${rows} ${label}`);
  const span = `${dayOf(from)} to ${dayOf(to)}`;
  return `${base} Retrained ${variant === 'scratch' ? 'from scratch' : `from ${champion}`} for the request ${request} on ${counts.used} labelled messages of ${span}${labels.length > 0 ? ` (${labels.join(', ')})` : ''} beside what ${champion} had learned. On the newest ${recent.samples}, never learned from, its error is ${percent(recent.candidate)}, that of ${champion} ${percent(recent.champion)} (p = ${recent.p.toPrecision(3)}).`;
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
