// Platt's line (1999): a logistic curve over the log odds that a model states.

export interface PlattLine {
  readonly slope: number;
  readonly offset: number;
}

const stepsMax = 100;

/** The log odds of a probability; certainty is taken for one in a million off. */
export const logOdds = (probability: number): number => {
  const inside = Math.min(Math.max(probability, 1e-6), 1 - 1e-6);
  return Math.log(inside / (1 - inside));
};

/**
 * The line over log odds under which it is least surprising what held (1 or 0), by Newton's method. Where all rows
 * hold or none does no line is best, and the identity is answered.
 */
export function fitPlatt(odds: ArrayLike<number>, holds: ArrayLike<number>): PlattLine {
  const held = Float64Array.from(holds).reduce((sum, value) => sum + value, 0);
  let [slope, offset] = [1, 0];
  if (held === 0 || held === holds.length) return { slope, offset };
  for (let step = 0; step < stepsMax; step++) {
    let [gradientSlope, gradientOffset, bendSlope, bendBoth, bendOffset] = [0, 0, 0, 0, 0];
    for (let row = 0; row < holds.length; row++) {
      const probability = 1 / (1 + Math.exp(-(slope * odds[row]! + offset)));
      const gap = probability - holds[row]!;
      const bend = probability * (1 - probability);
      gradientSlope += gap * odds[row]!;
      gradientOffset += gap;
      bendSlope += bend * odds[row]! ** 2;
      bendBoth += bend * odds[row]!;
      bendOffset += bend;
    }
    const determinant = bendSlope * bendOffset - bendBoth ** 2;
    if (Math.abs(determinant) < 1e-12) break;
    const slopeStep = (gradientSlope * bendOffset - gradientOffset * bendBoth) / determinant;
    const offsetStep = (gradientOffset * bendSlope - gradientSlope * bendBoth) / determinant;
    slope -= slopeStep;
    offset -= offsetStep;
    if (Math.abs(slopeStep) + Math.abs(offsetStep) < 1e-13) break;
  }
  return { slope, offset };
}

/** The probability a line gives to log odds. */
export const plattProbability = ({ slope, offset }: PlattLine, odds: number): number =>
  1 / (1 + Math.exp(-(slope * odds + offset)));
