// Any other tokenizer: by `@huggingface/tokenizers`, slower and in rare characters less exact than ours.
import { Tokenizer } from '@huggingface/tokenizers';
import type { SubwordModel } from './tokenizer.ts';

/** Throws where the library does not know the pipeline. */
export function createLibraryModel(json: unknown, config: unknown): SubwordModel {
  const tokenizer = new Tokenizer(json as object, (config ?? {}) as object);
  return { encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids };
}
