// Tail probabilities of the distributions that tests go by, to about fourteen places.

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** Natural logarithm of the gamma function for positive numbers (Lanczos 1964, g = 7, n = 9). */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  let sum: number = lanczos[0];
  for (let at = 1; at < lanczos.length; at++) sum += lanczos[at]! / (x - 1 + at);
  const shifted = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(shifted) - shifted + Math.log(sum);
}

/** Probability that a standard normal number is further from zero than |z|. */
export function normalTwoSided(z: number): number {
  return chiSquareTail(z * z, 1);
}

/** Probability that a chi-square number is above `x`. */
export function chiSquareTail(x: number, degrees: number): number {
  if (x <= 0) return 1;
  return upperGamma(degrees / 2, x / 2);
}

/** Regularised upper incomplete gamma function: a series below a + 1, a continued fraction (Lentz) above. */
function upperGamma(a: number, x: number): number {
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17 && n < 10_000; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - sum * scale;
  }
  return (
    scale *
    fraction(
      (n) => n * (a - n),
      (n) => x + 2 * n + 1 - a,
    )
  );
}

/** Value of 1 / (b(0) + a(1) / (b(1) + a(2) / (b(2) + …))). */
function fraction(a: (n: number) => number, b: (n: number) => number): number {
  const tiny = 1e-300;
  let d = 1 / (b(0) || tiny);
  let c = 1 / tiny;
  let value = d;
  for (let n = 1; n < 10_000; n++) {
    d = 1 / (b(n) + a(n) * d || tiny);
    c = b(n) + a(n) / c || tiny;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return value;
}

/** Probability that a Student-t number is further from zero than |t|. */
export function studentTwoSided(t: number, degrees: number): number {
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

/** Regularised incomplete beta function. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const scale = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  const numerator = (n: number) => {
    const m = n >> 1;
    return n % 2 === 0
      ? (m * (b - m) * x) / ((a + n - 1) * (a + n))
      : (-(a + m) * (a + b + m) * x) / ((a + n - 1) * (a + n));
  };
  return (scale / a) * fraction(numerator, () => 1);
}

/** Probability of at most `k` heads in `n` throws of a fair coin. */
export function fairCoinTail(k: number, n: number): number {
  let sum = 0;
  for (let heads = 0; heads <= k; heads++) {
    const ways = logGamma(n + 1) - logGamma(heads + 1) - logGamma(n - heads + 1);
    sum += Math.exp(ways - n * Math.LN2);
  }
  return Math.min(1, sum);
}
