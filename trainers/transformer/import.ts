// Imports a Hugging Face ONNX export as a release: read, checked, tried, made smaller where asked, and described.
import { toBinary } from '@bufbuild/protobuf';
import type { Input, Model } from '../../processors/inference/model.ts';
import {
  loadTransformerModel,
  type TransformerModel,
} from '../../processors/inference/transformer/transformer-model.ts';
import type { Baseline } from '../../schemas/baseline.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { ManifestOf } from '../../schemas/model-manifest.ts';
import { judgeModel } from '../evaluation/judge.ts';
import { type ModelProto, ModelProtoSchema } from '../onnx/generated/onnx_pb.js';
import { freezeBaselines, freezeTextBaselines } from '../release/frozen-baseline.ts';
import type { Example } from '../trainer.ts';
import { compareModels, type Difference, type Measured, measure } from './comparison.ts';
import { graphOf, hasExternalData, outputsOf, parseModel, precisionOf } from './imported-graph.ts';
import { pruneModel } from './pruning.ts';
import { quantizeModel } from './quantization.ts';
import { settingsOf, type Wishes } from './settings.ts';
import { readExternal, readSourceFolder, type SourceFolder } from './source-folder.ts';
import { checkGraph, checkRun, checkTokenizer } from './validation.ts';

type Manifest = ManifestOf<'transformer'>;
type Figures = Manifest['figures'][number];
type DataSetUse = Manifest['data'][number];

export interface ImportOptions extends Wishes {
  /** The export: model.onnx (or onnx/model.onnx), config.json, tokenizer.json. */
  readonly folder: string;
  readonly task: string;
  readonly version: string;
  readonly doc?: string | undefined;
  readonly licence?: string | undefined;
  /** Eight-bit weights. */
  readonly quantize?: 'int8' | undefined;
  /** Share of the weights of matrix products to set to zero, 0–1. */
  readonly sparsity?: number | undefined;
  /** What a smaller model may lose, in points of a hundred: of accuracy, or of agreement without labelled rows. */
  readonly dropLimit: number;
  /** Cleaned texts: the baselines are counted on them, and models compared. */
  readonly texts: readonly string[];
  /** Labelled rows to judge the model on. */
  readonly judged?: { readonly use: DataSetUse; readonly examples: readonly Example[] } | undefined;
  /** For the baseline of languages. */
  readonly languageModel: Model;
  readonly onProgress?: ((stage: ImportStage) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}
export type ImportStage = 'reading' | 'trying' | 'shrinking' | 'comparing' | 'judging' | 'counting baselines';

/** What became of an import. */
export interface ImportReport {
  readonly tokenizer: string;
  readonly model: Measured;
  /** Where it was quantized or pruned: the model as it came, and how the answers differ. */
  readonly shrunk:
    | ({ readonly before: Measured; readonly sparsity: number; readonly drop: number } & Difference)
    | null;
}

export interface Imported {
  /** Without file hashes. */
  readonly draft: Manifest;
  /** What is served. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly baselines: readonly Baseline[];
  readonly report: ImportReport;
}

const comparedMax = 256;

/**
 * Imports an export; nothing is written. The same files and options give the same release. Throws `Misconfigured` for
 * what is missing, does not fit or is not supported, and where a smaller model loses more than the limit.
 */
export async function importTransformer(options: ImportOptions): Promise<Imported> {
  const step = (stage: ImportStage) => {
    options.signal?.throwIfAborted();
    options.onProgress?.(stage);
  };
  step('reading');
  const source = await readSourceFolder(options.folder);
  const proto = await parseModel(source.modelPath, source.model, (location) =>
    readExternal(source, location),
  );
  const graph = graphOf(proto);
  checkGraph(source, graph);
  const tokenizer = checkTokenizer(source, graph);
  const settings = settingsOf(source, outputsOf(graph), options);
  const draft = describe(options, source, {
    ...settings,
    precision: precisionOf(graph) === 'int8' ? 'int8' : 'float32',
  });
  const bytes = hasExternalData(source.model) ? toBinary(ModelProtoSchema, proto) : source.model;
  step('trying');
  const whole = await load(source, draft, bytes);
  await checkRun(whole, source.modelPath);
  const work = { options, source, proto, step };
  const chosen = isShrunk(options)
    ? await shrink(work, { model: whole, bytes })
    : await judge(work, { model: whole, bytes });
  step('counting baselines');
  const baselines = await baselinesOf(chosen.model, options);
  await chosen.model.close();
  const figures = chosen.figures === null ? [] : [chosen.figures];
  return {
    draft: { ...chosen.model.manifest, figures },
    files: filesOf(source, chosen.bytes),
    baselines,
    report: { tokenizer, model: chosen.measured, shrunk: chosen.shrunk },
  };
}

const isShrunk = ({ quantize, sparsity = 0 }: ImportOptions): boolean =>
  quantize !== undefined || sparsity > 0;

interface Work {
  readonly options: ImportOptions;
  readonly source: SourceFolder;
  readonly proto: ModelProto;
  readonly step: (stage: ImportStage) => void;
}

interface Loaded {
  readonly model: TransformerModel;
  readonly bytes: Uint8Array;
}

interface Judged extends Loaded {
  readonly measured: Measured;
  readonly figures: Figures | null;
  readonly shrunk: ImportReport['shrunk'];
}

async function judge({ options, step }: Work, { model, bytes }: Loaded): Promise<Judged> {
  const { judged } = options;
  if (judged !== undefined) step('judging');
  const figures =
    judged === undefined ? null : await judgeModel(model, { file: judged.use.name }, judged.examples);
  const accuracy = (figures as { readonly accuracy?: number } | null)?.accuracy ?? null;
  return { model, bytes, figures, measured: await measure(model, bytes, accuracy), shrunk: null };
}

/** The model pruned and quantized, judged beside the one it was made from. */
async function shrink(work: Work, whole: Loaded): Promise<Judged> {
  const { options, source, proto, step } = work;
  if (whole.model.manifest.precision === 'int8') {
    throw new Misconfigured(`${source.modelPath} has eight-bit weights already`, {
      code: 'quantization-unsupported',
      fix: 'Import it without --quantize and --prune, or export it in 32-bit floats.',
    });
  }
  step('shrinking');
  const { model: pruned, sparsity } = pruneModel(proto, options.sparsity ?? 0);
  const made = options.quantize === 'int8' ? quantizeModel(pruned) : pruned;
  const bytes = toBinary(ModelProtoSchema, made);
  const precision = options.quantize ?? 'float32';
  const model = await load(source, { ...whole.model.manifest, precision }, bytes);
  step('comparing');
  const difference = await compareModels(
    whole.model,
    model,
    comparedInputs(work, whole.model),
    options.signal,
  );
  const before = await judge(work, whole);
  const after = await judge(work, { model, bytes });
  await whole.model.close();
  const drop = dropOf(before.measured, after.measured, difference);
  if (drop > options.dropLimit) throw aboveLimit(options, drop, before.measured, after.measured);
  return { ...after, shrunk: { before: before.measured, sparsity, drop, ...difference } };
}

/** What was lost, in points: of accuracy where rows are labelled, else of agreement. Below 0 for a gain. */
function dropOf(before: Measured, after: Measured, { agreement }: Difference): number {
  const lost =
    before.accuracy !== null && after.accuracy !== null ? before.accuracy - after.accuracy : 1 - agreement;
  return Math.round(lost * 1e4) / 100;
}

function aboveLimit(options: ImportOptions, drop: number, before: Measured, after: Measured): Misconfigured {
  const what = before.accuracy === null ? 'agreement' : 'accuracy';
  const size = `${(before.bytes / 1e6).toFixed(1)} → ${(after.bytes / 1e6).toFixed(1)} MB`;
  return new Misconfigured(
    `the smaller model (${size}) loses ${drop} points of ${what}, more than ${options.dropLimit}: nothing was released`,
    {
      code: 'drop-above-limit',
      fix: 'Prune less, leave out --quantize, judge on labelled rows with --data, or allow more with --drop-limit.',
    },
  );
}

/** Texts, and for models that compare pairs of them, whatever task they are of. */
function comparedInputs({ options }: Work, { manifest }: TransformerModel): readonly Input[] {
  const texts = options.texts.slice(0, comparedMax);
  if (manifest.purpose !== 'cross-encoder') return texts;
  return texts.map((text, at) => [text, texts[(7 * at + 3) % texts.length]!] as const);
}

const load = (source: SourceFolder, manifest: Manifest, bytes: Uint8Array): Promise<TransformerModel> =>
  loadTransformerModel({ manifest, files: filesOf(source, bytes) }).catch((cause: unknown) => {
    throw new Misconfigured(`ONNX Runtime cannot load ${source.modelPath}: ${(cause as Error).message}`, {
      code: 'import-unfit',
      fix: 'Export the model again with an opset of 14 to 21, and try it with Python’s onnxruntime first.',
      cause,
    });
  });

const filesOf = (source: SourceFolder, model: Uint8Array): ReadonlyMap<string, Uint8Array> =>
  new Map([
    ['model.onnx', model],
    ['tokenizer.json', source.tokenizer],
    ...(source.tokenizerConfigBytes === null
      ? []
      : [['tokenizer_config.json', source.tokenizerConfigBytes] as const]),
  ]);

type Settled = Omit<ReturnType<typeof settingsOf>, never> & Pick<Manifest, 'precision'>;

function describe(options: ImportOptions, { config }: SourceFolder, settled: Settled): Manifest {
  const { task, version, doc, licence, quantize, sparsity, judged } = options;
  const name =
    typeof config._name_or_path === 'string' && config._name_or_path !== '' ? config._name_or_path : null;
  const purposes = {
    classification: 'classifies texts',
    embedding: 'turns texts into vectors',
    'cross-encoder': 'compares two texts',
  };
  return {
    kind: 'transformer',
    task,
    version,
    release: `${task}@${version}`,
    doc: doc ?? `An imported ${settled.architecture} model that ${purposes[settled.purpose]}.`,
    ...settled,
    emptyLabel: 'none',
    files: {},
    data: judged === undefined ? [] : [judged.use],
    figures: [],
    targets: [],
    limits: [
      `Trained elsewhere${name === null ? '' : ` (${name})`}${licence === undefined ? '; its licence was not stated at import' : `, under ${licence}`}. What it learned from is not known here.`,
      `Reads the first ${settled.maxTokens} tokens of an input.`,
    ],
    seed: 0,
    parameters: {
      ...(name === null ? {} : { source: name }),
      ...(licence === undefined ? {} : { licence }),
      ...(quantize === undefined ? {} : { quantize }),
      ...(sparsity === undefined || sparsity === 0 ? {} : { sparsity }),
    },
  };
}

/** Vectors and scores of pairs have no leading label: such models have the baselines of their texts only. */
const baselinesOf = (
  model: TransformerModel,
  { languageModel, texts }: ImportOptions,
): Promise<readonly Baseline[]> =>
  model.manifest.purpose === 'classification'
    ? freezeBaselines(model, languageModel, texts)
    : freezeTextBaselines(model.manifest.release, languageModel, texts);
