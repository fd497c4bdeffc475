// Collects what a request is answered from: labelled messages, the champion, the language model, and the plan, which is
// written last. A folder that has a plan is collected.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readLabelledMessages } from '../../connectors/clickhouse/labels.ts';
import { commitOf } from '../../connectors/code-commit.ts';
import { type ModelStore, openModelStore } from '../../connectors/model-store.ts';
import type { Retraining } from '../../processors/experiments/task-state.ts';
import { writeLabelled } from '../../trainers/retraining/labelled-file.ts';
import type { Plan, TrialFolder } from '../../trainers/retraining/trial-folder.ts';
import { modelStoreOf } from '../models.ts';
import type { Stack } from '../stack.ts';
import { setsOf } from './folders.ts';
import { rulesFor, type TaskRules } from './rules.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** How far the clocks of those who send messages may be ahead. */
const clockErrorMs = 3_600_000;
const seed = 1;

/** Fills the folder of a request unless that is done. Throws what ClickHouse and the model store throw. */
export async function collectOnce(
  stack: Stack,
  folder: TrialFolder,
  task: string,
  { request, release }: Retraining,
  signal?: AbortSignal,
): Promise<Plan> {
  const done = await folder.plan();
  if (done?.champion === release) return done;
  // It was to better another release than the one that serves now.
  if (done !== null) await folder.removeWork();
  const { configuration, now } = stack;
  const rules = rulesFor(configuration, task);
  const to = now() + clockErrorMs;
  const from = to - clockErrorMs - rules.spanMs;
  const lines = await readLabelledMessages(stack.clickhouse, {
    ...{ task, from, to },
    limit: rules.rowsMax,
    textBytesMax: rules.textBytesMax,
  });
  await mkdir(folder.path, { recursive: true });
  const collected = await writeLabelled(folder.labelled, lines, signal);
  const store = modelStoreOf(configuration);
  const releases = openModelStore(folder.releases);
  for (const name of [release, 'language']) await releases.publish(await store.whole(name));
  const plan: Plan = {
    request,
    task,
    champion: release,
    version: await nextVersion(store, release),
    seed,
    ...collected,
    from,
    to,
    ...plannedBy(rules),
    sets: { store: setsOf(configuration), unshipped: null },
    commit: (await commitOf(repository)) ?? null,
  };
  await folder.savePlan(plan);
  return plan;
}

/** The settings that a trial is held by, as they were when it began. */
const plannedBy = (rules: TaskRules): Pick<Plan, 'parting' | 'quality' | 'gate' | 'recentWeight'> => ({
  parting: { recentShare: rules.recentShare, calibrationShare: rules.calibrationShare },
  quality: {
    labelsMin: rules.labelsMin,
    recentMin: Math.floor(rules.labelsMin * rules.recentShare * 0.5),
    conflictingMax: rules.conflictingMax,
    unknownMax: rules.unknownMax,
    suspiciousMax: rules.suspiciousMax,
  },
  gate: {
    gainMin: rules.gainMin,
    significance: rules.significance,
    lossMax: rules.lossMax,
    sliceSamplesMin: rules.sliceSamplesMin,
    protectedColumns: rules.protected,
  },
  recentWeight: rules.recentWeight,
});

/** The next minor version after every release of the same major one. */
export async function nextVersion(store: ModelStore, release: string): Promise<string> {
  const [task = '', version = ''] = release.split('@');
  const major = Number(version.split('.')[0]);
  const versions = (await store.list())
    .filter((manifest) => manifest.task === task)
    .map((manifest) => manifest.version.split('.').map(Number));
  const minors = versions.filter(([other]) => other === major).map(([, minor = 0]) => minor);
  return `${major}.${Math.max(0, ...minors) + 1}.0`;
}
