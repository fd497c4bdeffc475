// From a text, or two, to the token ids of a transformer. Which tokenizer it is, tokenizer.json says.
import { createSplitter, type SectionSplitter } from './added-tokens.ts';
import { createBytePairs } from './byte-pairs.ts';
import { type Encoding, type Frame, framed, frameOf } from './frame.ts';
import { createLibraryModel } from './library-model.ts';
import { modelType, type TokenizerJson, tokenizerJsonSchema } from './tokenizer-json.ts';
import { createUnigram } from './unigram.ts';
import { createWordPiece } from './word-piece.ts';

/** Ids of a text without special tokens. */
export interface SubwordModel {
  encode(text: string): number[];
}

/** Ours are those proven equal to the Python library on tests/golden/transformer; `library` is for all others. */
export type TokenizerKind = 'word-piece' | 'byte-pairs' | 'unigram' | 'library';

const creators = {
  'word-piece': createWordPiece,
  'byte-pairs': createBytePairs,
  unigram: createUnigram,
} as const;

const knownModels = new Set(['WordPiece', 'BPE', 'Unigram']);

/**
 * A tokenizer from the contents of tokenizer.json and tokenizer_config.json. Throws for what is no such file, and for
 * pipelines that neither we nor the library know.
 */
export function createTokenizer(json: unknown, config: unknown): TransformerTokenizer {
  const parsed = tokenizerJsonSchema.parse(json);
  const frame = frameOf(parsed);
  const type = modelType(parsed);
  // The library would guess what else it might be.
  if (!knownModels.has(type)) throw new Error(`its model is “${type}”`);
  if (canSplitFirst(parsed)) {
    for (const kind of ['word-piece', 'byte-pairs', 'unigram'] as const) {
      const model = creators[kind](parsed);
      if (model !== null)
        return new TransformerTokenizer(kind, createSplitter(parsed.added_tokens), model, frame);
    }
  }
  // The library finds added tokens itself.
  return new TransformerTokenizer('library', createSplitter([]), createLibraryModel(json, config), frame);
}

/** Whether no added token has to be looked for in the normalized text. */
const canSplitFirst = ({ added_tokens: tokens, normalizer }: TokenizerJson): boolean =>
  normalizer === null || tokens.every(({ normalized, special }) => !(normalized ?? !special));

export class TransformerTokenizer {
  readonly kind: TokenizerKind;
  readonly #splitter: SectionSplitter;
  readonly #model: SubwordModel;
  readonly #frame: Frame;

  constructor(kind: TokenizerKind, splitter: SectionSplitter, model: SubwordModel, frame: Frame) {
    this.kind = kind;
    this.#splitter = splitter;
    this.#model = model;
    this.#frame = frame;
  }

  /** Ids of a text, whole and without special tokens. */
  contentIds(text: string): readonly number[] {
    const sections = this.#splitter.split(text);
    if (sections.length === 1 && typeof sections[0] === 'string') return this.#model.encode(sections[0]);
    return sections.flatMap((section) =>
      typeof section === 'number' ? [section] : this.#model.encode(section),
    );
  }

  /** Ids of a text, or of two that are read together, framed by special tokens and cut to `tokensMax`. */
  encode(text: string, second: string | undefined, tokensMax: number): Encoding {
    const texts = second === undefined ? [text] : [text, second];
    return framed(
      this.#frame,
      texts.map((one) => this.contentIds(one)),
      tokensMax,
    );
  }
}
