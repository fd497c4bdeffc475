// The gamma function and the tails of the gamma and χ² distributions, to about 1e-13.

const halfLogTwoPi = 0.918_938_533_204_672_8;
/** From here on five terms of Stirling’s series leave less than 1e-17. */
const stirlingMin = 15;

/** log Γ(x) for x > 0: Stirling’s series, reached by recurrence. Throws `RangeError`. */
export function logGamma(x: number): number {
  if (!(x > 0)) throw new RangeError(`log Γ(${x}) is not asked for here.`);
  let shift = 1;
  let at = x;
  for (; at < stirlingMin; at++) shift *= at;
  return (at - 0.5) * Math.log(at) - at + halfLogTwoPi + stirlingRest(at) - Math.log(shift);
}

/** What Stirling’s formula lacks: 1/12x − 1/360x³ + … */
function stirlingRest(x: number): number {
  const square = 1 / (x * x);
  return (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188))))) / x;
}

/** x^a·e^−x / Γ(a + 1), without the cancellation that a·ln x − x − log Γ has where a and x are large and near. */
function density(a: number, x: number): number {
  if (a < stirlingMin) return Math.exp(a * Math.log(x) - x - logGamma(a + 1));
  const relative = (x - a) / a;
  const deviation = a * (Math.log1p(relative) - relative);
  return Math.exp(deviation - stirlingRest(a)) / Math.sqrt(2 * Math.PI * a);
}

/** Q(a, x): the chance that a gamma variable of shape `a` and scale 1 exceeds `x`. */
export function gammaTail(a: number, x: number): number {
  if (x <= 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  return x < a + 1 ? 1 - lowerSeries(a, x) : upperFraction(a, x);
}

/** P(a, x) by its power series. */
function lowerSeries(a: number, x: number): number {
  let [term, sum] = [1, 1];
  for (let step = 1; term > sum * 1e-17; step++) {
    term *= x / (a + step);
    sum += term;
  }
  return Math.min(1, sum * density(a, x));
}

/** Q(a, x) by Legendre’s continued fraction (the method of Lentz, 1976). */
function upperFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let step = 1; step < 100_000; step++) {
    const numerator = -step * (step - a);
    b += 2;
    d = numerator * d + b;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = b + numerator / c;
    if (Math.abs(c) < tiny) c = tiny;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return fraction * density(a, x) * a;
}

/** The value that a gamma variable of shape `a` and scale 1 exceeds with chance `tail`; relative error 1e-12. */
export function gammaQuantile(a: number, tail: number): number {
  let [low, high] = [0, Math.max(1, a)];
  while (gammaTail(a, high) > tail) {
    low = high;
    high *= 2;
  }
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (gammaTail(a, middle) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Chance that a χ² variable of `freedom` degrees exceeds `value`. */
export const chiSquareTail = (value: number, freedom: number): number =>
  freedom === 0 ? 1 : gammaTail(freedom / 2, value / 2);
