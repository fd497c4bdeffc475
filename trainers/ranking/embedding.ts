// Embeddings of terms from what stands near them: positive pointwise mutual information of terms within a window
// (Levy and Goldberg 2014), reduced by a randomised singular value decomposition (Halko et al. 2011). Seeded.
import { createRandom } from '../random.ts';

export interface EmbeddingOptions {
  readonly dimensions: number;
  /** How far apart two terms may stand, in terms. */
  readonly window: number;
  readonly seed: number;
}

/** A sparse symmetric matrix: the columns and values of row i are at [starts[i], starts[i + 1]). */
export interface Sparse {
  readonly size: number;
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

/**
 * Positive pointwise mutual information of each two of `size` terms that stand near each other in `passages` of term
 * numbers (-1: a term left out, which still takes its place). Nearer ones count more: 1/distance; contexts are
 * smoothed by the power 0.75, so that rare ones do not lead.
 */
export function cooccurrence(passages: readonly Int32Array[], size: number, window: number): Sparse {
  const counts = countPairs(passages, size, window);
  const total = new Float64Array(size);
  for (let row = 0; row < size; row++) {
    for (let at = counts.starts[row]!; at < counts.starts[row + 1]!; at++) total[row]! += counts.values[at]!;
  }
  const context = total.map((count) => count ** 0.75);
  const contexts = context.reduce((sum, count) => sum + count, 0);
  for (let row = 0; row < size; row++) {
    for (let at = counts.starts[row]!; at < counts.starts[row + 1]!; at++) {
      const expected = (total[row]! * context[counts.columns[at]!]!) / contexts;
      counts.values[at] = Math.max(0, Math.log(counts.values[at]! / expected));
    }
  }
  return counts;
}

function countPairs(passages: readonly Int32Array[], size: number, window: number): Sparse {
  const rows = Array.from({ length: size }, () => new Map<number, number>());
  const add = (row: number, column: number, weight: number) =>
    rows[row]!.set(column, (rows[row]!.get(column) ?? 0) + weight);
  for (const terms of passages) {
    for (let at = 0; at < terms.length; at++) {
      const term = terms[at]!;
      if (term < 0) continue;
      for (let distance = 1; distance <= window && at + distance < terms.length; distance++) {
        const other = terms[at + distance]!;
        if (other < 0 || other === term) continue;
        add(term, other, 1 / distance);
        add(other, term, 1 / distance);
      }
    }
  }
  const starts = new Int32Array(size + 1);
  for (let row = 0; row < size; row++) starts[row + 1] = starts[row]! + rows[row]!.size;
  const columns = new Int32Array(starts[size]!);
  const values = new Float64Array(starts[size]!);
  rows.forEach((entries, row) => {
    [...entries]
      .sort(([a], [b]) => a - b)
      .forEach(([column, value], at) => {
        columns[starts[row]! + at] = column;
        values[starts[row]! + at] = value;
      });
  });
  return { size, starts, columns, values };
}

/** Leading eigenvectors times the root of their eigenvalues, one row of `dimensions` for each row of the matrix. */
export function decompose(
  matrix: Sparse,
  { dimensions, seed }: Omit<EmbeddingOptions, 'window'>,
): Float64Array {
  const wide = Math.min(matrix.size, dimensions + 10);
  const random = createRandom(seed);
  let basis = new Float64Array(matrix.size * wide);
  for (let at = 0; at < basis.length; at++) basis[at] = 2 * random() - 1;
  for (let power = 0; power < 4; power++) {
    basis = multiply(matrix, basis, wide);
    orthogonalise(basis, wide);
  }
  const { values, vectors } = eigenSymmetric(project(basis, multiply(matrix, basis, wide), wide), wide);
  const order = [...values.keys()].sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!));
  const kept = order.slice(0, dimensions);
  const rows = new Float64Array(matrix.size * dimensions);
  for (let row = 0; row < matrix.size; row++) {
    kept.forEach((column, d) => {
      let sum = 0;
      for (let k = 0; k < wide; k++) sum += basis[row * wide + k]! * vectors[k * wide + column]!;
      rows[row * dimensions + d] = sum * Math.sqrt(Math.abs(values[column]!));
    });
  }
  return rows;
}

function multiply(
  { size, starts, columns, values }: Sparse,
  basis: Float64Array,
  wide: number,
): Float64Array<ArrayBuffer> {
  const product = new Float64Array(size * wide);
  for (let row = 0; row < size; row++) {
    for (let at = starts[row]!; at < starts[row + 1]!; at++) {
      const value = values[at]!;
      if (value === 0) continue;
      const from = columns[at]! * wide;
      for (let k = 0; k < wide; k++) product[row * wide + k]! += value * basis[from + k]!;
    }
  }
  return product;
}

/** Makes columns orthonormal, in place (modified Gram–Schmidt, twice for safety). */
function orthogonalise(basis: Float64Array, wide: number): void {
  const rows = basis.length / wide;
  const dot = (a: number, b: number) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += basis[row * wide + a]! * basis[row * wide + b]!;
    return sum;
  };
  for (let column = 0; column < wide; column++) {
    const before = Math.sqrt(dot(column, column));
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < column; other++) {
        const share = dot(column, other);
        for (let row = 0; row < rows; row++)
          basis[row * wide + column]! -= share * basis[row * wide + other]!;
      }
    }
    const length = Math.sqrt(dot(column, column));
    // A column that lay within the others leaves rounding errors, which point anywhere.
    const factor = length > 1e-9 * before ? 1 / length : 0;
    for (let row = 0; row < rows; row++) basis[row * wide + column]! *= factor;
  }
}

/** The transposed basis times the product: the matrix as the basis sees it. */
function project(basis: Float64Array, product: Float64Array, wide: number): Float64Array {
  const small = new Float64Array(wide * wide);
  for (let row = 0; row < basis.length; row += wide) {
    for (let i = 0; i < wide; i++) {
      for (let j = 0; j < wide; j++) small[i * wide + j]! += basis[row + i]! * product[row + j]!;
    }
  }
  for (let i = 0; i < wide; i++) {
    for (let j = 0; j < i; j++) {
      const mean = (small[i * wide + j]! + small[j * wide + i]!) / 2;
      small[i * wide + j] = mean;
      small[j * wide + i] = mean;
    }
  }
  return small;
}

/** Eigenvalues and eigenvectors (as columns) of a symmetric matrix, by Jacobi’s rotations. */
export function eigenSymmetric(
  matrix: Float64Array,
  size: number,
): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0;
    for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) off += a[i * size + j]! ** 2;
    if (off < 1e-18) break;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, vectors, size, p, q);
  }
  return { values: Float64Array.from({ length: size }, (_, i) => a[i * size + i]!), vectors };
}

function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q]!;
  if (Math.abs(apq) < 1e-300) return;
  const theta = (a[q * size + q]! - a[p * size + p]!) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < size; k++) turn(a, k * size + p, k * size + q, c, s);
  for (let k = 0; k < size; k++) turn(a, p * size + k, q * size + k, c, s);
  for (let k = 0; k < size; k++) turn(vectors, k * size + p, k * size + q, c, s);
}

function turn(values: Float64Array, first: number, second: number, c: number, s: number): void {
  const x = values[first]!;
  const y = values[second]!;
  values[first] = c * x - s * y;
  values[second] = s * x + c * y;
}
