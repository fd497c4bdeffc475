// The settings of retraining as they hold for one task.
import type { Configuration } from '../configuration/configuration.ts';

export type TaskRules = ReturnType<typeof rulesFor>;

/** What the task’s own rule says, and the settings of all tasks for the rest. */
export function rulesFor({ retraining }: Pick<Configuration, 'retraining'>, task: string) {
  const own = retraining.rules.find((rule) => rule.task === task);
  return {
    ...retraining,
    triggers: own?.triggers ?? retraining.triggers,
    cooldownMs: own?.cooldown ?? retraining.cooldownMs,
    scheduleMs: own?.schedule ?? retraining.scheduleMs,
    errorPointsMax: own?.error ?? retraining.errorPointsMax,
    accuracyMin: own?.accuracy ?? retraining.accuracyMin,
    labelsNew: own?.labels ?? retraining.labelsNew,
    gainMin: own?.gain ?? retraining.gainMin,
    protected: own?.protected ?? retraining.protected,
  };
}
