// The substitutes that the configuration names: rules, or releases in a small engine of their own.
import { createEngine, type Engine } from '../processors/inference/engine.ts';
import { textOf } from '../processors/inference/model.ts';
import { answersByRules, rulesReleaseOf, tasksWithRules } from '../processors/inference/rules.ts';
import { Misconfigured } from '../schemas/errors.ts';
import type { ModelRelease } from '../schemas/model-manifest.ts';
import type { Configuration } from './configuration/configuration.ts';
import type { Substitute } from './fallback.ts';
import { modelStoreOf } from './models.ts';

export interface Substitutes {
  readonly byTask: ReadonlyMap<string, Substitute>;
  close(withinMs?: number): Promise<void>;
}

/**
 * Opens the substitutes of MILLRACE_FALLBACKS, models in one thread. Throws `Misconfigured` where a task has no rules,
 * or a release is none of its task.
 */
export async function openSubstitutes(
  configuration: Pick<Configuration, 'inference' | 's3' | 'dataDirectory'>,
): Promise<Substitutes> {
  const wanted = Object.entries(configuration.inference.fallbacks);
  const byTask = new Map<string, Substitute>();
  const releases: ModelRelease[] = [];
  const store = modelStoreOf(configuration);
  for (const [task, instead] of wanted) {
    if (instead === 'rules') byTask.set(task, rulesFor(task));
    else releases.push(ofTask(task, await store.load(instead)));
  }
  const engine = releases.length === 0 ? null : await createEngine({ models: releases, workers: 1 });
  if (engine !== null)
    for (const { manifest } of releases) byTask.set(manifest.task, modelOf(engine, manifest));
  return { byTask, close: async (withinMs) => engine?.close(withinMs) };
}

function rulesFor(task: string): Substitute {
  if (!tasksWithRules.includes(task)) {
    throw new Misconfigured(`there are no rules for the task “${task}”`, {
      code: 'no-rules',
      fix: `Name a release in MILLRACE_FALLBACKS; rules there are for ${tasksWithRules.join(', ')}.`,
    });
  }
  return { release: rulesReleaseOf(task), answer: async (texts) => answersByRules(task, texts.map(textOf)) };
}

function ofTask(task: string, release: ModelRelease): ModelRelease {
  if (release.manifest.task === task) return release;
  throw new Misconfigured(
    `${release.manifest.release} cannot answer in place of “${task}”: its task is another`,
    {
      code: 'fallback-task',
      fix: `Name a release of ${task} in MILLRACE_FALLBACKS, or rules.`,
    },
  );
}

const modelOf = (engine: Engine, { task, release }: ModelRelease['manifest']): Substitute => ({
  release,
  async answer(texts) {
    const [answers] = await engine.predict([task], texts);
    return answers!;
  },
});
