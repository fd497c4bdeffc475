// What is wrong with a configuration: collected, so that a person sees all of it at once.
import { Misconfigured } from '../../schemas/errors.ts';

export interface Problem {
  /** `file:line` or the name of a variable. */
  readonly place: string;
  readonly what: string;
  readonly fix: string;
}

/** Edits between two texts (Levenshtein 1966), letters’ case aside. */
function distanceBetween(a: string, b: string): number {
  const [from, to] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** The candidate that a mistyped word most likely means; none when nothing is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 4)) + 1;
  for (const candidate of candidates) {
    const distance = distanceBetween(word, candidate);
    if (distance < bestDistance && distance < candidate.length) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** One error that lists every problem with its place and its fix. */
export function misconfigurationOf(problems: readonly Problem[]): Misconfigured {
  const lines = problems.map(({ place, what, fix }) => `  ${place}: ${what}. ${fix}`);
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return new Misconfigured(`The configuration has ${count}:\n${lines.join('\n')}`, {
    code: 'configuration',
    fix: 'Correct the places named above; docs/configuration.md lists every setting.',
  });
}
