// The phrases that show what a prompt asks for, as data, and a matcher that follows the words of a text.
import { hashOf } from './hashing.ts';

interface PhraseList {
  readonly feature: 'asksForExample' | 'asksForDetail' | 'asksForFormat';
  /** Lower case, words divided by spaces; `#` stands for any number. */
  readonly phrases: readonly string[];
}

/** English, and the most usual ones of a few other languages in Latin script. */
export const phraseLists: readonly PhraseList[] = [
  {
    feature: 'asksForExample',
    phrases: [
      ...['example', 'examples', 'for instance', 'such as', 'e g', 'eg', 'sample of', 'samples of'],
      ...['por ejemplo', 'par exemple', 'zum beispiel', 'por exemplo', 'per esempio', 'bijvoorbeeld'],
    ],
  },
  {
    feature: 'asksForDetail',
    phrases: [
      ...['in detail', 'in details', 'detailed', 'more detail', 'more details', 'in depth', 'step by step'],
      ...['explain why', 'explain how', 'elaborate', 'elaborate on', 'thorough', 'thoroughly', 'be specific'],
      ...['comprehensive', 'comprehensively', 'walk me through', 'reasoning', 'pros and cons'],
      ...['en detalle', 'paso a paso', 'en détail', 'étape par étape', 'im detail', 'schritt für schritt'],
      ...['em detalhe', 'passo a passo', 'in dettaglio', 'in detail uit'],
    ],
  },
  {
    feature: 'asksForFormat',
    phrases: [
      ...['as a table', 'in a table', 'table format', 'json', 'yaml', 'csv', 'xml', 'markdown', 'latex'],
      ...['bullet point', 'bullet points', 'bullets', 'bulleted list', 'numbered list', 'as a list'],
      ...['list of', 'a list', 'outline', '# words', '# word', '# sentences', '# sentence', '# paragraphs'],
      ...['# paragraph', '# lines', '# characters', '# bullet', 'one sentence', 'one paragraph', 'one word'],
      ...[
        'in the form of',
        'in the format',
        'following format',
        'format it',
        'formatted as',
        'in the style of',
      ],
    ],
  },
];

const wordsMax = 4;
export const numberHash = hashOf('#');

interface Phrase {
  readonly bit: number;
  /** Hashes of the words before the last one, nearest first. */
  readonly before: readonly number[];
}

const endings = new Map<number, Phrase[]>();
/** One bit for each of the low 12 bits of a last word’s hash: most words are known not to end a phrase. */
const mayEnd = new Uint8Array(4096);

for (const [index, { phrases }] of phraseLists.entries()) {
  for (const phrase of phrases) {
    const [last = 0, ...before] = phrase
      .split(' ')
      .map((word) => hashOf(word))
      .reverse();
    endings.set(last, [...(endings.get(last) ?? []), { bit: 1 << index, before }]);
    mayEnd[last & 4095] = 1;
  }
}

/** Follows words by hash and remembers which lists of `phraseLists` had a phrase among them. */
export class PhraseMatcher {
  /** Bit i is set when list i matched. */
  found = 0;
  #recent = new Int32Array(wordsMax);
  #count = 0;

  clear(): void {
    this.found = 0;
    this.#count = 0;
    this.#recent.fill(0);
  }

  add(hash: number): void {
    this.#recent[this.#count++ & (wordsMax - 1)] = hash;
    if (mayEnd[hash & 4095] === 0) return;
    for (const phrase of endings.get(hash) ?? []) if (this.#follows(phrase.before)) this.found |= phrase.bit;
  }

  #follows(before: readonly number[]): boolean {
    for (let back = 0; back < before.length; back++) {
      if (this.#recent[(this.#count - 2 - back) & (wordsMax - 1)] !== before[back]) return false;
    }
    return true;
  }
}
