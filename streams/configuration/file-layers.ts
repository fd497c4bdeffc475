// Reads settings from a YAML file and the files it extends, with the line each value stands on.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Entry } from './entry.ts';
import { nearest, type Problem } from './problem.ts';
import { isSetting, type Section } from './setting.ts';
import { type Environment, substitute } from './substitution.ts';
import { type Line, linesOf } from './yaml-lines.ts';

interface Reading {
  readonly env: Environment;
  readonly settings: Section;
  readonly problems: Problem[];
  readonly entries: Entry[];
}

/**
 * Entries of `file`, base files first, so that later entries of a key win.
 * `extends: other.yaml` is relative to the file that says it. Every problem found is added to `problems`;
 * `origin` is the place of a file that is missing.
 */
export function entriesOfFile(
  file: string,
  origin: string,
  options: { readonly env: Environment; readonly settings: Section; readonly problems: Problem[] },
): Entry[] {
  const reading: Reading = { ...options, entries: [] };
  readLayer(file, origin, [], reading);
  return reading.entries;
}

function readLayer(file: string, origin: string, chain: readonly string[], reading: Reading): void {
  const absolute = path.resolve(file);
  if (chain.includes(absolute)) {
    const circle = [...chain.slice(chain.indexOf(absolute)), absolute].map((link) => path.basename(link));
    const what = `files extend each other in a circle: ${circle.join(' → ')}`;
    reading.problems.push({ place: origin, what, fix: 'Remove one `extends`.' });
    return;
  }
  const content = contentOf(file, origin, reading.problems);
  if (content === null) return;
  const lines = linesOf(content, file, reading.problems);
  const base = lines.find(({ name }) => name === 'extends');
  if (base) readBase(base, file, [...chain, absolute], reading);
  const others = lines.filter((line) => line !== base);
  readSection(others, { prefix: '', section: reading.settings }, reading);
}

function contentOf(file: string, origin: string, problems: Problem[]): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      const fix = 'Correct the name, or create the file.';
      problems.push({ place: origin, what: `there is no file ${file}`, fix });
    } else
      problems.push({
        place: origin,
        what: `cannot read ${file} (${message})`,
        fix: 'Name a readable file.',
      });
    return null;
  }
}

function readBase(line: Line, file: string, chain: readonly string[], reading: Reading): void {
  const { place, value } = line;
  if (typeof value !== 'string' || value === '') {
    const fix = 'Write `extends: other.yaml`.';
    reading.problems.push({ place, what: '`extends` has to name one file', fix });
    return;
  }
  const target = substitute(value, reading.env, place, reading.problems);
  readLayer(path.resolve(path.dirname(file), target), place, chain, reading);
}

function readSection(
  lines: readonly Line[],
  at: { readonly prefix: string; readonly section: Section },
  reading: Reading,
): void {
  for (const line of lines) {
    const node = Object.hasOwn(at.section, line.name) ? at.section[line.name] : undefined;
    const key = at.prefix + line.name;
    if (node === undefined) reading.problems.push(unknownKey(line, at));
    else if (isSetting(node)) {
      const none = line.value === null && node.kind.emptyIsNone;
      const value = none ? '' : substituteIn(line.value, line.place, reading);
      reading.entries.push({ key, origin: line.place, value });
    } else if (line.below.length > 0) readSection(line.below, { prefix: `${key}.`, section: node }, reading);
    else if (line.value !== null) {
      const fix = `Put its keys on indented lines below it: ${Object.keys(node).join(', ')}.`;
      reading.problems.push({ place: line.place, what: `\`${key}\` is a section`, fix });
    }
  }
}

function substituteIn(value: unknown, place: string, reading: Reading): unknown {
  if (typeof value === 'string') return substitute(value, reading.env, place, reading.problems);
  if (Array.isArray(value)) return value.map((item) => substituteIn(item, place, reading));
  if (typeof value !== 'object' || value === null) return value;
  const pairs = Object.entries(value).map(([name, item]) => [name, substituteIn(item, place, reading)]);
  return Object.fromEntries(pairs);
}

function unknownKey(line: Line, at: { readonly prefix: string; readonly section: Section }): Problem {
  const known = Object.keys(at.section);
  const meant = nearest(line.name, known);
  return {
    place: line.place,
    what: `unknown key \`${at.prefix}${line.name}\``,
    fix: meant ? `Did you mean \`${at.prefix}${meant}\`?` : `Known here: ${known.join(', ')}.`,
  };
}
