// The half of a transformer that needs no session: from inputs to rows of token ids.
import type { LoadableModel, ManifestOf } from '../../../schemas/model-manifest.ts';
import type { Input, TokenFront, TokenRows } from '../model.ts';
import { fileOf } from '../session.ts';
import type { Encoding } from './frame.ts';
import { createTokenizer, type TransformerTokenizer } from './tokenizer.ts';

/** The tokenizer of a release. Throws where it is of no known kind. */
export function loadTokenizer(model: LoadableModel<'transformer'>): TransformerTokenizer {
  const json = (name: string): unknown => JSON.parse(Buffer.from(fileOf(model, name)).toString('utf8'));
  const config = model.files.has('tokenizer_config.json') ? json('tokenizer_config.json') : {};
  return createTokenizer(json('tokenizer.json'), config);
}

export class TransformerFront implements TokenFront {
  readonly padId: number;
  readonly tokensMax: number;
  readonly preparationKey: string;
  readonly #tokenizer: TransformerTokenizer;

  constructor({ maxTokens, padId, files }: ManifestOf<'transformer'>, tokenizer: TransformerTokenizer) {
    this.padId = padId;
    this.tokensMax = maxTokens;
    this.preparationKey = `transformer ${files['tokenizer.json']} ${maxTokens} ${padId}`;
    this.#tokenizer = tokenizer;
  }

  tokenize(inputs: readonly Input[]): TokenRows {
    return rowsOf(
      inputs.map((input) => {
        const [text, second] = typeof input === 'string' ? [input] : input;
        return this.#tokenizer.encode(text, second, this.tokensMax);
      }),
    );
  }
}

/** Encodings one after another; their types only where there is another than 0. */
export function rowsOf(encodings: readonly Encoding[]): TokenRows {
  const total = encodings.reduce((sum, { ids }) => sum + ids.length, 0);
  const ids = new Int32Array(total);
  const types = new Uint8Array(total);
  const ends = new Int32Array(encodings.length);
  let end = 0;
  let isTyped = false;
  for (const [row, encoding] of encodings.entries()) {
    ids.set(encoding.ids, end);
    types.set(encoding.typeIds, end);
    isTyped ||= encoding.typeIds.includes(1);
    end += encoding.ids.length;
    ends[row] = end;
  }
  return isTyped ? { ids, ends, types } : { ids, ends };
}
