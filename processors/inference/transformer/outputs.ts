// From what a transformer’s graph gives to the values of a row: pooled, scaled or activated.

/** The vectors of a row’s tokens, one after the other. */
export interface TokenVectors {
  readonly values: Float32Array;
  readonly width: number;
  /** Tokens that are no padding. */
  readonly tokens: number;
}

/** The mean over tokens, or the vector of the first one. */
export function pool(
  { values, width, tokens }: TokenVectors,
  pooling: 'mean' | 'cls',
  into: Float32Array,
): void {
  if (pooling === 'cls') {
    into.set(values.subarray(0, width));
    return;
  }
  into.fill(0);
  for (let token = 0; token < tokens; token++) {
    for (let at = 0; at < width; at++) into[at]! += values[token * width + at]!;
  }
  for (let at = 0; at < width; at++) into[at]! /= Math.max(1, tokens);
}

/** Scales a vector to length 1; one of length 0 stays as it is. */
export function scaleToOne(vector: Float32Array): void {
  const length = Math.hypot(...vector);
  if (length === 0) return;
  for (let at = 0; at < vector.length; at++) vector[at]! /= length;
}

/** Turns the logits of a row into what the manifest’s activation says, in place. */
export function activate(row: Float32Array, activation: 'softmax' | 'sigmoid' | 'identity'): void {
  if (activation === 'identity') return;
  if (activation === 'sigmoid') {
    for (let label = 0; label < row.length; label++) row[label] = 1 / (1 + Math.exp(-row[label]!));
    return;
  }
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of row) largest = Math.max(largest, logit);
  let sum = 0;
  for (let label = 0; label < row.length; label++) {
    row[label] = Math.exp(row[label]! - largest);
    sum += row[label]!;
  }
  for (let label = 0; label < row.length; label++) row[label]! /= sum;
}
