// Drift statistics against golden figures of scipy and Evidently (../golden/make.py), to 1e-9.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  chiSquare,
  divergences,
  type Shares,
  sharesOf,
} from '../../../../processors/drift/statistics/divergences.ts';
import { gammaQuantile, gammaTail, logGamma } from '../../../../processors/drift/statistics/gamma.ts';
import {
  kolmogorovSmirnovTail,
  oneSampleTail,
} from '../../../../processors/drift/statistics/kolmogorov-smirnov.ts';
import {
  kolmogorovSmirnov,
  positionsOf,
  wasserstein,
} from '../../../../processors/drift/statistics/ordered.ts';
import { rateTail } from '../../../../processors/drift/statistics/rates.ts';
import { corrected } from '../../../../processors/drift/statistics.ts';

interface Tested {
  readonly value: number;
  readonly pValue: number;
}

interface Counted {
  readonly expected: readonly number[];
  readonly actual: readonly number[];
}

interface Golden {
  readonly sides: readonly (Counted & {
    readonly chiSquare: Tested;
    readonly kolmogorovSmirnov: Tested;
    readonly cramersV: number;
    readonly jensenShannon: number;
    readonly psiOfHalfCounts: number;
    readonly kullbackLeiblerOfHalfCounts: number;
  })[];
  readonly evidently: readonly (Counted & {
    readonly filledBefore: readonly number[];
    readonly filledAfter: readonly number[];
    readonly psi: number;
    readonly kullbackLeibler: number;
    readonly jensenShannonDistance: number;
    readonly hellinger: number;
    readonly hellingerExpected?: readonly number[];
    readonly hellingerActual?: readonly number[];
    readonly chiSquarePValue?: number;
  })[];
  readonly ordered: readonly (Counted & {
    readonly edges: readonly number[];
    readonly positions: readonly number[];
    readonly wasserstein: number;
    readonly kolmogorovSmirnov: number;
  })[];
  readonly logGamma: readonly (readonly [number, number])[];
  readonly gammaTail: readonly (readonly [number, number, number])[];
  readonly gammaQuantile: readonly (readonly [number, number, number])[];
  readonly oneSampleTail: readonly (readonly [number, number, number])[];
  readonly twoSampleTail: readonly (readonly [number, number, number, number])[];
  readonly rateTail: readonly (readonly [number, number, number, number, number])[];
  readonly corrected: readonly {
    readonly pValues: readonly number[];
    readonly holm: readonly number[];
    readonly 'benjamini-hochberg': readonly number[];
  }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/statistics.json', import.meta.url), 'utf8'),
) as Golden;

/** Within 1e-9 of the figure itself; `slack` is what zeros and differences of figures near one are allowed. */
function near(actual: number | null, expected: number, of = '', slack = 1e-14): void {
  const isNear = actual !== null && Math.abs(actual - expected) <= 1e-9 * Math.abs(expected) + slack;
  assert.ok(isNear, `${of} ${actual} is not ${expected}`);
}

test('what is asked is in the golden file', () => {
  for (const list of Object.values(golden)) assert.notEqual((list as readonly unknown[]).length, 0);
});

test('χ², Jensen–Shannon, PSI and Kullback–Leibler are those of scipy', () => {
  for (const side of golden.sides) {
    const { value, pValue } = chiSquare(side);
    near(value, side.chiSquare.value);
    near(pValue, side.chiSquare.pValue);
    const messages = [...side.expected, ...side.actual].reduce((sum, count) => sum + count, 0);
    near(Math.sqrt(value / messages), side.cramersV);
    near(divergences['jensen-shannon'](sharesOf(side, 0)), side.jensenShannon);
    near(divergences.psi(sharesOf(side, 0.5)), side.psiOfHalfCounts);
    near(divergences['kullback-leibler'](sharesOf(side, 0.5)), side.kullbackLeiblerOfHalfCounts);
  }
});

test('Kolmogorov–Smirnov of bin indices is ks_2samp', () => {
  for (const side of golden.sides) {
    const distance = kolmogorovSmirnov(side);
    near(distance, side.kolmogorovSmirnov.value);
    const [n, m] = [side.expected, side.actual].map((list) => list.reduce((sum, count) => sum + count, 0));
    near(kolmogorovSmirnovTail(distance, n!, m!), side.kolmogorovSmirnov.pValue, `${n} ${m} ${distance}`);
  }
});

/** Evidently’s way with empty bins, which is not ours: a fixed share, without scaling the rest. */
function filled(shares: readonly number[]): readonly number[] {
  const least = Math.min(...shares.filter((share) => share > 0));
  const share = least <= 0.0001 ? least / 1e6 : 0.0001;
  return shares.map((value) => (value === 0 ? share : value));
}

/** `scipy.stats.entropy` scales what it is given to one. */
const scaled = (shares: readonly number[]): readonly number[] => {
  const all = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => share / all);
};

test('divergences are those of Evidently on its own bins and its own filling of empty ones', () => {
  for (const said of golden.evidently) {
    const plain = sharesOf(said, 0);
    const shares: Shares = { before: filled(plain.before), after: filled(plain.after) };
    for (const [bin, share] of shares.before.entries()) near(share, said.filledBefore[bin]!);
    for (const [bin, share] of shares.after.entries()) near(share, said.filledAfter[bin]!);
    near(divergences.psi(shares), said.psi);
    const whole = { before: scaled(shares.before), after: scaled(shares.after) };
    near(divergences['kullback-leibler'](whole), said.kullbackLeibler);
    // Ours is in bits, theirs the distance in nats.
    near(Math.sqrt(divergences['jensen-shannon'](plain) * Math.LN2), said.jensenShannonDistance);
    const { hellingerExpected: expected = said.expected, hellingerActual: actual = said.actual } = said;
    near(divergences.hellinger(sharesOf({ expected, actual }, 0)), said.hellinger);
  }
});

test('Evidently’s χ² takes the baseline for the truth, ours for a sample', () => {
  const said = golden.evidently.filter(({ chiSquarePValue }) => chiSquarePValue !== undefined);
  assert.ok(said.length >= 2);
  for (const { expected, actual, chiSquarePValue } of said) {
    const [n, m] = [expected, actual].map((list) => list.reduce((sum, count) => sum + count, 0)) as [
      number,
      number,
    ];
    const value = expected.reduce((sum, count, bin) => {
      const due = (count * m) / n;
      return sum + (actual[bin]! - due) ** 2 / due;
    }, 0);
    near(gammaTail((expected.length - 1) / 2, value / 2), chiSquarePValue!);
    assert.ok(chiSquare({ expected, actual }).pValue > chiSquarePValue!);
  }
});

test('Wasserstein is Evidently’s normed distance of the positions, which are stated', () => {
  for (const side of golden.ordered) {
    assert.deepEqual(positionsOf(side.edges), side.positions);
    near(wasserstein(side), side.wasserstein);
    near(kolmogorovSmirnov(side), side.kolmogorovSmirnov);
  }
});

test('special functions are those of scipy', () => {
  for (const [x, value] of golden.logGamma) near(logGamma(x), value, `log Γ(${x})`);
  for (const [a, x, value] of golden.gammaTail) near(gammaTail(a, x), value, `Q(${a}, ${x})`);
  for (const [a, tail, value] of golden.gammaQuantile)
    near(gammaQuantile(a, tail), value, `Q⁻¹(${a}, ${tail})`);
});

// Above 100,000 messages the series of Pelz and Good ends 1e-11 from the sum that scipy takes.
test('Kolmogorov–Smirnov tails are those of scipy', () => {
  for (const [n, d, value] of golden.oneSampleTail)
    near(oneSampleTail(d, n), value, `kstwo ${n} ${d}`, n > 100_000 ? 1e-10 : 1e-14);
  for (const [n, m, d, value] of golden.twoSampleTail) {
    near(kolmogorovSmirnovTail(d, n, m), value, `ks_2samp ${n} ${m} ${d}`);
  }
});

test('rates have the tail of Fisher’s exact test', () => {
  for (const [expected, baseline, actual, samples, value] of golden.rateTail) {
    near(
      rateTail({ expected, baseline, actual, samples }),
      value,
      `${expected}/${baseline} ${actual}/${samples}`,
    );
  }
});

test('corrections are those of scipy and statsmodels, and nulls are no tests', () => {
  for (const { pValues, ...methods } of golden.corrected) {
    for (const method of ['holm', 'benjamini-hochberg'] as const) {
      const withNulls = corrected([null, ...pValues, null], method);
      assert.equal(withNulls[0], null);
      assert.equal(withNulls.at(-1), null);
      for (const [place, value] of methods[method].entries()) near(withNulls[place + 1]!, value, method);
    }
    assert.deepEqual(corrected(pValues, 'none'), pValues);
  }
});
