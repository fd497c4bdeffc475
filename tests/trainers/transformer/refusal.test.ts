// Import: what is wrong with a folder is said, with what to do about it.
import assert from 'node:assert/strict';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Misconfigured } from '../../../schemas/errors.ts';
import type { ImportOptions } from '../../../trainers/transformer/import.ts';
import { goldenFolder } from '../../processors/inference/transformer/golden.ts';
import { changed, copied, imported, root } from './importing.ts';

describe('what is wrong is said', () => {
  const refused = async (folder: string, says: RegExp, options: Partial<ImportOptions> = {}) => {
    await assert.rejects(imported('', { folder, ...options }), (error: unknown) => {
      assert.ok(error instanceof Misconfigured, String(error));
      assert.match(error.message, says);
      assert.ok(error.fix.length > 20);
      return true;
    });
  };
  const without = async (name: string, file: string) => {
    const folder = await copied(name);
    await rm(join(folder, file));
    return folder;
  };

  test('missing files', async () => {
    await refused(join(root, 'nowhere'), /is no folder/);
    await refused(await without('bert', 'config.json'), /no config\.json/);
    await refused(await without('bert', 'model.onnx'), /no model\.onnx/);
    const torch = await without('bert', 'model.onnx');
    await writeFile(join(torch, 'model.safetensors'), '');
    await refused(torch, /not exported to ONNX/);
    const piece = await without('xlm-roberta', 'tokenizer.json');
    await writeFile(join(piece, 'sentencepiece.bpe.model'), '');
    await refused(piece, /no tokenizer\.json: sentencepiece\.bpe\.model/);
  });

  test('damaged files', async () => {
    const cut = await copied('bert');
    await writeFile(join(cut, 'model.onnx'), (await readFile(join(cut, 'model.onnx'))).subarray(0, 5_000));
    await refused(cut, /no ONNX model/);
    const json = await copied('bert');
    await writeFile(join(json, 'tokenizer.json'), '{"model": ');
    await refused(json, /tokenizer\.json is no JSON/);
  });

  test('parts that do not fit', async () => {
    const mixed = await copied('bert');
    await cp(join(goldenFolder, 'xlm-roberta/tokenizer.json'), join(mixed, 'tokenizer.json'));
    await refused(mixed, /ids up to \d+, but the model knows only \d+ tokens/);
    await refused(join(goldenFolder, 'bert'), /gives 3 values, but there are 2 labels/, {
      labels: ['a', 'b'],
    });
    await refused(join(goldenFolder, 'bert'), /not all different/, { labels: ['a', 'b', 'a'] });
    await refused(join(goldenFolder, 'bert'), /positions for 130 tokens, not for 512/, { maxTokens: 512 });
    await refused(join(goldenFolder, 'roberta'), /positions for 128 tokens/, { maxTokens: 129 });
    await refused(join(goldenFolder, 'bert'), /no output .* but logits/, {
      purpose: 'embedding',
    });
    await refused(join(goldenFolder, 'embedder'), /has the shape|labels/, {
      purpose: 'classification',
      labels: Array.from({ length: 16 }, (_, at) => `l${at}`),
    });
  });

  test('models that are of another kind', async () => {
    const masked = await copied('bert');
    const config = JSON.parse(await readFile(join(masked, 'config.json'), 'utf8')) as object;
    await writeFile(
      join(masked, 'config.json'),
      JSON.stringify({ ...config, architectures: ['BertForMaskedLM'] }),
    );
    await refused(masked, /BertForMaskedLM, which is not known/);
    const renamed = await changed('bert', (model) => {
      model.graph!.input[0]!.name = 'pixel_values';
    });
    await refused(renamed, /no model of texts/);
    const half = await changed('bert', (model) => {
      model.graph!.initializer[0]!.dataType = 10;
    });
    await refused(half, /16-bit floats/);
    const fixed = await changed('bert', (model) => {
      const { value } = model.graph!.input[0]!.type!;
      if (value.case === 'tensorType') value.value.shape!.dim[1]!.value = { case: 'dimValue', value: 128n };
    });
    await refused(fixed, /fixed shape: input_ids is \[any, 128\]/);
  });

  test('a tokenizer that nobody knows', async () => {
    const folder = await copied('bert');
    const json = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8')) as {
      model: { type: string };
    };
    json.model.type = 'Telepathy';
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(json));
    await refused(folder, /not supported: .*Telepathy/);
  });

  test('an abort ends it', async () => {
    await assert.rejects(imported('bert', { signal: AbortSignal.abort(new Error('stopped')) }), /stopped/);
  });
});
