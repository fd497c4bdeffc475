// What the tests of the import share: the fixtures imported with a language model, and copies of them to damage.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { loadRelease } from '../../../connectors/model-store.ts';
import type { Model } from '../../../processors/inference/model.ts';
import { loadNgramModel } from '../../../processors/inference/ngram-model.ts';
import type { LoadableModel } from '../../../schemas/model-manifest.ts';
import { type ModelProto, ModelProtoSchema } from '../../../trainers/onnx/generated/onnx_pb.js';
import {
  type Imported,
  type ImportOptions,
  importTransformer,
} from '../../../trainers/transformer/import.ts';
import { golden, goldenFolder } from '../../processors/inference/transformer/golden.ts';

/** Texts that baselines are counted on and models compared. */
export const texts = (golden('texts.json.gz') as readonly string[]).slice(0, 300);
const models = fileURLToPath(new URL('../../../models', import.meta.url));
/** A folder for this file’s tests. */
export let root: string;
let languageModel: Model;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-import-test-'));
  const language = await loadRelease(models, 'language');
  languageModel = await loadNgramModel(language as LoadableModel<'ngram'>);
});
after(async () => {
  await languageModel.close();
  await rm(root, { recursive: true, force: true });
});

/** Imports a fixture, or another folder. */
export const imported = (name: string, options: Partial<ImportOptions> = {}): Promise<Imported> =>
  importTransformer({
    folder: join(goldenFolder, name),
    task: 'tried',
    version: '1.0.0',
    dropLimit: 1,
    texts,
    languageModel,
    ...options,
  });

/** A copy of a fixture that a test may damage. */
export async function copied(name: string): Promise<string> {
  const folder = await mkdtemp(join(root, `${name}-`));
  await cp(join(goldenFolder, name), folder, { recursive: true });
  return folder;
}

/** A copy whose graph was changed. */
export async function changed(name: string, change: (model: ModelProto) => void): Promise<string> {
  const folder = await copied(name);
  const model = fromBinary(ModelProtoSchema, await readFile(join(folder, 'model.onnx')));
  change(model);
  await writeFile(join(folder, 'model.onnx'), toBinary(ModelProtoSchema, model));
  return folder;
}
