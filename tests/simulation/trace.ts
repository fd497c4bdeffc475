// Everything that happens in a world, line by line: as a hash, which tells whether two runs were the same, and as text.

export class Trace {
  readonly #print: ((line: string) => void) | null;
  readonly #from: number;
  #hash = 0x811c9dc5;
  lines = 0;

  constructor(from: number, print: ((line: string) => void) | null) {
    this.#from = from;
    this.#print = print;
  }

  note(now: number, who: string, what: string): void {
    const line = `${((now - this.#from) / 1_000).toFixed(5).padStart(10)} ${who} ${what}`;
    this.lines += 1;
    // FNV-1a over UTF-16 units.
    for (let at = 0; at < line.length; at += 1)
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(at), 0x01000193);
    this.#print?.(line);
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }
}
