// WordPiece as BERT has it: clean, split at spaces, punctuation and ideographs, then the longest pieces from the left.
import { flags, flagsOf } from './character-classes.ts';
import type { SubwordModel } from './tokenizer.ts';
import { modelType, type TokenizerJson } from './tokenizer-json.ts';
import { WordCache } from './word-cache.ts';

/** Options of `BertNormalizer` and of the model, as they stand in tokenizer.json. */
interface WordPieceOptions {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknown: number;
  readonly prefix: string;
  readonly charactersMax: number;
  readonly isCleaned: boolean;
  readonly areIdeographsSplit: boolean;
  readonly areAccentsStripped: boolean;
  readonly isLowercased: boolean;
}

/** How a code unit ends a run of letters: not, as a space, or as a token by itself. */
const letter = 0;
const space = 1;
const single = 2;

const asciiWord = /^[a-zA-Z0-9]+$/;

/** WordPiece when the file describes BERT’s pipeline, else null. */
export function createWordPiece(json: TokenizerJson): SubwordModel | null {
  const { normalizer, pre_tokenizer: preTokenizer, model } = json;
  const isBert =
    modelType(json) === 'WordPiece' &&
    normalizer?.type === 'BertNormalizer' &&
    preTokenizer?.type === 'BertPreTokenizer';
  if (!isBert) return null;
  const vocabulary = new Map(Object.entries(model.vocab as Record<string, number>));
  const unknown = vocabulary.get(String(model.unk_token ?? '[UNK]'));
  if (unknown === undefined) return null;
  const isLowercased = normalizer.lowercase !== false;
  return new WordPiece({
    vocabulary,
    unknown,
    prefix: String(model.continuing_subword_prefix ?? '##'),
    charactersMax: Number(model.max_input_chars_per_word ?? 100),
    isCleaned: normalizer.clean_text !== false,
    areIdeographsSplit: normalizer.handle_chinese_chars !== false,
    areAccentsStripped: (normalizer.strip_accents as boolean | null | undefined) ?? isLowercased,
    isLowercased,
  });
}

class WordPiece implements SubwordModel {
  readonly #options: WordPieceOptions;
  readonly #classes: Uint8Array;
  readonly #cache = new WordCache();

  constructor(options: WordPieceOptions) {
    this.#options = options;
    this.#classes = classesOf(options);
  }

  /**
   * Runs between boundaries that are surely ones are looked up as they are written; only what was not seen before goes
   * through Unicode’s tables. Nothing in them reaches across such a boundary.
   */
  encode(text: string): number[] {
    const classes = this.#classes;
    const ids: number[] = [];
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      const kind = classes[text.charCodeAt(at)]!;
      if (kind === letter) continue;
      if (at > start) this.#append(text.slice(start, at), ids);
      if (kind === single) this.#append(text[at]!, ids);
      start = at + 1;
    }
    if (start < text.length) this.#append(text.slice(start), ids);
    return ids;
  }

  #append(run: string, ids: number[]): void {
    let found = this.#cache.get(run);
    if (found === undefined) {
      found = this.#encodeRun(run);
      this.#cache.set(run, found);
    }
    for (let at = 0; at < found.length; at++) ids.push(found[at]!);
  }

  #encodeRun(run: string): readonly number[] {
    const ids: number[] = [];
    if (asciiWord.test(run)) this.#encodeWord(this.#options.isLowercased ? run.toLowerCase() : run, ids);
    else for (const word of this.#wordsOf(this.#normalize(run))) this.#encodeWord(word, ids);
    return ids;
  }

  #normalize(run: string): string {
    const { isCleaned, areIdeographsSplit } = this.#options;
    let normal = '';
    let pending = '';
    for (const character of run) {
      const holds = flagsOf(character.codePointAt(0)!);
      if (isCleaned && (holds & flags.removed) !== 0) continue;
      if ((holds & flags.later) !== 0) {
        normal += this.#foldCase(pending) + character;
        pending = '';
      } else if (isCleaned && (holds & flags.whitespace) !== 0) pending += ' ';
      else if (areIdeographsSplit && (holds & flags.ideograph) !== 0) pending += ` ${character} `;
      else pending += character;
    }
    return normal + this.#foldCase(pending);
  }

  /** Without accents and in lower case, each where the options say so. */
  #foldCase(text: string): string {
    const { areAccentsStripped, isLowercased } = this.#options;
    const plain = areAccentsStripped ? withoutAccents(text) : text;
    // Letter by letter as in Rust: a sigma does not know that it ends its word.
    return isLowercased ? plain.replaceAll('Σ', 'σ').toLowerCase() : plain;
  }

  #wordsOf(normal: string): readonly string[] {
    const words: string[] = [];
    let word = '';
    const flush = () => {
      if (word !== '') words.push(word);
      word = '';
    };
    for (const character of normal) {
      const holds = flagsOf(character.codePointAt(0)!);
      if ((holds & flags.whitespace) !== 0) flush();
      else if ((holds & flags.punctuation) !== 0) {
        flush();
        words.push(character);
      } else word += character;
    }
    flush();
    return words;
  }

  #encodeWord(word: string, ids: number[]): void {
    const { vocabulary, unknown, prefix, charactersMax } = this.#options;
    const characters = [...word];
    if (characters.length > charactersMax) {
      ids.push(unknown);
      return;
    }
    const before = ids.length;
    for (let start = 0; start < characters.length; ) {
      let end = characters.length;
      let id: number | undefined;
      for (; end > start; end--) {
        const piece = characters.slice(start, end).join('');
        id = vocabulary.get(start === 0 ? piece : prefix + piece);
        if (id !== undefined) break;
      }
      if (id === undefined) {
        ids.length = before;
        ids.push(unknown);
        return;
      }
      ids.push(id);
      start = end;
    }
  }
}

function withoutAccents(text: string): string {
  let plain = '';
  for (const character of text.normalize('NFD')) {
    if ((flagsOf(character.codePointAt(0)!) & flags.accent) === 0) plain += character;
  }
  return plain;
}

/** The class of every code unit. Halves of surrogate pairs count as letters: what they make up is looked at later. */
function classesOf({ isCleaned, areIdeographsSplit }: WordPieceOptions): Uint8Array {
  const classes = new Uint8Array(65_536);
  const singles = flags.punctuation | (areIdeographsSplit ? flags.ideograph : 0);
  for (let unit = 0; unit < 65_536; unit++) {
    if (unit >= 0xd800 && unit <= 0xdfff) continue;
    const holds = flagsOf(unit);
    if (isCleaned && (holds & flags.removed) !== 0) continue;
    if ((holds & flags.whitespace) !== 0) classes[unit] = space;
    else if ((holds & singles) !== 0) classes[unit] = single;
  }
  return classes;
}
