// Reads settings from environment variables, and secrets from the files that variables name.
import { readFileSync } from 'node:fs';
import type { Entry } from './entry.ts';
import { nearest, type Problem } from './problem.ts';
import { comesFromFile, type Setting } from './setting.ts';
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
  for (const [key, setting] of settings) {
    const { variable, kind } = setting;
    known.add(variable);
    const value = env[variable];
    const isSet = value !== undefined && (value !== '' || kind.emptyIsNone);
    if (comesFromFile(setting)) {
      known.add(`${variable}_FILE`);
      const filed = entryOfFile(key, variable, env, problems);
      if (filed && isSet && value !== '') problems.push(setTwice(variable));
      else if (filed) {
        entries.push(filed);
        continue;
      }
    }
    if (isSet) entries.push({ key, origin: `env ${variable}`, value });
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

const secretBytesMax = 65_536;

/** The value that `<variable>_FILE` points at, its trailing newline left out: how secrets are mounted in containers. */
function entryOfFile(key: string, variable: string, env: Environment, problems: Problem[]): Entry | null {
  const file = env[`${variable}_FILE`];
  if (!file) return null;
  const place = `env ${variable}_FILE`;
  const refuse = (what: string): null => {
    problems.push({ place, what, fix: `Name a readable file that holds the value, or set ${variable}.` });
    return null;
  };
  try {
    const value = readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
    if (value === '') return refuse(`${file} is empty`);
    if (value.length > secretBytesMax) return refuse(`${file} holds more than a value`);
    return { key, origin: place, value };
  } catch (error) {
    return refuse(`cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`);
  }
}

const setTwice = (variable: string): Problem => ({
  place: `env ${variable}, env ${variable}_FILE`,
  what: 'the value is given twice',
  fix: `Unset ${variable} or ${variable}_FILE.`,
});
