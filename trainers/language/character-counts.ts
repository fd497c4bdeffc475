// Counts the n-grams of units inside the words of one language.
import { roundedCount, type TrieSource } from '../../processors/inference/character-trie.ts';
import { WordReader } from '../../processors/inference/language-words.ts';

/** N-grams as a tree of typed arrays: a node is found by its parent and its last unit. */
class CountTree {
  #slots = new Int32Array(1 << 16);
  #parents = new Int32Array(1 << 15);
  #units = new Uint16Array(1 << 15);
  counts = new Int32Array(1 << 15);
  size = 1;

  /** The child of `parent` by `unit`; -1 where there is none. */
  find(parent: number, unit: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = slotOf(parent, unit) & mask; ; slot = (slot + 1) & mask) {
      const node = this.#slots[slot]!;
      if (node === 0) return -1;
      if (this.#parents[node] === parent && this.#units[node] === unit) return node;
    }
  }

  /** Counts one more occurrence of a child and returns it. */
  count(parent: number, unit: number): number {
    const mask = this.#slots.length - 1;
    let slot = slotOf(parent, unit) & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const node = this.#slots[slot]!;
      if (this.#parents[node] === parent && this.#units[node] === unit) {
        this.counts[node]!++;
        return node;
      }
    }
    if (this.size === this.counts.length) {
      this.#grow();
      return this.count(parent, unit);
    }
    const node = this.size++;
    this.#slots[slot] = node;
    this.#parents[node] = parent;
    this.#units[node] = unit;
    this.counts[node] = 1;
    return node;
  }

  #grow(): void {
    const capacity = 2 * this.counts.length;
    this.counts = larger(this.counts, new Int32Array(capacity));
    this.#parents = larger(this.#parents, new Int32Array(capacity));
    this.#units = larger(this.#units, new Uint16Array(capacity));
    this.#slots = new Int32Array(2 * capacity);
    const mask = this.#slots.length - 1;
    for (let node = 1; node < this.size; node++) {
      let slot = slotOf(this.#parents[node]!, this.#units[node]!) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = node;
    }
  }

  /** Units of the children of node 0, the most frequent first. */
  alphabet(): readonly number[] {
    const nodes: number[] = [];
    for (let node = 1; node < this.size; node++) if (this.#parents[node] === 0) nodes.push(node);
    nodes.sort((a, b) => this.counts[b]! - this.counts[a]! || this.#units[a]! - this.#units[b]!);
    return nodes.map((node) => this.#units[node]!);
  }

  lengthOf(node: number): number {
    let length = 0;
    for (let at = node; at !== 0; at = this.#parents[at]!) length++;
    return length;
  }
}

const slotOf = (parent: number, unit: number): number => {
  const hash = Math.imul(parent ^ Math.imul(unit, 0x85ebca6b), 0x9e3779b1);
  return hash ^ (hash >>> 15);
};

function larger<Numbers extends Int32Array | Uint16Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}

export interface CountOptions {
  /** Units of the longest n-gram. */
  readonly order: number;
  /** Occurrences below which an n-gram of four or more units is left out. */
  readonly countMin: number;
}

/** From this length on n-grams may be left out: shorter ones are few. */
const prunedFrom = 4;

/** The n-grams of the words of `texts`, those left out that are too rare. */
export function countCharacters(texts: readonly string[], { order, countMin }: CountOptions): TrieSource {
  const tree = new CountTree();
  const reader = new WordReader();
  // Nodes of the n-grams that end at the last unit, by length.
  const ending = new Int32Array(order + 1);
  for (const text of texts) {
    reader.open(text);
    for (let length = reader.next(); length > 0; length = reader.next()) {
      ending.fill(-1);
      for (let at = 0; at < length; at++) {
        const unit = reader.units[at]!;
        for (let size = order; size > 1; size--) {
          ending[size] = ending[size - 1]! < 0 ? -1 : tree.count(ending[size - 1]!, unit);
        }
        ending[1] = tree.count(0, unit);
      }
    }
  }
  return prunedSource(tree, countMin);
}

function prunedSource(tree: CountTree, countMin: number): TrieSource {
  const isKept = new Uint8Array(tree.size);
  let size = 0;
  for (let node = 0; node < tree.size; node++) {
    if (tree.counts[node]! < countMin && tree.lengthOf(node) >= prunedFrom) continue;
    isKept[node] = 1;
    size++;
  }
  return {
    size,
    alphabet: tree.alphabet(),
    child: (node, unit) => {
      const child = tree.find(node, unit);
      return child >= 0 && isKept[child] ? child : -1;
    },
    count: (node) => roundedCount(tree.counts[node]!),
  };
}
