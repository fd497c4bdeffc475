// What an export is for, as its configuration says: purpose, labels, activation, lengths, pooling.
import { Misconfigured } from '../../schemas/errors.ts';
import type { ManifestOf } from '../../schemas/model-manifest.ts';
import type { GraphValue } from './imported-graph.ts';
import type { Settings, SourceFolder } from './source-folder.ts';

type Manifest = ManifestOf<'transformer'>;
export type Purpose = Manifest['purpose'];
type Activation = Manifest['activation'];

/** What the person importing said; all of it can be left to the files. */
export interface Wishes {
  readonly purpose?: Purpose | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly activation?: Activation | undefined;
  readonly maxTokens?: number | undefined;
}

/** The part of the manifest that the files decide. */
export type ImportedSettings = Pick<
  Manifest,
  | 'purpose'
  | 'architecture'
  | 'labels'
  | 'activation'
  | 'maxTokens'
  | 'padId'
  | 'output'
  | 'pooling'
  | 'normalize'
>;

const tokensMaxOtherwise = 512;
/** RoBERTa and its kin begin to count positions behind the padding token’s id. */
const positionsAfterPadding = /^(roberta|xlm-roberta|camembert|xlm-roberta-xl)$/;

/** Reads the settings of an export. Throws `Misconfigured` where they do not fit together, or not with the wishes. */
export function settingsOf(
  source: SourceFolder,
  outputs: readonly GraphValue[],
  wishes: Wishes,
): ImportedSettings {
  const { config } = source;
  const purpose = wishes.purpose ?? purposeOf(source, outputs);
  const output = outputOf(purpose, outputs);
  const padId = padIdOf(source);
  const shape =
    purpose === 'embedding' ? embeddingOf(source, output) : headOf(config, purpose, output, wishes);
  return {
    purpose,
    architecture: String(config.model_type ?? 'unknown'),
    maxTokens: maxTokensOf(source, padId, wishes.maxTokens),
    padId,
    output: output.name,
    ...shape,
  };
}

const unfit = (message: string, fix: string): Misconfigured =>
  new Misconfigured(message, { code: 'import-unfit', fix });

function purposeOf(
  { config, pooling, modules, folder }: SourceFolder,
  outputs: readonly GraphValue[],
): Purpose {
  const [architecture = ''] = (config.architectures as readonly string[] | undefined) ?? [];
  if (/ForSequenceClassification$/.test(architecture)) {
    return config.sentence_transformers === undefined &&
      config.sbert_ce_default_activation_function === undefined
      ? 'classification'
      : 'cross-encoder';
  }
  if (pooling !== null || modules.length > 0 || /Model$/.test(architecture)) return 'embedding';
  if (outputs.some(({ name }) => name === 'sentence_embedding')) return 'embedding';
  throw unfit(
    `${folder} holds ${architecture === '' ? 'a model of no stated architecture' : `a ${architecture}`}, which is not known to classify, embed or compare`,
    'Say what it is for with --purpose classification, embedding or cross-encoder; models that fill in or generate words cannot be imported.',
  );
}

function outputOf(purpose: Purpose, outputs: readonly GraphValue[]): GraphValue {
  const wanted =
    purpose === 'embedding'
      ? ['sentence_embedding', 'last_hidden_state', 'token_embeddings', 'hidden_states']
      : ['logits'];
  const found = wanted.flatMap((name) => outputs.filter((output) => output.name === name))[0];
  // A single output of another name will do, but scores are no vectors.
  const single = outputs.length === 1 && outputs[0]!.name !== 'logits' ? outputs[0] : undefined;
  const chosen = found ?? single;
  if (chosen !== undefined) return chosen;
  throw unfit(
    `the graph has no output ${wanted.join(' or ')}, but ${outputs.map(({ name }) => name).join(', ')}`,
    `Export it for the task it is for, or say another --purpose than ${purpose}.`,
  );
}

function headOf(
  config: Settings,
  purpose: Purpose,
  output: GraphValue,
  wishes: Wishes,
): Pick<Manifest, 'labels' | 'activation'> {
  const declared = labelsOf(config);
  const width = output.dims.at(-1) ?? declared?.length ?? wishes.labels?.length ?? null;
  const isUnnamed = width === 1 && (declared?.[0] ?? 'LABEL_0') === 'LABEL_0';
  const labels = wishes.labels ?? (isUnnamed ? ['score'] : declared);
  if (labels === undefined) {
    throw unfit(
      'config.json names no labels (id2label)',
      'Name them in the order of the outputs with --labels a,b,c.',
    );
  }
  if (new Set(labels).size !== labels.length) {
    throw unfit(
      `the labels ${labels.join(', ')} are not all different`,
      'Name each once with --labels a,b,c.',
    );
  }
  if (width !== null && width !== labels.length) {
    throw unfit(
      `the model gives ${width} values, but there are ${labels.length} labels: ${labels.join(', ')}`,
      'Name as many labels as the model has outputs, in their order, with --labels a,b,c.',
    );
  }
  return { labels, activation: wishes.activation ?? activationOf(config, purpose, labels.length) };
}

function labelsOf(config: Settings): readonly string[] | undefined {
  if (config.id2label === undefined || config.id2label === null) {
    const count = config.num_labels;
    return typeof count === 'number' ? Array.from({ length: count }, (_, at) => `LABEL_${at}`) : undefined;
  }
  return Object.entries(config.id2label as Readonly<Record<string, string>>)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, label]) => String(label));
}

function activationOf(config: Settings, purpose: Purpose, labels: number): Activation {
  const { problem_type: problem } = config;
  if (problem === 'multi_label_classification') return 'sigmoid';
  if (problem === 'regression') return 'identity';
  if (labels > 1) return 'softmax';
  if (purpose === 'classification') return 'identity';
  // What sentence-transformers’ CrossEncoder applies to a single score, unless the model says otherwise.
  const stated = config.sentence_transformers as Settings | undefined;
  const named = String(stated?.activation_fn ?? config.sbert_ce_default_activation_function ?? 'Sigmoid');
  return named.endsWith('Identity') ? 'identity' : 'sigmoid';
}

function embeddingOf(
  { config, pooling, modules, folder }: SourceFolder,
  output: GraphValue,
): Pick<Manifest, 'labels' | 'activation' | 'pooling' | 'normalize'> {
  const width =
    output.dims.at(-1) ?? (config.hidden_size as number | undefined) ?? (config.dim as number | undefined);
  if (typeof width !== 'number') {
    throw unfit(
      `${folder} does not say how long its vectors are (hidden_size)`,
      'Add hidden_size to config.json.',
    );
  }
  const labels = Array.from({ length: width }, (_, at) => `d${at}`);
  if (output.name === 'sentence_embedding' || output.dims.length === 2) {
    return { labels, activation: 'identity', pooling: 'none', normalize: true };
  }
  const other = Object.entries(pooling ?? {}).find(
    ([name, value]) => value === true && /^pooling_mode_(max|mean_sqrt|weighted|lasttoken)/.test(name),
  );
  if (other !== undefined) {
    throw unfit(
      `${folder} pools by ${other[0].replace('pooling_mode_', '')}, which is not supported`,
      'Import a model that pools by mean or by its first token.',
    );
  }
  const isScaled = modules.length === 0 || modules.some(({ type }) => String(type).endsWith('Normalize'));
  return {
    labels,
    activation: 'identity',
    pooling: pooling?.pooling_mode_cls_token === true ? 'cls' : 'mean',
    normalize: isScaled,
  };
}

/** The id of the padding token, from the first place that names it. */
function padIdOf({ config, tokenizerConfig, tokenizerJson }: SourceFolder): number {
  const json = tokenizerJson as {
    readonly padding?: { readonly pad_id?: number } | null;
    readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
  };
  const { pad_token: pad } = tokenizerConfig;
  const content = typeof pad === 'string' ? pad : (pad as Settings | undefined)?.content;
  const token = json.added_tokens?.find((added) => added.content === (content ?? '[PAD]'));
  return token?.id ?? json.padding?.pad_id ?? (config.pad_token_id as number | null | undefined) ?? 0;
}

function maxTokensOf(source: SourceFolder, padId: number, wished: number | undefined): number {
  const { config, tokenizerConfig, sentenceConfig } = source;
  const number = (value: unknown): number =>
    typeof value === 'number' && value > 0 ? value : Number.POSITIVE_INFINITY;
  const reserved = positionsAfterPadding.test(String(config.model_type)) ? padId + 1 : 0;
  // Relative positions have no table that ends.
  const positions =
    config.position_biased_input === false
      ? Number.POSITIVE_INFINITY
      : number(config.max_position_embeddings) - reserved;
  if (wished !== undefined) {
    if (wished <= positions) return wished;
    throw unfit(
      `the model has positions for ${positions} tokens, not for ${wished}`,
      `Give --max-tokens ${positions} or less.`,
    );
  }
  return Math.min(
    positions,
    number(tokenizerConfig.model_max_length),
    number(sentenceConfig.max_seq_length),
    tokensMaxOtherwise,
  );
}
