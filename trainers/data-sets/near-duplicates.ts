// Texts that are nearly the same: MinHash signatures of character 5-grams, found by bands (Broder 1997; Leskovec,
// Rajaraman and Ullman, Mining of Massive Datasets, chapter 3), then compared exactly by Jaccard similarity.
import { hashOf } from '../../processors/features/hashing.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { createRandom } from '../random.ts';
import { sameKey } from './rows.ts';

const shingleLength = 5;
const bands = 16;
const bandRows = 4;
const hashes = bands * bandRows;
/** Texts looked at of one bucket: a greeting in a thousand variants would otherwise take quadratic time. */
const bucketMax = 8;

/** From here on 16 bands of 4 find 97 % of the pairs or more; at 0.8 they find 99.98 %. */
const nearSimilarityMin = 0.65;

const { multipliers, offsets } = permutations();

/** The same on every machine and run: the seed is fixed. */
function permutations() {
  const random = createRandom(0x5eed);
  const draw = () => Math.floor(random() * 4_294_967_296);
  return {
    multipliers: Int32Array.from({ length: hashes }, () => draw() | 1),
    offsets: Int32Array.from({ length: hashes }, draw),
  };
}

/** What was added, by number from 0, and the group it belongs to. */
export interface NearText {
  readonly group: number;
  readonly key: string;
}

/** Texts in order of their coming; about 100 bytes and the text itself are held for each. */
export class NearDuplicates {
  readonly #threshold: number;
  readonly #texts: NearText[] = [];
  readonly #buckets = new Map<number, number[]>();
  readonly #signature = new Uint32Array(hashes);

  /** Throws `Misconfigured` for a similarity that the bands cannot find. */
  constructor(threshold: number) {
    if (!(threshold >= nearSimilarityMin && threshold <= 1))
      throw new Misconfigured(`near duplicates from a similarity of ${threshold} on cannot be found`, {
        code: 'bad-argument',
        fix: `Choose a similarity from ${nearSimilarityMin} to 1; 0.8 is usual.`,
      });
    this.#threshold = threshold;
  }

  /** The first near text of every group that was added before. */
  matches(text: string): readonly NearText[] {
    const key = sameKey(text);
    const shingles = shinglesOf(key);
    const seen = new Set<number>();
    for (const bucket of this.#bucketsOf(shingles))
      for (const at of this.#buckets.get(bucket) ?? []) seen.add(at);
    const found = new Map<number, NearText>();
    for (const at of [...seen].sort((a, b) => a - b)) {
      const other = this.#texts[at]!;
      if (found.has(other.group)) continue;
      const isNear = other.key === key || jaccard(shingles, shinglesOf(other.key)) >= this.#threshold;
      if (isNear) found.set(other.group, other);
    }
    return [...found.values()];
  }

  add(text: string, group = 0): void {
    const key = sameKey(text);
    const at = this.#texts.push({ group, key }) - 1;
    for (const bucket of this.#bucketsOf(shinglesOf(key))) {
      const members = this.#buckets.get(bucket);
      if (members === undefined) this.#buckets.set(bucket, [at]);
      else if (members.filter((other) => this.#texts[other]!.group === group).length < bucketMax)
        members.push(at);
    }
  }

  *#bucketsOf(shingles: ReadonlySet<number>): Generator<number> {
    const signature = this.#signature.fill(0xffffffff);
    for (const shingle of shingles)
      for (let at = 0; at < hashes; at++) {
        const mixed = mix(Math.imul(shingle, multipliers[at]!) + offsets[at]!);
        if (mixed < signature[at]!) signature[at] = mixed;
      }
    const keys: number[] = [];
    for (let band = 0; band < bands; band++) {
      let key = band;
      for (let at = band * bandRows; at < (band + 1) * bandRows; at++) key = mix(key ^ signature[at]!);
      // 32 bits of the band and its number: a collision costs one comparison.
      keys.push(key * bands + band);
    }
    yield* keys;
  }
}

/** A finaliser of MurmurHash3: every bit of the input reaches every bit of the output. */
function mix(value: number): number {
  let word = value | 0;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}

function shinglesOf(key: string): ReadonlySet<number> {
  const shingles = new Set<number>();
  for (let at = 0; at <= Math.max(0, key.length - shingleLength); at++)
    shingles.add(hashOf(key, at, Math.min(key.length, at + shingleLength)));
  return shingles;
}

function jaccard(one: ReadonlySet<number>, other: ReadonlySet<number>): number {
  const [small, large] = one.size < other.size ? [one, other] : [other, one];
  if (small.size === 0) return large.size === 0 ? 1 : 0;
  let common = 0;
  for (const shingle of small) if (large.has(shingle)) common += 1;
  return common / (one.size + other.size - common);
}
