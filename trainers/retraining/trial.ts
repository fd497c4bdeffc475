// The trial of a request, from what was collected to a judgement: quality, training in every way, figures, gate. Each
// stage that was done before is found and not done again.

import { join } from 'node:path';
import { openExperimentLog } from '../../connectors/experiment-log.ts';
import { isPublished, openModelStore } from '../../connectors/model-store.ts';
import { loadModel } from '../../processors/inference/load-model.ts';
import type { Model } from '../../processors/inference/model.ts';
import type { ModelRelease } from '../../schemas/model-manifest.ts';
import { repositorySets } from '../data-sets/catalog.ts';
import { type Answered, answerSet } from '../evaluation/evaluate.ts';
import { withLanguages } from '../evaluation/languages.ts';
import { train } from '../train.ts';
import type { Example } from '../trainer.ts';
import { type Collection, collect } from './collection.ts';
import { duel } from './duel.ts';
import { objectionsTo } from './gate.ts';
import { readLabelled } from './labelled-file.ts';
import { answeringOf, type OwnData, ownData } from './own-data.ts';
import { assessQuality } from './quality.ts';
import { recipeOf } from './recipe.ts';
import type { Judgement, Plan, Progress, TrialFolder, VariantTrial } from './trial-folder.ts';
import { type Variant, variantsOf } from './variants.ts';

export interface TrialOptions {
  /** Where runs are noted: the directory of `millrace runs`. */
  readonly runs: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Omit<Progress, 'at'>) => void;
  readonly warn: (message: string) => void;
}

interface Trial {
  readonly folder: TrialFolder;
  readonly plan: Plan;
  readonly champion: ModelRelease;
  readonly own: OwnData;
  readonly collection: Collection;
}

/** Goes through all stages that are left. Throws `Misconfigured`, and the signal’s reason when aborted. */
export async function conductTrial(folder: TrialFolder, options: TrialOptions): Promise<Judgement> {
  const done = await folder.judgement();
  if (done !== null) return done;
  const plan = await folder.plan();
  if (plan === null) throw new Error(`${folder.path} has no plan`);
  const { signal, onProgress } = options;
  onProgress({ stage: 'checking', done: 0 });
  const champion = await openModelStore(folder.releases).load(plan.champion);
  const answering = answeringOf(champion.manifest);
  const collection = collect(await readLabelled(folder.labelled), answering, plan.parting);
  const quality =
    (await folder.quality()) ??
    (await assessQuality(collection, answering, plan.quality, { seed: plan.seed, signal }));
  await folder.saveQuality(quality);
  const { counts } = collection;
  const save = async (rest: Omit<Judgement, 'quality' | 'counts'>): Promise<Judgement> => {
    const judgement = { ...rest, quality, counts };
    await folder.saveJudgement(judgement);
    return judgement;
  };
  if (quality.findings.length > 0) {
    const why = `the labels are too poor to learn from: ${quality.findings.map(({ what }) => what).join('; ')}`;
    return save({ passed: null, why, trials: [], missing: [] });
  }
  const own = await ownData(champion.manifest, {
    sets: { folders: [repositorySets], store: plan.sets.store, signal },
    unshipped: plan.sets.unshipped ?? undefined,
    labelledOf: (request) => join(folder.path, '..', request, 'labelled.jsonl.gz'),
  });
  const trial = { folder, plan, champion, own, collection };
  const trials = await judgeAll(trial, options);
  return save({ ...verdictOf(trials), trials, missing: own.missing });
}

/** The best of those that nothing speaks against; else what speaks against the better one. */
export function verdictOf(trials: readonly VariantTrial[]): Pick<Judgement, 'passed' | 'why'> {
  const byError = [...trials].sort((a, b) => a.recent.candidate - b.recent.candidate);
  const best = byError.find(({ objections }) => objections.length === 0);
  if (best !== undefined) return { passed: best.variant, why: '' };
  const [nearest] = byError;
  if (nearest === undefined) return { passed: null, why: 'nothing was trained' };
  const objections = nearest.objections.map(({ what }) => what).join('; ');
  return { passed: null, why: `the better of ${trials.length}, ${nearest.variant}: ${objections}` };
}

async function judgeAll(trial: Trial, options: TrialOptions): Promise<readonly VariantTrial[]> {
  const { champion, folder, plan } = trial;
  const variants = variantsOf(champion.manifest);
  for (const variant of variants) await trainOnce(trial, variant, options);
  options.onProgress({ stage: 'judging', done: 0 });
  const sets = await judgedSets(trial, options.signal);
  const served = await loadModel(champion);
  const said = await answersOf(served, sets, options.signal);
  await served.close();
  const trials: VariantTrial[] = [];
  for (const [at, variant] of variants.entries()) {
    options.onProgress({ stage: 'judging', done: (at + 0.5) / variants.length, variant: variant.name });
    const release = await openModelStore(folder.trained(variant.name)).load(nameOf(plan));
    const model = await loadModel(release);
    const answers = await answersOf(model, sets, options.signal);
    await model.close();
    const duels = [];
    for (const [index, set] of sets.entries())
      duels.push(
        await duel(
          set,
          { champion: said[index]!, candidate: answers[index]! },
          { seed: plan.seed, signal: options.signal },
        ),
      );
    const [recent, ...old] = duels;
    const shown = { recent: recent!, old };
    trials.push({
      variant: variant.name,
      kind: variant.training.kind,
      seconds: (await folder.seconds(variant.name)) ?? 0,
      ...shown,
      objections: objectionsTo(shown, plan.gate, variants.length),
    });
  }
  return trials;
}

const nameOf = ({ task, version }: Plan): string => `${task}@${version}`;

/** Trains in one way unless that is done. */
async function trainOnce(
  { folder, plan, champion, own, collection }: Trial,
  { name, training }: Variant,
  { signal, onProgress, runs, warn }: TrialOptions,
): Promise<void> {
  const store = openModelStore(folder.trained(name));
  if (await isPublished(store, nameOf(plan))) return;
  onProgress({ stage: 'training', done: 0, variant: name });
  const begun = performance.now();
  const { task, split } = recipeOf({ plan, champion: champion.manifest, own, collection, variant: name });
  const release = await train(
    { ...task, training },
    {
      seed: plan.seed,
      stores: [folder.releases],
      split,
      ...(name === 'incremental' ? { parent: champion } : {}),
      ...(plan.commit === null ? {} : { commit: plan.commit }),
      log: openExperimentLog({ directory: runs, warn }),
      signal,
      onProgress: ({ done, loss }) =>
        onProgress({ stage: 'training', done, variant: name, ...(loss === undefined ? {} : { loss }) }),
    },
  );
  await folder.saveSeconds(name, Math.round(performance.now() - begun) / 1_000);
  await store.publish(release);
}

interface Judged {
  readonly set: string;
  readonly examples: readonly Example[];
  readonly among?: readonly string[];
}

/** The newest labelled texts, with their languages, and the champion’s own held-out sets. */
async function judgedSets(
  { folder, own, collection }: Trial,
  signal: AbortSignal,
): Promise<readonly Judged[]> {
  const languages = await loadModel(await openModelStore(folder.releases).load('language'));
  const recent = await withLanguages(languages, collection.recent, signal);
  await languages.close();
  const old = own.split.tests.filter(({ examples }) => examples.length > 0);
  return [
    { set: 'recent', examples: recent },
    ...old.map(({ set, examples }) => ({
      set: set.file,
      examples,
      ...(set.among === undefined ? {} : { among: set.among }),
    })),
  ];
}

async function answersOf(model: Model, sets: readonly Judged[], signal: AbortSignal): Promise<Answered[]> {
  const answers: Answered[] = [];
  for (const { set, ...rest } of sets)
    answers.push(await answerSet(model, { name: set, ...rest }, { signal }));
  return answers;
}
