// What a job over a table has done so far: parts of scored rows in a directory beside the output. A part appears
// whole or not at all, so a job that was killed goes on after the last one.
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../connectors/occupancy/make-directory.ts';
import type { TableRow } from '../../connectors/tabular/row.ts';
import { type ColumnTypes, typeOfBoth, widened } from '../../connectors/tabular/table-writer.ts';
import { Misconfigured } from '../../schemas/errors.ts';

/** What a part says about itself in its first line. */
export interface PartHead {
  readonly rows: number;
  /** Rows that could not be scored. */
  readonly failed: number;
  readonly columns: ColumnTypes;
}

export class Parts {
  readonly directory: string;
  readonly #heads: PartHead[];

  private constructor(directory: string, heads: PartHead[]) {
    this.directory = directory;
    this.#heads = heads;
  }

  /**
   * The parts of the job that `identity` describes. Throws `Misconfigured` (`score-other-job`) when the directory
   * holds those of another one; with `restart` they are thrown away.
   */
  static async open(directory: string, identity: string, restart: boolean): Promise<Parts> {
    if (restart) await rm(directory, { recursive: true, force: true });
    await makeDirectory(directory, 0o755);
    const file = join(directory, 'job.json');
    const known = await readFile(file, 'utf8').catch(() => null);
    if (known !== null && known !== identity) throw otherJob(directory);
    if (known === null) await writeWhole(file, identity);
    const heads: PartHead[] = [];
    for (let number = 0; await isFile(partPath(directory, number)); number += 1)
      heads.push(await readHead(partPath(directory, number)));
    return new Parts(directory, heads);
  }

  get count(): number {
    return this.#heads.length;
  }

  get rows(): number {
    return this.#heads.reduce((sum, { rows }) => sum + rows, 0);
  }

  get failed(): number {
    return this.#heads.reduce((sum, { failed }) => sum + failed, 0);
  }

  /** Columns of all parts, in the order in which they were met. */
  get columns(): ColumnTypes {
    const all: Record<string, ColumnTypes[string]> = {};
    for (const { columns } of this.#heads)
      for (const [name, type] of Object.entries(columns))
        all[name] = all[name] === undefined ? type : typeOfBoth(all[name], type);
    return all;
  }

  async add(rows: readonly TableRow[], failed: number): Promise<void> {
    const head: PartHead = { rows: rows.length, failed, columns: columnsOf(rows) };
    const lines = [head, ...rows].map((line) => `${JSON.stringify(line)}\n`);
    await writeWhole(partPath(this.directory, this.count), lines.join(''));
    this.#heads.push(head);
  }

  /** Every part's rows, in order. */
  async *read(): AsyncGenerator<readonly TableRow[], void, void> {
    for (let number = 0; number < this.count; number += 1) {
      const text = await readFile(partPath(this.directory, number), 'utf8');
      const [, ...lines] = text.split('\n');
      yield lines.filter((line) => line !== '').map((line) => JSON.parse(line) as TableRow);
    }
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }

  /** Files that are no parts: a query's rows, say. */
  pathOf(name: string): string {
    return join(this.directory, name);
  }
}

function columnsOf(rows: readonly TableRow[]): ColumnTypes {
  const columns: Record<string, ColumnTypes[string]> = {};
  for (const row of rows)
    for (const [name, value] of Object.entries(row)) {
      const type = widened(columns[name], value);
      if (type !== undefined) columns[name] = type;
    }
  return columns;
}

const partPath = (directory: string, number: number): string =>
  join(directory, `part-${String(number).padStart(6, '0')}.jsonl`);

/** Whether there is a file. */
export const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

async function readHead(path: string): Promise<PartHead> {
  const file = await open(path);
  try {
    for await (const line of file.readLines()) return JSON.parse(line) as PartHead;
    throw new Error(`${path} is empty`);
  } finally {
    await file.close();
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(`${path}.partial`, 'w');
  await file.writeFile(text);
  await file.sync();
  await file.close();
  await rename(`${path}.partial`, path);
}

const otherJob = (directory: string): Misconfigured =>
  new Misconfigured(`${directory} holds the parts of another job: other input, columns, tasks or releases`, {
    code: 'score-other-job',
    fix: 'Give the command as before to go on with that job, add --restart to begin this one, or name another --out.',
  });
