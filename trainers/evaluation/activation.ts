// From logits to probabilities.

/** Turns logits into probabilities, in place. */
export function activate(logits: Float64Array, activation: 'softmax' | 'sigmoid'): void {
  if (activation === 'sigmoid') {
    for (let label = 0; label < logits.length; label++) logits[label] = 1 / (1 + Math.exp(-logits[label]!));
    return;
  }
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (let label = 0; label < logits.length; label++) {
    logits[label] = Math.exp(logits[label]! - largest);
    sum += logits[label]!;
  }
  for (let label = 0; label < logits.length; label++) logits[label]! /= sum;
}
