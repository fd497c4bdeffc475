// Isotonic regression: the rising curve that fits best, by pooling adjacent violators (Ayer et al. 1955).
import type { ConfidenceCurve } from '../../processors/inference/calibration.ts';

interface Block {
  from: number;
  to: number;
  weight: number;
  sum: number;
}

/**
 * The curve from score to probability that never falls and has the least squared error; `holds` is 1 or 0. Corners of
 * the curve only: between two of them it is a line, and flat beyond the ends. Without rows it is the diagonal.
 */
export function fitIsotonic(scores: ArrayLike<number>, holds: ArrayLike<number>): ConfidenceCurve {
  if (scores.length === 0) return { x: [0, 1], y: [0, 1] };
  const blocks: Block[] = [];
  for (const point of pooledPoints(scores, holds)) {
    let block = point;
    for (
      let last = blocks.at(-1);
      last && last.sum / last.weight >= block.sum / block.weight;
      last = blocks.at(-1)
    ) {
      blocks.pop();
      block = {
        from: last.from,
        to: block.to,
        weight: last.weight + block.weight,
        sum: last.sum + block.sum,
      };
    }
    blocks.push(block);
  }
  const corners = blocks.flatMap(({ from, to, sum, weight }) => {
    const y = sum / weight;
    return from === to
      ? [{ x: from, y }]
      : [
          { x: from, y },
          { x: to, y },
        ];
  });
  return { x: corners.map(({ x }) => x), y: corners.map(({ y }) => y) };
}

/** Rows of equal score as one point, in rising order. */
function pooledPoints(scores: ArrayLike<number>, holds: ArrayLike<number>): readonly Block[] {
  const order = Int32Array.from({ length: scores.length }, (_, row) => row);
  order.sort((a, b) => scores[a]! - scores[b]!);
  const points: Block[] = [];
  for (const row of order) {
    const score = scores[row]!;
    const last = points.at(-1);
    if (last?.from === score) {
      last.weight++;
      last.sum += holds[row]!;
    } else points.push({ from: score, to: score, weight: 1, sum: holds[row]! });
  }
  return points;
}
