// Words as the character models read them: letters and marks in lower case between two boundary units. Learning and
// serving both call this.

/** Stands before a word and after it. Both lie below every unit of a word. */
export const wordStart = 2;
export const wordEnd = 3;

/** Units of a word at most, boundaries counted; longer runs (scripts without spaces) are read in pieces. */
export const wordUnitsMax = 66;

const separator = 0;
const letter = 1;
const joiner = 2;

const { classOf, lowerOf } = createTables();

function createTables(): { classOf: Uint8Array; lowerOf: Uint16Array } {
  const classOf = new Uint8Array(65_536);
  const lowerOf = new Uint16Array(65_536);
  const inWord = /[\p{L}\p{M}]/u;
  for (let unit = 0; unit < 65_536; unit++) {
    const character = String.fromCharCode(unit);
    // What becomes two characters in lower case (İ) keeps the first.
    lowerOf[unit] = character.toLowerCase().charCodeAt(0);
    if (inWord.test(character)) classOf[unit] = letter;
  }
  // Variation selectors are marks, but they decorate symbols and begin no word.
  classOf.fill(separator, 0xfe00, 0xfe10);
  for (const mark of ["'", '’', 'ʼ']) {
    classOf[mark.charCodeAt(0)] = joiner;
    lowerOf[mark.charCodeAt(0)] = "'".charCodeAt(0);
  }
  classOf['-'.charCodeAt(0)] = joiner;
  return { classOf, lowerOf };
}

/** Reads one text word by word. One reader serves one thread: `units` is overwritten by the next word. */
export class WordReader {
  /** The word last read: `wordStart`, its letters, `wordEnd`. */
  readonly units = new Uint16Array(wordUnitsMax);
  #text = '';
  #at = 0;

  open(text: string): void {
    this.#text = text;
    this.#at = 0;
  }

  /** Units of the next word, boundaries counted; 0 at the end of the text. */
  next(): number {
    const text = this.#text;
    let at = this.#at;
    while (at < text.length && classOf[text.charCodeAt(at)] !== letter) at++;
    if (at === text.length) {
      this.#at = at;
      return 0;
    }
    const { units } = this;
    units[0] = wordStart;
    let length = 1;
    for (; at < text.length && length < wordUnitsMax - 1; at++) {
      const unit = text.charCodeAt(at);
      const kind = classOf[unit]!;
      // An apostrophe or a hyphen belongs to a word only between two letters.
      if (kind !== letter && !(kind === joiner && classOf[text.charCodeAt(at + 1)] === letter)) break;
      units[length++] = lowerOf[unit]!;
    }
    units[length++] = wordEnd;
    this.#at = at;
    return length;
  }
}
