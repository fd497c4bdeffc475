"""Writes statistics.json: drift statistics as scipy and Evidently give them.

    python3 -m venv venv && venv/bin/pip install scipy==1.17.1 evidently==0.7.23 'pandas<3'
    venv/bin/python tests/processors/drift/golden/make.py

Evidently's functions are called on single values, as a user of it would; its bins are stored beside what it says.
"""
import json
import math
import pathlib
import warnings

import numpy as np
import pandas as pd
import scipy
from evidently.legacy.calculations.stattests import hellinger_distance, jensenshannon, kl_div, psi
from evidently.legacy.calculations.stattests import chisquare_stattest, ks_stattest, wasserstein_distance_norm
from evidently.legacy.calculations.stattests.utils import get_binned_data
from evidently.legacy.core import ColumnType
from scipy import special, stats
from scipy.spatial import distance
from statsmodels.stats.multitest import multipletests

warnings.filterwarnings("ignore")
generator = np.random.default_rng(7)


def expand(counts, positions=None):
    return np.repeat(np.arange(len(counts)) if positions is None else positions, counts)


def both(expected, actual):
    """What scipy says of two lists of counts."""
    chi, p_value, freedom, _ = stats.chi2_contingency([expected, actual], correction=False)
    ks = stats.ks_2samp(expand(expected), expand(actual))
    half = [(np.array(side) + 0.5) / (np.array(side) + 0.5).sum() for side in (expected, actual)]
    return {
        "expected": [int(count) for count in expected],
        "actual": [int(count) for count in actual],
        "chiSquare": {"value": chi, "pValue": p_value, "freedom": int(freedom)},
        "cramersV": stats.contingency.association(np.array([expected, actual]), method="cramer"),
        "kolmogorovSmirnov": {"value": ks.statistic, "pValue": ks.pvalue},
        "jensenShannon": distance.jensenshannon(expected, actual, base=2) ** 2,
        "psiOfHalfCounts": stats.entropy(half[0], half[1]) + stats.entropy(half[1], half[0]),
        "kullbackLeiblerOfHalfCounts": stats.entropy(half[0], half[1]),
    }


def evidently(reference, current, kind):
    """What Evidently says of single values, and the shares that it says it of."""
    reference, current = pd.Series(reference), pd.Series(current)
    run = lambda test: float(test(reference.copy(), current.copy(), kind, 0.1)[0])
    filled, raw = (get_binned_data(reference, current, kind, 30, fill) for fill in (True, False))
    said = {
        "expected": [round(float(share) * len(reference)) for share in raw[0]],
        "actual": [round(float(share) * len(current)) for share in raw[1]],
        "filledBefore": [float(share) for share in filled[0]],
        "filledAfter": [float(share) for share in filled[1]],
        "psi": run(psi._psi),
        "kullbackLeibler": run(kl_div._kl_div),
        "jensenShannonDistance": run(jensenshannon._jensenshannon),
    }
    if kind == ColumnType.Categorical:
        said["hellinger"] = run(hellinger_distance._hellinger_distance)
        if 0 not in said["expected"]:
            said["chiSquarePValue"] = run(chisquare_stattest._chi_stat_test)
    else:
        keys = list(set(reference.unique()) | set(current.unique()))
        edges = np.histogram_bin_edges(keys, bins="sturges")
        said["hellingerExpected"] = np.histogram(reference, edges)[0].tolist()
        said["hellingerActual"] = np.histogram(current, edges)[0].tolist()
        said["hellinger"] = run(hellinger_distance._hellinger_distance)
        said["kolmogorovSmirnovPValue"] = run(ks_stattest._ks_stat_test)
    return said


def positions_of(edges):
    if len(edges) == 1:
        return [edges[0] - 0.5, edges[0] + 0.5]
    inner = [(a + b) / 2 for a, b in zip(edges, edges[1:])]
    return [edges[0] - (edges[1] - edges[0]) / 2, *inner, edges[-1] + (edges[-1] - edges[-2]) / 2]


def ordered(edges, expected, actual):
    positions = positions_of(edges)
    before, after = (expand(counts, positions) for counts in (expected, actual))
    norm = wasserstein_distance_norm._wasserstein_distance_norm
    return {
        "edges": edges,
        "expected": [int(count) for count in expected],
        "actual": [int(count) for count in actual],
        "positions": positions,
        "raw": stats.wasserstein_distance(before, after),
        "wasserstein": float(norm(pd.Series(before), pd.Series(after), ColumnType.Numerical, 0.1)[0]),
        "kolmogorovSmirnov": stats.ks_2samp(before, after).statistic,
    }


def draw(shares, size):
    return generator.multinomial(size, np.array(shares) / sum(shares))


deciles = [1] * 10
moved = [1, 1, 1, 1, 1, 1, 1.3, 1.4, 1.5, 2]
languages = [60] + [1] * 25
sides = [
    both([10, 20, 30, 40], [40, 30, 20, 10]),
    both([100, 1, 50], [80, 5, 65]),
    both([5, 5], [5, 5]),
    both(draw(deciles, 6000), draw(deciles, 500)),
    both(draw(deciles, 6000), draw(moved, 500)),
    both(draw(deciles, 700), draw(moved, 700)),
    both(draw(deciles, 6000), draw(moved, 2000)),
    both(draw(languages, 8000), draw(languages, 900)),
    both(draw([0.02, 0.98], 12000), draw([0.03, 0.97], 2500)),
]
letters = np.array(list("abcdefgh"))
categories = lambda shares, size: generator.choice(letters, size, p=np.array(shares) / sum(shares))
evidently_cases = [
    evidently(categories([8, 4, 2, 1, 1, 1, 1, 1], 900), categories([6, 4, 3, 2, 1, 1, 1, 1], 400), ColumnType.Categorical),
    evidently(categories([8, 4, 2, 1, 1, 0, 1, 1], 900), categories([6, 4, 3, 0, 1, 2, 1, 1], 400), ColumnType.Categorical),
    evidently(categories([8, 4, 2, 1, 1, 1, 1, 1], 20000), categories([1, 1, 0, 0, 0, 0, 0, 0], 60), ColumnType.Categorical),
    evidently(generator.lognormal(4, 1, 1500), generator.lognormal(4.2, 1, 400), ColumnType.Numerical),
    evidently(generator.normal(0, 1, 1500), generator.normal(0.5, 1.4, 600), ColumnType.Numerical),
    evidently(generator.normal(0, 1, 300), generator.normal(6, 1, 300), ColumnType.Numerical),
]
ordered_cases = [
    ordered([13, 29, 47, 71, 96, 130, 177, 251, 420], draw(deciles, 6000), draw(deciles, 500)),
    ordered([13, 29, 47, 71, 96, 130, 177, 251, 420], draw(deciles, 6000), draw(moved, 500)),
    ordered([0.5, 0.75, 0.9], [100, 200, 300, 400], [400, 0, 100, 10]),
    ordered([3], [10, 30], [30, 10]),
    ordered([1, 2], [5, 0, 0], [0, 1, 4]),
]

gamma_points = [(a, x) for a in (0.5, 1, 4.5, 12.5, 39.5, 250, 5000) for x in (0.01 * a, 0.5 * a, a, a + 1.5 * a**0.5, a + 6 * a**0.5, 3 * a)]
one_sample = [(n, d) for n, d in [
    (1, 0.7), (5, 0.3), (5, 0.9), (10, 0.05), (10, 0.11), (40, 0.12), (140, 0.06), (140, 0.168), (140, 0.2), (140, 0.55), (141, 0.02), (141, 0.04), (300, 0.05), (300, 0.09),
    (1500, 0.01), (1500, 0.03), (1500, 0.036), (1500, 0.06), (20000, 0.004), (20000, 0.009), (20000, 0.012), (99999, 0.003), (200000, 0.002), (200000, 0.004),
]]
two_sample = [(n, m, h / (n * m)) for n, m, h in [
    (5, 5, 10), (7, 4, 14), (10, 10, 100), (60, 40, 500), (1000, 900, 50000), (1000, 1000, 60000), (6000, 500, 150000), (6000, 500, 210000), (6000, 2000, 480000),
    (10000, 10000, 2400000), (12000, 2500, 900000), (200000, 500, 6000000), (6000, 500, 2000000)]]


def two_sample_tail(n, m, d):
    """As ks_2samp does: exact up to 10,000 a side, else the one-sample distribution."""
    from scipy.stats import _stats_py
    if max(n, m) > 10000:
        return float(stats.distributions.kstwo.sf(d, np.round(n * m / (n + m))))
    return float(_stats_py._attempt_exact_2kssamp(n, m, math.gcd(n, m), d, "two-sided")[2])


rates = [(3, 6000, 4, 500), (0, 6000, 3, 500), (120, 6000, 22, 500), (120, 6000, 5, 500), (0, 100, 0, 100), (1000, 20000, 400, 5000), (7, 50, 40, 60)]
p_values = [[0.01, 0.04, 0.03, 0.005], [0.2, 0.2, 0.001, 0.8, 0.05, 0.05], [1.0], [0.6, 0.9], generator.uniform(size=12).tolist()]

golden = {
    "madeBy": {"scipy": scipy.__version__, "evidently": "0.7.23"},
    "sides": sides,
    "evidently": evidently_cases,
    "ordered": ordered_cases,
    "logGamma": [[x, float(special.gammaln(x))] for x in (1e-3, 0.5, 1, 1.5, 2, 3.7, 14.9, 15.1, 170, 12345.6, 1e7)],
    "gammaTail": [[a, x, float(special.gammaincc(a, x))] for a, x in gamma_points],
    "gammaQuantile": [[a, q, float(special.gammainccinv(a, q))] for a in (0.5, 4.5, 39.5, 250) for q in (0.5, 0.01, 1e-4, 1e-8)],
    "oneSampleTail": [[n, d, float(stats.kstwo.sf(d, n))] for n, d in one_sample],
    "twoSampleTail": [[n, m, d, two_sample_tail(n, m, d)] for n, m, d in two_sample],
    "rateTail": [[e, b, a, s, float(stats.fisher_exact([[a, s - a], [e, b - e]], alternative="greater")[1])] for e, b, a, s in rates],
    "corrected": [
        {
            "pValues": values,
            "benjamini-hochberg": stats.false_discovery_control(values).tolist(),
            "holm": multipletests(values, method="holm")[1].tolist(),
        }
        for values in p_values
    ],
}
path = pathlib.Path(__file__).with_name("statistics.json")
path.write_text(json.dumps(golden, indent=1) + "\n")
