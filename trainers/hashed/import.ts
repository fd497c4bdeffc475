// Imports a plain ONNX model over hashed words as a release: its graph is read and checked against how words become
// ids, tried on texts, and described.
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { type HashedModel, loadHashedModel } from '../../processors/inference/hashed/hashed-model.ts';
import { answer, type Model } from '../../processors/inference/model.ts';
import type { Baseline } from '../../schemas/baseline.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { type HashingOptions, hashingSchema } from '../../schemas/model-hashing.ts';
import type { ManifestOf } from '../../schemas/model-manifest.ts';
import { judgeModel } from '../evaluation/judge.ts';
import { freezeBaselines, freezeTextBaselines } from '../release/frozen-baseline.ts';
import type { Example } from '../trainer.ts';
import { graphOf, parseModel } from '../transformer/imported-graph.ts';
import { activationOf, checkIds, graphInputs, graphOutput } from './graph-fit.ts';

type Manifest = ManifestOf<'hashed'>;

export interface HashedImportOptions {
  /** The ONNX file, weights included. */
  readonly file: string;
  readonly task: string;
  readonly version: string;
  readonly labels?: readonly string[] | undefined;
  /** How words become ids, as JSON or the file that holds it; by default the `.json` beside the model. */
  readonly hashing?: string | undefined;
  readonly activation?: Manifest['activation'] | undefined;
  readonly doc?: string | undefined;
  readonly licence?: string | undefined;
  /** Cleaned texts that the baselines are counted on. */
  readonly texts: readonly string[];
  /** Labelled rows to judge the model on. */
  readonly judged?:
    | { readonly use: Manifest['data'][number]; readonly examples: readonly Example[] }
    | undefined;
  /** For the baseline of languages. */
  readonly languageModel: Model;
}

export interface HashedImport {
  /** Without file hashes. */
  readonly draft: Manifest;
  /** What is served. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly baselines: readonly Baseline[];
}

const importUnfit = (message: string, fix: string, cause?: unknown): Misconfigured =>
  new Misconfigured(message, { code: 'import-unfit', fix, cause });

/**
 * Imports the model; nothing is written. The same files and options give the same release. Throws `Misconfigured` for
 * what is missing, does not fit or does not run.
 */
export async function importHashed(options: HashedImportOptions): Promise<HashedImport> {
  const { file, judged, languageModel, texts } = options;
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw importUnfit(
      `${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unreadable'})`,
      'Name the ONNX file of the model.',
      cause,
    );
  });
  const hashing = await hashingOf(options);
  const draft = describe(options, hashing, await fit(file, bytes, hashing, options));
  const files = new Map([['model.onnx', bytes]]);
  const model = await loadHashedModel({ manifest: draft, files }).catch((cause: unknown) => {
    throw importUnfit(
      `ONNX Runtime cannot load ${file}: ${(cause as Error).message}`,
      'Export the model again with an opset of 14 to 21, and try it with Python’s onnxruntime first.',
      cause,
    );
  });
  try {
    await tryOut(model, file);
    const figures = judged ? await judgeModel(model, { file: judged.use.name }, judged.examples) : null;
    const baselines =
      draft.activation === 'identity'
        ? await freezeTextBaselines(draft.release, languageModel, texts)
        : await freezeBaselines(model, languageModel, texts);
    return { draft: { ...draft, figures: figures ? [figures] : [] }, files, baselines };
  } finally {
    await model.close();
  }
}

/** What the graph says about itself, checked against the ids that it will be fed. */
async function fit(
  file: string,
  bytes: Uint8Array,
  hashing: HashingOptions,
  { labels, activation }: HashedImportOptions,
): Promise<Pick<Manifest, 'inputs' | 'output' | 'labels' | 'activation' | 'activated'>> {
  const graph = graphOf(
    await parseModel(file, bytes, (location) => readFile(join(dirname(file), basename(location)))),
  );
  const inputs = graphInputs(file, graph);
  const { name: output, width } = graphOutput(file, graph);
  checkIds(file, graph, inputs.ids, hashing);
  if (labels === undefined)
    throw importUnfit(
      `the labels of ${file} are not known${width === null ? '' : `: it answers with ${width} values`}`,
      'Name them in the order of its output: --labels a,b,c.',
    );
  if (width !== null && width !== labels.length)
    throw importUnfit(
      `${labels.length} labels are named, but the output ${output} has ${width} values`,
      'Name as many labels as the model has outputs.',
    );
  const applied = activationOf(graph, output);
  if (applied !== null && activation !== undefined && activation !== applied)
    throw importUnfit(
      `${file} ends in a ${applied}, so its answers cannot be taken as ${activation}`,
      'Leave --activation out, or export the model without its last step.',
    );
  return {
    inputs,
    output,
    labels,
    activation: applied ?? activation ?? 'softmax',
    activated: applied !== null,
  };
}

async function hashingOf({ file, hashing }: HashedImportOptions): Promise<HashingOptions> {
  const beside = file.replace(/(\.onnx)?$/, '.json');
  const isText = hashing?.trimStart().startsWith('{') ?? false;
  const place = isText ? '--hashing' : (hashing ?? beside);
  const example = `'{"bigrams": true, "buckets": 262144, "idsMax": 128}'`;
  const fix = `Give it as --hashing ${example}, or as a file, by default ${basename(beside)} beside the model.`;
  const text = isText
    ? hashing!
    : await readFile(place, 'utf8').catch((cause: unknown) => {
        throw importUnfit(`how words become ids is not said: there is no ${place}`, fix, cause);
      });
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw importUnfit(`${place} is no JSON: ${(cause as Error).message}`, fix, cause);
  }
  const parsed = hashingSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw importUnfit(`${place} does not say how words become ids:\n${z.prettifyError(parsed.error)}`, fix);
}

/** Runs it on texts with words, without, and with more than it reads. */
async function tryOut(model: HashedModel, file: string): Promise<void> {
  const texts = ['A millrace brings the water to the wheel.', '', 'word '.repeat(10_000)];
  const values = await answer(model, texts).catch((cause: unknown) => {
    throw importUnfit(
      `${file} does not run: ${(cause as Error).message}`,
      'Its ids are to be [texts, ids], its mask of the same shape, its output [texts, labels], all of any size.',
      cause,
    );
  });
  if (values.some((value) => !Number.isFinite(value)))
    throw importUnfit(
      `${file} gives values that are no numbers`,
      'It has to answer for texts without words, too: their ids are all padding.',
    );
}

function describe(
  { file, task, version, doc, licence, judged }: HashedImportOptions,
  hashing: HashingOptions,
  fitted: Awaited<ReturnType<typeof fit>>,
): Manifest {
  const stated = licence === undefined ? '; its licence was not stated at import' : `, under ${licence}`;
  return {
    kind: 'hashed',
    task,
    version,
    release: `${task}@${version}`,
    doc: doc ?? 'An imported model over hashed words.',
    hashing,
    ...fitted,
    emptyLabel: 'none',
    files: {},
    data: judged ? [judged.use] : [],
    figures: [],
    targets: [],
    limits: [
      `Trained elsewhere (${basename(file)})${stated}. What it learned from is not known here.`,
      `Reads the first ${hashing.idsMax} ids of a text.`,
    ],
    seed: 0,
    parameters: { source: basename(file), ...(licence === undefined ? {} : { licence }) },
  };
}
