// The pieces of a vocabulary as a trie over code units, in three typed arrays: 250,000 pieces take some 20 MB.

export class PieceTrie {
  static readonly root = 0;
  /** Open addressing: the edge in each slot as its parent and unit, and where it leads. */
  #parents: Int32Array;
  #units: Uint16Array;
  #children: Int32Array;
  #mask: number;
  #nodes = 1;
  #pieces: Int32Array;

  /** Pieces by their index; of equal ones the last counts. */
  constructor(pieces: readonly string[]) {
    const edgesMax = pieces.reduce((sum, { length }) => sum + length, 0);
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, 2 * edgesMax)));
    this.#parents = new Int32Array(slots).fill(-1);
    this.#units = new Uint16Array(slots);
    this.#children = new Int32Array(slots);
    this.#mask = slots - 1;
    this.#pieces = new Int32Array(edgesMax + 1).fill(-1);
    pieces.forEach((piece, index) => {
      let node = PieceTrie.root;
      for (let at = 0; at < piece.length; at++) node = this.#grow(node, piece.charCodeAt(at));
      if (node !== PieceTrie.root) this.#pieces[node] = index;
    });
  }

  /** The node that a code unit leads to; -1 where no piece goes on so. */
  child(node: number, unit: number): number {
    const slot = this.#slotOf(node, unit);
    return this.#parents[slot] === -1 ? -1 : this.#children[slot]!;
  }

  /** The piece that ends at a node, -1 where none does. */
  piece(node: number): number {
    return this.#pieces[node]!;
  }

  #grow(node: number, unit: number): number {
    const slot = this.#slotOf(node, unit);
    if (this.#parents[slot] === -1) {
      this.#parents[slot] = node;
      this.#units[slot] = unit;
      this.#children[slot] = this.#nodes++;
    }
    return this.#children[slot]!;
  }

  #slotOf(node: number, unit: number): number {
    let slot = (Math.imul(node, 0x9e37_79b1) ^ Math.imul(unit, 0x85eb_ca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & this.#mask;
    while (this.#parents[slot] !== -1 && (this.#parents[slot] !== node || this.#units[slot] !== unit)) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }
}
