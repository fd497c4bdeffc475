// Reads settings from environment variables.
import type { Entry } from './entry.ts';
import { nearest, type Problem } from './problem.ts';
import type { Setting } from './setting.ts';
import type { Environment } from './substitution.ts';

/** Names the configuration file; the only variable of ours that is no setting. */
export const fileVariable = 'MILLRACE_CONFIG';

/**
 * Entries for the variables that are set. An unknown variable that begins with `MILLRACE_` is a problem: a typing
 * error in a deployment would otherwise be a silent default.
 */
export function entriesOfEnvironment(
  env: Environment,
  settings: ReadonlyMap<string, Setting<unknown>>,
  problems: Problem[],
): Entry[] {
  const known = new Set([fileVariable]);
  const entries: Entry[] = [];
  for (const [key, { variable, kind }] of settings) {
    known.add(variable);
    const value = env[variable];
    if (value === undefined || (value === '' && !kind.emptyIsNone)) continue;
    entries.push({ key, origin: `env ${variable}`, value });
  }
  for (const name of Object.keys(env)) {
    if (!name.startsWith('MILLRACE_') || known.has(name)) continue;
    const meant = nearest(name, known);
    problems.push({
      place: `env ${name}`,
      what: 'no setting has this variable',
      fix: meant ? `Did you mean ${meant}?` : 'Unset it.',
    });
  }
  return entries;
}
