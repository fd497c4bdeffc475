// Whether the parts of an export fit together: graph, tokenizer, configuration. Each misfit says what to do.

import { createTokenizer, type TokenizerKind } from '../../processors/inference/transformer/tokenizer.ts';
import type { TransformerModel } from '../../processors/inference/transformer/transformer-model.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { GraphProto } from '../onnx/generated/onnx_pb.js';
import { tensorTypes } from '../onnx/graph.ts';
import { inputsOf, outputsOf, precisionOf, vocabularyRows } from './imported-graph.ts';
import type { SourceFolder } from './source-folder.ts';

const feedable = ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'];

const unfit = (message: string, fix: string, cause?: unknown): Misconfigured =>
  new Misconfigured(message, { code: 'import-unfit', fix, cause });

/** Checks a graph’s inputs, outputs and weights. Throws `Misconfigured`. */
export function checkGraph({ modelPath }: SourceFolder, graph: GraphProto): void {
  const inputs = inputsOf(graph);
  const outputs = outputsOf(graph);
  const halves = precisionOf(graph) === 'float16' || outputs.some(({ type }) => type === tensorTypes.FLOAT16);
  if (halves) {
    throw unfit(
      `${modelPath} has 16-bit floats, which CPUs compute slowly or not at all`,
      'Export it with 32-bit floats (leave out --dtype fp16), and import that with --quantize int8 to make it small.',
    );
  }
  const strange = inputs.filter(({ name }) => !feedable.includes(name)).map(({ name }) => name);
  if (strange.includes('pixel_values') || strange.includes('input_features')) {
    throw unfit(
      `${modelPath} reads ${strange.join(', ')}: it is no model of texts`,
      'Import a model that reads input_ids.',
    );
  }
  if (strange.some((name) => name.startsWith('past_key_values') || name.startsWith('decoder_'))) {
    throw unfit(
      `${modelPath} generates text (it reads ${strange[0]})`,
      'Import a model that classifies, embeds or compares: export it with --task text-classification or feature-extraction.',
    );
  }
  if (strange.length > 0) {
    throw unfit(
      `${modelPath} wants inputs that are not known: ${strange.join(', ')}`,
      `Export it with no other inputs than ${feedable.join(', ')}.`,
    );
  }
  if (!inputs.some(({ name }) => name === 'input_ids')) {
    throw unfit(
      `${modelPath} does not read input_ids, but ${inputs.map(({ name }) => name).join(', ') || 'nothing'}`,
      'Export it again with the names that Hugging Face’s exporter gives.',
    );
  }
  const narrow = inputs.find(({ type }) => type !== tensorTypes.INT64 && type !== 0);
  if (narrow !== undefined) {
    throw unfit(
      `${modelPath} wants ${narrow.name} in another type than int64`,
      'Export it again with int64 inputs, as Hugging Face’s exporter does.',
    );
  }
  const still = inputs.find(({ dims }) => dims.length === 2 && dims.some((size) => size !== null));
  if (still !== undefined) {
    throw unfit(
      `${modelPath} has a fixed shape: ${still.name} is [${still.dims.map((size) => size ?? 'any').join(', ')}]`,
      'Export it with dynamic axes for batch and sequence.',
    );
  }
}

/** Checks the tokenizer, and that the graph knows all its tokens. Throws `Misconfigured`. */
export function checkTokenizer(source: SourceFolder, graph: GraphProto): TokenizerKind {
  const { folder, tokenizerJson, tokenizerConfig } = source;
  let kind: TokenizerKind;
  try {
    const tokenizer = createTokenizer(tokenizerJson, tokenizerConfig);
    tokenizer.encode('A text, to see whether it works.', 'And another.', 16);
    ({ kind } = tokenizer);
  } catch (cause) {
    throw unfit(
      `the tokenizer of ${folder} is of a type that is not supported: ${(cause as Error).message.split('\n')[0]}`,
      'Supported are WordPiece, byte-level BPE and Unigram, and what @huggingface/tokenizers reads.',
      cause,
    );
  }
  const rows = vocabularyRows(graph);
  const highest = highestId(tokenizerJson);
  if (rows !== null && highest >= rows) {
    throw unfit(
      `the tokenizer has ids up to ${highest}, but the model knows only ${rows} tokens`,
      'Tokenizer and model are not of the same model: copy both from the same place.',
    );
  }
  return kind;
}

function highestId(json: unknown): number {
  const { model, added_tokens: added = [] } = json as {
    readonly model: { readonly vocab?: Readonly<Record<string, number>> | readonly unknown[] };
    readonly added_tokens?: readonly { readonly id: number }[];
  };
  const { vocab = {} } = model;
  const ids = Array.isArray(vocab)
    ? [vocab.length - 1]
    : Object.values(vocab as Readonly<Record<string, number>>);
  let highest = -1;
  for (const id of ids) highest = Math.max(highest, id);
  for (const { id } of added) highest = Math.max(highest, id);
  return highest;
}

/** Runs the model on a text, and on two for models that compare. Throws `Misconfigured` where it fails or gives nonsense. */
export async function checkRun(model: TransformerModel, modelPath: string): Promise<void> {
  const { labels, purpose, output, pooling } = model.manifest;
  const text = 'A millrace is the channel that brings the water to the wheel.';
  const inputs = [text, purpose === 'cross-encoder' ? ([text, 'It turns.'] as const) : 'It turns.'];
  const dims = await model.outputDims(inputs).catch((cause: unknown) => {
    throw unfit(
      `${modelPath} does not run: ${(cause as Error).message}`,
      'Export the model again, and try it with Python’s onnxruntime first.',
      cause,
    );
  });
  const rank = pooling === 'mean' || pooling === 'cls' ? 3 : 2;
  const width = dims.at(-1);
  if (dims.length !== rank || width !== labels.length) {
    const wanted = rank === 3 ? `[texts, tokens, ${labels.length}]` : `[texts, ${labels.length}]`;
    throw unfit(
      `the output ${output} has the shape [${dims.join(', ')}] where ${wanted} was expected for ${purpose}`,
      purpose === 'embedding'
        ? 'Say the right --purpose, or export with --task feature-extraction.'
        : 'Name as many labels as the model has outputs with --labels a,b,c, or say another --purpose.',
    );
  }
  const values = await model.outputs(model.prepare(inputs), inputs.length);
  if (values.some((value) => !Number.isFinite(value))) {
    throw unfit(`${modelPath} gives values that are no numbers`, 'Export the model again in 32-bit floats.');
  }
}
