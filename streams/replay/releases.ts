// Which releases a replay asks: the ones that serve the topic, or any that are named.
import { Misconfigured } from '../../schemas/errors.ts';
import type { Kind } from '../../schemas/features.ts';
import { derivedId } from '../../schemas/identity.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import type { Configuration } from '../configuration/configuration.ts';

/** Names to load: those given, each task once, or the tasks of the kind. Throws `Misconfigured` for a task twice. */
export function namesFor(
  { inference }: Configuration,
  kind: Kind,
  given: readonly string[] | undefined,
): readonly string[] {
  if (!given || given.length === 0)
    return kind === 'comment' ? inference.commentTasks : inference.promptTasks;
  const tasks = given.map(taskOf);
  const twice = tasks.find((task, index) => tasks.indexOf(task) !== index);
  if (twice === undefined) return given;
  throw new Misconfigured(`--model names the task ${twice} twice`, {
    code: 'bad-argument',
    fix: 'Replay one release of a task at a time; `millrace diff` compares two.',
  });
}

export const taskOf = (name: string): string => name.split('@')[0]!;

/** Says which release it is by its name and by what its files hold: `task@version#hash`. */
export const printOf = ({ release, files }: ModelManifest): string =>
  `${release}#${derivedId(...Object.entries(files).sort().flat()).slice(0, 12)}`;
