// `${VAR}` and `${VAR:-default}` inside the texts of a configuration file; `$${` stands for `${` itself.
import type { Problem } from './problem.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const reference = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:-)([^}]*))?\}|\$\{/g;

/**
 * Replaces every reference by the variable’s value. As in a shell, `:-` also replaces an empty value.
 * A variable that is not set and has no default, or a reference that is not closed, is a problem at `place`.
 */
export function substitute(text: string, env: Environment, place: string, problems: Problem[]): string {
  return text.replace(reference, (match, name?: string, colon?: string, fallback = '') => {
    if (match === '$${') return '${';
    if (name === undefined) {
      problems.push({
        place,
        what: 'a `${` here is no reference',
        fix: `Write \${VARIABLE} or \${VARIABLE:-default}, or $\${ for the characters themselves.`,
      });
      return match;
    }
    const value = env[name];
    if (colon !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value !== undefined) return value;
    problems.push({
      place,
      what: `variable ${name} is not set`,
      fix: `Set ${name}, or give it a default: \${${name}:-…}.`,
    });
    return match;
  });
}
