// The manifest of a data set: what it is, which files it has, how its rows are read and what must hold for them.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Misconfigured } from '../../schemas/errors.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in hexadecimal');
const share = z.number().min(0).max(1);

const fileSchema = z.strictObject({
  /** Below the folder of the set; its ending tells the format, `.gz` that it is gzipped. */
  path: z.string().regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/, 'not a path below the folder of the set'),
  sha256,
  bytes: z.int().min(0),
  rows: z.int().min(0),
  format: z.enum(['jsonl', 'csv', 'parquet']),
  split: z.string().min(1).optional(),
  /** Where it is fetched from once, when it is nowhere here: http, https or file. */
  url: z.url({ protocol: /^(https?|file)$/ }).optional(),
  /** Differs from the set’s where only some files may be passed on. */
  ships: z.boolean().optional(),
});

const columnsSchema = z.strictObject({
  text: z.string().min(1),
  second: z.string().min(1).optional(),
  label: z.string().min(1).optional(),
  /** An array, or a text with `|` between labels. */
  labels: z.string().min(1).optional(),
  score: z.string().min(1).optional(),
  id: z.string().min(1).optional(),
  /** Columns that figures are told apart by. */
  slices: z.array(z.string().min(1)).optional(),
});

const splitsSchema = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('file') }),
  z.strictObject({
    by: z.literal('hash'),
    seed: z.int().min(0),
    /** Shares of the texts by split, summing up to 1. */
    shares: z
      .record(z.string().min(1), z.number().gt(0).max(1))
      .refine((shares) => Math.abs(Object.values(shares).reduce((sum, one) => sum + one, 0) - 1) < 1e-9, {
        message: 'the shares do not sum up to 1',
      }),
  }),
]);

const constraintsSchema = z.strictObject({
  wordsMin: z.int().min(0).optional(),
  wordsMax: z.int().min(1).optional(),
  /** After the label map. */
  labels: z.array(z.string()).optional(),
  scoreMin: z.number().optional(),
  scoreMax: z.number().optional(),
  rowsMin: z.int().min(0).optional(),
  /** Share of the rows without a text, or without what the kind asks for. */
  missingShareMax: share.optional(),
  /** Share of the rows whose text came before in the same split. */
  duplicateShareMax: share.optional(),
  /** Share of the rows whose text has several labels. */
  conflictShareMax: share.optional(),
});

/** `unlabelled` sets have texts and columns of their own, which only the task that uses them understands. */
const kinds = ['classification', 'multi-label', 'score', 'pairs', 'unlabelled'] as const;

const baseSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'a name has small letters, digits, - and _ only'),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'not a version such as 1.0.0'),
  doc: z.string().min(1),
  licence: z.string().min(1),
  source: z.string().min(1),
  /** Whether its files may be passed on, and so lie beside the manifest. */
  ships: z.boolean(),
  kind: z.enum(kinds),
  columns: columnsSchema,
  /** What labels are called here; null leaves the row out. Labels not named stay. */
  labelMap: z.record(z.string(), z.string().nullable()).optional(),
  /** What is done to every row before it becomes an example. */
  cleaning: z
    .strictObject({
      /** Scores below 0 become 0, above 100 become 100. */
      clipScores: z.boolean().optional(),
      /** Texts of fewer words are left out. */
      wordsMin: z.int().min(1).optional(),
    })
    .optional(),
  splits: splitsSchema,
  constraints: constraintsSchema.optional(),
  files: z.array(fileSchema).min(1),
});

const needed: Readonly<Record<(typeof kinds)[number], readonly (keyof SetColumns)[]>> = {
  classification: ['label'],
  'multi-label': ['labels'],
  score: ['score'],
  pairs: ['second'],
  unlabelled: [],
};

const setManifestSchema = baseSchema.superRefine((manifest, context) => {
  const complain = (message: string, path: string[]) => context.addIssue({ code: 'custom', message, path });
  for (const column of needed[manifest.kind])
    if (manifest.columns[column] === undefined)
      complain(`a set of the kind ${manifest.kind} needs the column`, ['columns', column]);
  const { kind, columns, splits, files } = manifest;
  if (kind === 'pairs' && columns.label === undefined && columns.score === undefined)
    complain('a set of pairs needs a label or a score', ['columns']);
  if (splits.by === 'file' && files.some(({ split }) => split === undefined))
    complain('the splits go by file, and a file names none', ['files']);
  const paths = files.map(({ path }) => path);
  if (new Set(paths).size < paths.length) complain('a path is named twice', ['files']);
});

type SetColumns = z.infer<typeof columnsSchema>;
export type SetKind = (typeof kinds)[number];
export type SetFile = Readonly<z.infer<typeof fileSchema>>;
export type SetManifest = Readonly<z.infer<typeof baseSchema>>;

/** A manifest from JSON. `place` is where it stands, for errors. Throws `Misconfigured` (`data-manifest`). */
export function parseManifest(value: unknown, place: string): SetManifest {
  const result = setManifestSchema.safeParse(value);
  if (result.success) return result.data;
  throw new Misconfigured(`${place} is no manifest of a data set: ${z.prettifyError(result.error)}`, {
    code: 'data-manifest',
    fix: 'Mend what is named; docs/data.md lists the fields. “millrace data add” writes manifests.',
  });
}

/** SHA-256 of the canonical JSON (RFC 8785’s order of keys, no white space): the identity of the data set. */
export const manifestHash = (manifest: SetManifest): string =>
  createHash('sha256').update(canonicalJson(manifest)).digest('hex');

/** JSON with keys in the order of their UTF-16 units. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`;
}

/** Whether a file may be passed on. */
export const shipsFile = (manifest: SetManifest, file: SetFile): boolean => file.ships ?? manifest.ships;

/** Names of the splits, in the order of the manifest. */
export const splitNames = ({ splits, files }: SetManifest): readonly string[] =>
  splits.by === 'hash' ? Object.keys(splits.shares) : [...new Set(files.map(({ split }) => split!))];
