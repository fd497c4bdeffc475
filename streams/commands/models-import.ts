// `millrace models import`: a bundle or folder that export wrote, or a transformer that Hugging Face’s tools exported.
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ModelStore, openModelStore } from '../../connectors/model-store.ts';
import { cleanText } from '../../processors/features/cleaning.ts';
import { loadModel } from '../../processors/inference/load-model.ts';
import type { Model } from '../../processors/inference/model.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { repositorySets } from '../../trainers/data-sets/catalog.ts';
import { openDataSet } from '../../trainers/data-sets/open.ts';
import { readRows, textOf } from '../../trainers/data-sets/rows.ts';
import { wholeRelease } from '../../trainers/release/whole-release.ts';
import type { Example } from '../../trainers/trainer.ts';
import { type Imported, type ImportOptions, importTransformer } from '../../trainers/transformer/import.ts';
import { modelStoreOf } from '../models.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine } from './command.ts';
import { numberBetween, placesOf, progressLine } from './data-places.ts';
import { isRelease, runImport } from './models-bundle.ts';
import { runHashedImport } from './models-import-hashed.ts';

interface Options {
  readonly kind: 'transformer' | 'hashed';
  readonly hashing?: string;
  readonly task?: string;
  readonly version?: string;
  readonly purpose?: ImportOptions['purpose'];
  readonly labels?: readonly string[];
  readonly activation?: ImportOptions['activation'];
  readonly maxTokens?: number;
  readonly quantize?: 'int8';
  readonly prune?: number;
  readonly dropLimit: number;
  readonly data?: string;
  readonly split: string;
  readonly reference: 'comments' | 'prompts';
  readonly licence?: string;
  readonly doc?: string;
  readonly json?: boolean;
}

/** Texts that baselines are counted on at most: a large transformer takes a while for each. */
const textsMax = 1_000;
const rowsMax = 5_000;
const repositoryModels = fileURLToPath(new URL('../../models', import.meta.url));

/** Adds `import` to the group of `models`. */
export function defineImport(group: Command, context: CommandContext, action: Action): void {
  group
    .command('import <path>')
    .description('take in a bundle that export wrote, a Hugging Face ONNX export, or a plain ONNX model')
    .addOption(
      new Option('--kind <kind>', 'what an export is: a transformer, or a model over hashed words')
        .choices(['transformer', 'hashed'])
        .default('transformer'),
    )
    .option(
      '--hashing <json>',
      'of a model over hashed words: how words become ids, or the file that says it',
    )
    .option('--task <task>', 'of an export: the task it is for')
    .option('--version <version>', 'of an export: the version of the release, such as 1.0.0')
    .addOption(
      new Option('--purpose <purpose>', 'what it does, where its files do not say').choices([
        'classification',
        'embedding',
        'cross-encoder',
      ]),
    )
    .option('--labels <a,b,c>', 'its labels, in the order of its outputs', labelList)
    .addOption(
      new Option('--activation <activation>', 'what makes values of its outputs').choices([
        'softmax',
        'sigmoid',
        'identity',
      ]),
    )
    .option('--max-tokens <number>', 'tokens of an input at most', numberBetween(4, 131_072, true))
    .addOption(new Option('--quantize <precision>', 'make its weights smaller').choices(['int8']))
    .option('--prune <share>', 'set this share of its weights to zero', numberBetween(0, 0.99))
    .option('--drop-limit <points>', 'what a smaller model may lose, of 100', numberBetween(0, 100), 1)
    .option('--data <set>', 'labelled rows to judge it on: a data set or a file')
    .option('--split <name>', 'the split of that set', 'test')
    .addOption(
      new Option('--reference <texts>', 'texts that the drift baselines are counted on')
        .choices(['comments', 'prompts'])
        .default('comments'),
    )
    .option('--licence <licence>', 'what the model is licensed under')
    .option('--doc <text>', 'a sentence about it')
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(action((path: string, options: Options) => run(context, path, options)));
}

const examples = `
An export is a folder with model.onnx (or onnx/model.onnx), config.json and tokenizer.json, as
“optimum-cli export onnx --model <name> <folder>” writes it. A model over hashed words (--kind hashed) is one ONNX file
that reads padded ids and perhaps a mask. Its words are runs of letters and digits of the lower-cased text, an id is
offset + FNV-1a(word) mod buckets; --hashing may say buckets, idsMax, bigrams, offset, prefixIds, suffixIds and padId.

Examples:
  millrace models import toxicity.tar.gz
  millrace models import ./distilbert-sst2 --task sentiment --version 2.0.0 --quantize int8
  millrace models import ./minilm --task similarity --version 1.0.0 --purpose embedding
  millrace models import ./bag.onnx --kind hashed --task topic --version 1.0.0 --labels sport,news,other \\
    --hashing '{"bigrams": true, "buckets": 262144, "idsMax": 128}'`;

function labelList(text: string): readonly string[] {
  const labels = text.split(',').map((label) => label.trim());
  if (labels.every((label) => label !== '')) return labels;
  throw new InvalidArgumentError('Write them with commas between them, none empty.');
}

async function run(context: CommandContext, name: string, options: Options): Promise<number> {
  const path = resolve(context.workingDirectory, name);
  if (options.kind !== 'hashed' && (await isRelease(path)))
    return runImport(context, path, options.json ?? false);
  const { task, version } = named(name, options);
  const { io, configuration } = context;
  const store = modelStoreOf(configuration);
  const languageModel = await languageModelIn(store);
  const line = progressLine(context);
  try {
    if (options.kind === 'hashed')
      return await takeInHashed(context, path, { ...options, task, version }, languageModel);
    const imported = await importTransformer({
      ...options,
      folder: path,
      task,
      version,
      sparsity: options.prune,
      texts: await referenceTexts(options.reference),
      judged: await judgedRows(context, options),
      languageModel,
      signal: io.signal,
      onProgress: (stage) => (io.columns ? line.show(stage) : void io.stderr.write(`${stage}\n`)),
    });
    io.signal.throwIfAborted();
    const { release, isNew } = await publish(store, imported);
    await line.clear();
    const shown = summary(release, imported);
    const place = `${release} ${isNew ? 'is now' : 'was already'} in ${store.address}\n`;
    await io.stdout.write(
      options.json ? jsonLine({ ...shown, store: store.address, new: isNew }) : printed(imported) + place,
    );
    return exitCodes.done;
  } finally {
    await languageModel.close();
  }
}

async function takeInHashed(
  context: CommandContext,
  file: string,
  options: Options & { readonly task: string; readonly version: string },
  languageModel: Model,
): Promise<number> {
  const { hashing } = options;
  const isPlace = hashing !== undefined && !hashing.trimStart().startsWith('{');
  return runHashedImport(context, modelStoreOf(context.configuration), {
    ...options,
    file,
    hashing: isPlace ? resolve(context.workingDirectory, hashing) : hashing,
    texts: await referenceTexts(options.reference),
    judged: await judgedRows(context, options),
    languageModel,
    json: options.json ?? false,
  });
}

/** The language model of the store, else the one in this repository. */
async function languageModelIn(store: ModelStore): Promise<Model> {
  const release = await store.load('language').catch((error: unknown) => {
    if (error instanceof Misconfigured && error.code === 'model-missing') {
      return openModelStore(repositoryModels).load('language');
    }
    throw error;
  });
  return loadModel(release);
}

/** Task and version, which an export does not bring. */
function named(
  path: string,
  { task, version }: Options,
): { readonly task: string; readonly version: string } {
  const wrong =
    task === undefined || !/^[a-z][a-z0-9-]*$/.test(task)
      ? '--task is to name its task, in small letters, digits and dashes'
      : version === undefined || !/^\d+\.\d+\.\d+$/.test(version)
        ? '--version is to be three numbers, such as 1.0.0'
        : null;
  if (wrong === null) return { task: task!, version: version! };
  throw new Misconfigured(`${path} holds no release; to import it as a model, ${wrong}`, {
    code: 'import-unnamed',
    fix: `Run “millrace models import ${path} --task sentiment --version 1.0.0”, or name a bundle.`,
  });
}

/** Every n-th of the texts that no model of ours learned from. */
async function referenceTexts(name: Options['reference']): Promise<readonly string[]> {
  const rows = await readRows(join(repositorySets, 'reference', `${name}.jsonl.gz`));
  const step = Math.max(1, Math.floor(rows.length / textsMax));
  return rows.filter((_, at) => at % step === 0).map((row) => cleanText(textOf(row)));
}

async function judgedRows(
  context: CommandContext,
  { data, split }: Options,
): Promise<ImportOptions['judged']> {
  if (data === undefined) return undefined;
  const set = await openDataSet(data, placesOf(context, {}));
  const chosen = set.splits.includes(split) ? split : undefined;
  const examples: Example[] = [];
  for await (const example of set.examples(chosen)) {
    examples.push(example);
    if (examples.length === rowsMax) break;
  }
  const { name, licence, source, ships } = set.manifest;
  const use = {
    name,
    role: 'test',
    licence,
    source,
    rows: examples.length,
    sha256: set.hash,
    shipped: ships,
  } as const;
  return { use, examples };
}

async function publish(store: ModelStore, { draft, files, baselines }: Imported) {
  const release = wholeRelease(draft, files, baselines);
  return { release: release.manifest.release, isNew: await store.publish(release) };
}

function summary(release: string, { draft, report }: Imported) {
  const { purpose, architecture, labels, activation, maxTokens, precision, pooling } = draft;
  const shape = purpose === 'embedding' ? { width: labels.length, pooling } : { labels, activation };
  return { release, purpose, architecture, ...shape, maxTokens, precision, ...report };
}

function printed({ draft, report }: Imported): string {
  const { purpose, architecture, labels, activation, maxTokens } = draft;
  const shape =
    purpose === 'embedding' ? `${labels.length} dimensions` : `${labels.join(', ')} (${activation})`;
  const { model, shrunk, tokenizer } = report;
  const row = (name: string, { bytes, packedBytes, latency, accuracy }: typeof model) => ({
    model: name,
    MB: Number((bytes / 1e6).toFixed(2)),
    'MB packed': Number((packedBytes / 1e6).toFixed(2)),
    'ms a text of 32 tokens': Number(latency.toFixed(2)),
    ...(accuracy === null ? {} : { 'accuracy %': Number((100 * accuracy).toFixed(2)) }),
  });
  const rows =
    shrunk === null ? [row('imported', model)] : [row('as it came', shrunk.before), row('released', model)];
  const lost =
    shrunk === null
      ? ''
      : `agreement on ${shrunk.inputs} texts ${(100 * shrunk.agreement).toFixed(2)} %, largest difference ${shrunk.largest.toFixed(4)}, ${(100 * shrunk.sparsity).toFixed(0)} % of weights zero, drop ${shrunk.drop} points\n`;
  return `${architecture}, ${purpose}: ${shape}; ${maxTokens} tokens at most, tokenizer ${tokenizer}\n${table(rows)}${lost}`;
}
