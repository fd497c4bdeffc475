// Whether a data set is what its manifest says: every file by its hash, every row by the constraints.
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import { placedRows } from './addition.ts';
import type { FoundManifest, SetPlaces } from './catalog.ts';
import { fileOf } from './files.ts';
import { type Inspection, inspectRows } from './inspection.ts';
import { type SetFile, shipsFile } from './manifest.ts';

export interface Verification {
  readonly set: string;
  /** `absent`: files that may not be passed on are not here, and everything else is right. */
  readonly state: 'right' | 'absent' | 'wrong';
  readonly files: number;
  readonly rows: number;
  readonly problems: readonly string[];
}

/** Verifies the files that are here; a file that ships and is missing is a problem, another one is merely absent. */
export async function verifySet(found: FoundManifest, places: SetPlaces): Promise<Verification> {
  const { manifest } = found;
  const problems: string[] = [];
  const placed: { readonly file: SetFile; readonly at: string }[] = [];
  let absent = 0;
  for (const file of manifest.files)
    try {
      placed.push({ file, at: await fileOf(found, file, places) });
    } catch (error) {
      if (!(error instanceof Misconfigured || error instanceof Retryable)) throw error;
      if (error.code === 'data-missing' && !shipsFile(manifest, file)) absent += 1;
      else problems.push(error.message);
    }
  const counts = new Map<SetFile, number>();
  const inspection = await inspectRows(placedRows(placed, manifest, counts), manifest);
  for (const { file } of placed)
    if (counts.get(file) !== file.rows)
      problems.push(`${file.path} has ${counts.get(file)} rows, the manifest says ${file.rows}`);
  if (placed.length > 0) problems.push(...badRows(inspection), ...inspection.violations);
  return {
    set: `${manifest.name}@${manifest.version}`,
    state: problems.length > 0 ? 'wrong' : absent > 0 ? 'absent' : 'right',
    files: placed.length,
    rows: inspection.rows,
    problems,
  };
}

const badRows = ({ bad }: Inspection): readonly string[] =>
  bad.map(({ line, problem, reason }) => `line ${line}: ${problem}: ${reason}`);
