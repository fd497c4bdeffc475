// Studies on disk: `<directory>/<name>/trials.jsonl`. The first line says what is searched, each further one is a trial
// that ended. Lines are appended and synced, so a killed search has lost the trial it was at and nothing else.
import { mkdir, open, readdir, readFile, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Search } from './sampling.ts';
import type { Space } from './space.ts';
import type { Trial } from './trial.ts';

/** What a study searches: with any of it changed, its trials could not be compared. */
export interface StudyPlan {
  readonly task: string;
  readonly trainer: string;
  /** Options of the trainer that are the same in all trials. */
  readonly fixed: Readonly<Record<string, unknown>>;
  readonly search: Search;
  readonly space: Space;
  readonly seed: number;
  /** The figure that is made as good as can be, on dev. */
  readonly objective: string;
  /** Parts of the training rows that are dev in turn; 0 where the task’s own dev rows are. */
  readonly folds: number;
  /** Whether trials that fall behind are stopped. */
  readonly prune: boolean;
  /** SHA-256 by data set. */
  readonly data: Readonly<Record<string, string>>;
}

export interface Study {
  readonly name: string;
  readonly plan: StudyPlan;
  readonly trials: readonly Trial[];
}

/** The file of a study. Throws `Misconfigured` for names that are no folder’s. */
export function studyPath(directory: string, name: string): string {
  if (/^[\w][\w.@-]*$/.test(name)) return join(directory, name, 'trials.jsonl');
  throw new Misconfigured(`“${name}” cannot be the name of a study`, {
    code: 'bad-study-name',
    fix: 'Use letters, digits, points, hyphens and underlines.',
  });
}

/** Begins a study, or takes it up again where it ended. Throws `Misconfigured` where it searches something else. */
export async function openStudy(directory: string, name: string, plan: StudyPlan): Promise<Study> {
  const path = studyPath(directory, name);
  await mkdir(dirname(path), { recursive: true });
  const study = await repaired(path, name);
  if (study === null) {
    await append(path, { version: 1, ...plan });
    return { name, plan, trials: [] };
  }
  const changed = Object.keys(plan).filter((key) => {
    const [then, now] = [study.plan[key as keyof StudyPlan], plan[key as keyof StudyPlan]];
    return JSON.stringify(then) !== JSON.stringify(now);
  });
  if (changed.length === 0) return study;
  throw new Misconfigured(`the study ${name} was begun with another ${changed.join(', ')}`, {
    code: 'study-differs',
    fix: 'Give the same arguments to go on with it, or another --study name to begin a new one.',
  });
}

/** Adds a trial that ended, and waits for the disk. */
export const appendTrial = (directory: string, name: string, trial: Trial): Promise<void> =>
  append(studyPath(directory, name), trial);

/** A study as it stands. Throws `Misconfigured` when there is none of that name. */
export async function readStudy(directory: string, name: string): Promise<Study> {
  const study = parse(studyPath(directory, name), name, await textOf(studyPath(directory, name)));
  if (study !== null) return study;
  const names = (await listStudies(directory)).map((known) => known.name);
  throw new Misconfigured(`there is no study “${name}” in ${directory}`, {
    code: 'unknown-study',
    fix: names.length > 0 ? `Studies are ${names.join(', ')}.` : 'Begin one with “millrace tune <task>”.',
  });
}

/** Every study of a directory, by name. */
export async function listStudies(directory: string): Promise<readonly Study[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const studies: Study[] = [];
  for (const entry of entries.filter((found) => found.isDirectory())) {
    const path = join(directory, entry.name, 'trials.jsonl');
    const study = parse(path, entry.name, await textOf(path));
    if (study !== null) studies.push(study);
  }
  return studies.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Reads a study and cuts off a last line that was not written to its end. */
async function repaired(path: string, name: string): Promise<Study | null> {
  const text = await textOf(path);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
  return parse(path, name, whole);
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function parse(path: string, name: string, text: string): Study | null {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const values = lines
    .filter((line) => line !== '')
    .map((line, at) => {
      try {
        return JSON.parse(line) as unknown;
      } catch (cause) {
        throw new Misconfigured(`line ${at + 1} of ${path} is no JSON`, {
          code: 'study-unreadable',
          fix: 'Remove that line, or begin a new study with another --study name.',
          cause,
        });
      }
    });
  const [header, ...trials] = values;
  if (header === undefined) return null;
  const { version: _, ...plan } = header as StudyPlan & { readonly version: number };
  return { name, plan, trials: trials as readonly Trial[] };
}

async function append(path: string, value: object): Promise<void> {
  const file = await open(path, 'a');
  try {
    await file.appendFile(`${JSON.stringify(value)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Options as `millrace train` takes them. */
export const flagsOf = (options: Readonly<Record<string, unknown>>): string =>
  Object.entries(options)
    .map(
      ([name, value]) => `--set ${name}=${typeof value === 'object' ? `'${JSON.stringify(value)}'` : value}`,
    )
    .join(' ');
