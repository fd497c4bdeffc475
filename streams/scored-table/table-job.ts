// Scores a whole table: rows are read in order, scored part by part, and the parts are joined into the output at the
// end. What is done is on the disk: a second start of the same job goes on after the last part.
import { stat } from 'node:fs/promises';
import { BadRow, type NumberedRow } from '../../connectors/tabular/row.ts';
import { readTable, type TableFormat } from '../../connectors/tabular/table.ts';
import { openTableWriter } from '../../connectors/tabular/table-writer.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Parts } from './parts.ts';
import type { ScoredRow } from './row-scorer.ts';

export interface TableJob {
  readonly input: { readonly path: string; readonly format: TableFormat };
  readonly output: { readonly path: string; readonly format: TableFormat };
  readonly parts: Parts;
  readonly rowsPerPart: number;
  /** Makes the scorer once the columns of the input are known: ours must not take their names. */
  readonly scorer: (columns: ReadonlySet<string>) => (rows: readonly NumberedRow[]) => Promise<ScoredRow[]>;
  readonly signal: AbortSignal;
  readonly onPart: (rows: number) => void;
}

/** Rows asked at once; two such groups are on their way, so that threads have work while rows are read. */
const groupRows = 512;

/** Throws `Misconfigured` when the input cannot be read or is empty, and the signal’s reason when it is aborted. */
export async function runTableJob(job: TableJob): Promise<void> {
  const { parts, rowsPerPart, signal, onPart } = job;
  const skipped = parts.rows;
  let score: ((rows: readonly NumberedRow[]) => Promise<ScoredRow[]>) | null = null;
  const columns = new Set<string>();
  let read = 0;
  let part: NumberedRow[] = [];
  const store = async () => {
    if (part.length === 0) return;
    score ??= job.scorer(columns);
    const scored = await scoreInGroups(score, part, signal);
    await parts.add(
      scored.map(({ row }) => row),
      scored.filter(({ error }) => error !== undefined).length,
    );
    part = [];
    onPart(parts.rows);
  };
  for await (const numbered of readTable(job.input.path, job.input.format)) {
    signal.throwIfAborted();
    read += 1;
    // Those of the first part, on every start: a column is called the same in all parts.
    if (read <= rowsPerPart) addColumns(columns, numbered);
    if (read <= skipped) continue;
    part.push(numbered);
    if (part.length === rowsPerPart) await store();
  }
  await store();
  if (read === 0) throw empty(job.input.path);
  await join(job);
}

async function scoreInGroups(
  score: (rows: readonly NumberedRow[]) => Promise<ScoredRow[]>,
  rows: readonly NumberedRow[],
  signal: AbortSignal,
): Promise<ScoredRow[]> {
  const scored: ScoredRow[] = [];
  let ahead: Promise<ScoredRow[]> | null = null;
  for (let from = 0; from < rows.length; from += groupRows) {
    signal.throwIfAborted();
    const next = score(rows.slice(from, from + groupRows));
    next.catch(() => {}); // seen when its turn comes
    if (ahead) scored.push(...(await ahead));
    ahead = next;
  }
  if (ahead) scored.push(...(await ahead));
  return scored;
}

function addColumns(columns: Set<string>, { row }: NumberedRow): void {
  if (!(row instanceof BadRow)) for (const name of Object.keys(row)) columns.add(name);
}

async function join({ parts, output, signal }: TableJob): Promise<void> {
  const writer = await openTableWriter(output.path, output.format, parts.columns);
  try {
    for await (const rows of parts.read()) {
      signal.throwIfAborted();
      await writer.write(rows);
    }
  } catch (error) {
    await writer.discard();
    throw error;
  }
  await writer.finish();
  await parts.remove();
}

const empty = (path: string): Misconfigured =>
  new Misconfigured(`${path} holds no rows`, {
    code: 'empty-input',
    fix: 'Name a table with rows: .jsonl, .csv (each perhaps with .gz) or .parquet.',
  });

/** What makes a file the one it was: a job is gone on with only over the same input. */
export async function fileIdentity(
  path: string,
): Promise<{ readonly bytes: number; readonly mtimeMs: number }> {
  const { size, mtimeMs } = await stat(path);
  return { bytes: size, mtimeMs };
}
