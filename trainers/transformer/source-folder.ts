// The folder of a Hugging Face ONNX export: which files are there, read, and what is wrong where they are not.
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Misconfigured } from '../../schemas/errors.ts';

/** The parts of an export, JSON files parsed. */
export interface SourceFolder {
  readonly folder: string;
  readonly modelPath: string;
  readonly model: Uint8Array;
  readonly tokenizer: Uint8Array;
  readonly tokenizerJson: unknown;
  readonly config: Settings;
  /** Empty where there is no such file. */
  readonly tokenizerConfig: Settings;
  readonly tokenizerConfigBytes: Uint8Array | null;
  /** sentence-transformers: `1_Pooling/config.json`, `modules.json`, `sentence_bert_config.json`. */
  readonly pooling: Settings | null;
  readonly modules: readonly Settings[];
  readonly sentenceConfig: Settings;
}
export type Settings = Readonly<Record<string, unknown>>;

const modelPlaces = ['model.onnx', 'onnx/model.onnx'];
const sentencePieceFiles = ['sentencepiece.bpe.model', 'spiece.model', 'spm.model', 'tokenizer.model'];
const exportFix =
  'Export it with “optimum-cli export onnx --model <name> <folder>”, which writes model.onnx, tokenizer.json and config.json.';

/** Reads an export. Throws `Misconfigured` that names what is missing and how to get it. */
export async function readSourceFolder(folder: string): Promise<SourceFolder> {
  const info = await stat(folder).catch(() => null);
  if (info === null || !info.isDirectory()) {
    throw incomplete(`${folder} is no folder`, 'Name the folder that the model was exported into.');
  }
  const place = modelPlaces.find((name) => existsSync(join(folder, name)));
  if (place === undefined) throw await withoutModel(folder);
  const config = await settingsIn(folder, 'config.json');
  if (config === null) throw incomplete(`${folder} has no config.json`, exportFix);
  const tokenizerPath = join(folder, 'tokenizer.json');
  if (!existsSync(tokenizerPath)) throw withoutTokenizer(folder);
  const tokenizer = await readFile(tokenizerPath);
  const tokenizerConfigPath = join(folder, 'tokenizer_config.json');
  return {
    folder,
    modelPath: join(folder, place),
    model: await readFile(join(folder, place)),
    tokenizer,
    tokenizerJson: parsed(tokenizerPath, tokenizer),
    config,
    tokenizerConfig: (await settingsIn(folder, 'tokenizer_config.json')) ?? {},
    tokenizerConfigBytes: existsSync(tokenizerConfigPath) ? await readFile(tokenizerConfigPath) : null,
    pooling: await settingsIn(folder, '1_Pooling/config.json'),
    modules: ((await settingsIn(folder, 'modules.json')) ?? []) as readonly Settings[],
    sentenceConfig: (await settingsIn(folder, 'sentence_bert_config.json')) ?? {},
  };
}

/** Reads a file that the model keeps weights in: only from beside it. */
export async function readExternal({ modelPath }: SourceFolder, location: string): Promise<Uint8Array> {
  const path = join(dirname(modelPath), location);
  if (location === '' || basename(location) !== location) {
    throw incomplete(`${modelPath} wants its weights from “${location}”, outside of its folder`, exportFix);
  }
  return readFile(path).catch((cause: unknown) => {
    throw incomplete(
      `${modelPath} keeps its weights in ${location}, which cannot be read`,
      `Put ${location} beside it, or export the model again.`,
      cause,
    );
  });
}

async function withoutModel(folder: string): Promise<Misconfigured> {
  const names = await readdir(folder);
  const weights = names.find((name) => /\.(safetensors|bin|h5|msgpack)$/.test(name));
  const others = names.filter((name) => name.endsWith('.onnx'));
  if (others.length > 0) {
    return incomplete(
      `${folder} has ${others.join(', ')}, but no model.onnx`,
      'Call the one to import model.onnx; of several exports take the one in 32-bit floats.',
    );
  }
  if (weights !== undefined) {
    return incomplete(`${folder} has ${weights}, but no model.onnx: it was not exported to ONNX`, exportFix);
  }
  return incomplete(`${folder} has no model.onnx, nor onnx/model.onnx`, exportFix);
}

function withoutTokenizer(folder: string): Misconfigured {
  const piece = sentencePieceFiles.find((name) => existsSync(join(folder, name)));
  const slow = piece ?? ['vocab.txt', 'vocab.json'].find((name) => existsSync(join(folder, name)));
  const what = slow === undefined ? '' : `: ${slow} alone does not say how texts are cut and framed`;
  return incomplete(
    `${folder} has no tokenizer.json${what}`,
    'Write it with Python: transformers.AutoTokenizer.from_pretrained("<folder>", use_fast=True).save_pretrained("<folder>").',
  );
}

async function settingsIn(folder: string, name: string): Promise<Settings | null> {
  const path = join(folder, name);
  return existsSync(path) ? (parsed(path, await readFile(path)) as Settings) : null;
}

function parsed(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw incomplete(
      `${path} is no JSON (${String(cause)})`,
      'Copy the file again from where the model came from.',
      cause,
    );
  }
}

const incomplete = (message: string, fix: string, cause?: unknown): Misconfigured =>
  new Misconfigured(message, { code: 'import-incomplete', fix, cause });
