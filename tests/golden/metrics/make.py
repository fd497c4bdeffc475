"""Known answers for trainers/evaluation, from scikit-learn and SciPy: python make.py > metrics.json

Made with scikit-learn 1.9.1, SciPy 1.17.1, NumPy 2.4.6. Inputs come from a fixed seed; the bootstrap is
done again here with the generator of trainers/random.ts, so that its intervals can be compared to the last place.
"""
import json
import math
import sys
import warnings

import numpy as np
from scipy import stats
from sklearn import metrics as m
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("ignore")
rng = np.random.RandomState(20261121)


def floats(values):
    """NaN is null in JSON."""
    if isinstance(values, (list, tuple, np.ndarray)):
        return [floats(value) for value in values]
    return None if values is None or not np.isfinite(values) else float(values)


def single(labels, rows, skill):
    """Rows of which one label holds, labels of uneven size, the last one never held; probabilities in steps, so tied."""
    shares = np.arange(labels, 0, -1, dtype=float)
    shares[-1] = 0
    held = rng.choice(labels, size=rows, p=shares / shares.sum())
    logits = rng.normal(size=(rows, labels))
    logits[np.arange(rows), held] += skill
    logits = np.round(logits * 2) / 2
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    called = probabilities.argmax(axis=1)
    seen = np.unique(held)
    precision, recall, f1, support = m.precision_recall_fscore_support(held, called, labels=range(labels), zero_division=0)
    one_hot = np.eye(labels)[held]
    return {
        "labels": labels, "held": held.tolist(), "probabilities": floats(probabilities), "called": called.tolist(),
        "confusion": m.confusion_matrix(held, called, labels=range(labels)).tolist(),
        "accuracy": floats(m.accuracy_score(held, called)),
        "balancedAccuracy": floats(m.balanced_accuracy_score(held, called)),
        "macroF1": floats(m.f1_score(held, called, labels=seen, average="macro", zero_division=0)),
        "microF1": floats(m.f1_score(held, called, average="micro")),
        "weightedF1": floats(m.f1_score(held, called, average="weighted", zero_division=0)),
        "precision": floats(precision), "recall": floats(recall), "f1": floats(f1), "support": support.tolist(),
        "matthews": floats(m.matthews_corrcoef(held, called)),
        "kappa": floats(m.cohen_kappa_score(held, called)),
        "kappaLinear": floats(m.cohen_kappa_score(held, called, weights="linear", labels=range(labels))),
        "kappaQuadratic": floats(m.cohen_kappa_score(held, called, weights="quadratic", labels=range(labels))),
        "logLoss": floats(m.log_loss(held, probabilities, labels=range(labels))),
        "brier": floats(((probabilities - one_hot) ** 2).sum(axis=1).mean()),
        "macroAuc": floats(np.mean([m.roc_auc_score(one_hot[:, c], probabilities[:, c]) for c in seen])),
        "macroAveragePrecision": floats(np.mean([m.average_precision_score(one_hot[:, c], probabilities[:, c]) for c in seen])),
    }


def binary(rows, decimals):
    """Scores of two labels, rounded so that many are equal, and rows that count a whole number of times."""
    holds = (rng.random_sample(rows) < 0.3).astype(int)
    scores = np.round(1 / (1 + np.exp(-(rng.normal(size=rows) + 1.5 * holds - 0.7))), decimals)
    weights = rng.poisson(1.0, size=rows)
    false_rate, true_rate, _ = m.roc_curve(holds, scores, drop_intermediate=False)
    precision, recall, thresholds = m.precision_recall_curve(holds, scores)
    weighted = {"sample_weight": weights}
    return {
        "holds": holds.tolist(), "scores": floats(scores), "weights": weights.tolist(),
        "rocAuc": floats(m.roc_auc_score(holds, scores)), "rocAucWeighted": floats(m.roc_auc_score(holds, scores, **weighted)),
        "averagePrecision": floats(m.average_precision_score(holds, scores)),
        "averagePrecisionWeighted": floats(m.average_precision_score(holds, scores, **weighted)),
        "brier": floats(m.brier_score_loss(holds, scores)),
        "logLoss": floats(m.log_loss(holds, np.column_stack([1 - scores, scores]))),
        "roc": floats(np.column_stack([false_rate, true_rate])),
        # scikit-learn goes from the lowest threshold up and adds the point (0, 1).
        "precisionRecall": floats(np.column_stack([recall, precision])[:-1][::-1]),
        "thresholds": floats(thresholds[::-1]),
        "accuracyWeighted": floats(m.accuracy_score(holds, scores >= 0.5, **weighted)),
        "f1Weighted": floats(m.f1_score(holds, scores >= 0.5, average="macro", **weighted)),
        "matthewsWeighted": floats(m.matthews_corrcoef(holds, scores >= 0.5, **weighted)),
        **calibration(holds, scores),
    }


def calibration(holds, scores):
    """Expected calibration error over 15 equal bins, isotonic regression and Platt's line."""
    bins = np.minimum(14, (scores * 15).astype(int))
    gaps = [abs(scores[bins == b].sum() - holds[bins == b].sum()) for b in range(15)]
    isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, holds)
    grid = np.linspace(-0.1, 1.1, 61)
    inside = np.clip(scores, 1e-6, 1 - 1e-6)
    odds = np.log(inside / (1 - inside))[:, None]
    platt = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(odds, holds)
    return {
        "calibrationError": floats(sum(gaps) / len(scores)),
        "grid": floats(grid), "isotonic": floats(isotonic.predict(grid)),
        "platt": [floats(platt.coef_[0][0]), floats(platt.intercept_[0])],
    }


def several(labels, rows):
    """Rows of which any number of labels hold, none included."""
    held = (rng.random_sample((rows, labels)) < 0.25).astype(int)
    called = np.where(rng.random_sample((rows, labels)) < 0.8, held, 1 - held)
    called[:, -1] = 0
    seen = np.flatnonzero(held.sum(axis=0))
    return {
        "labels": labels, "held": [np.flatnonzero(row).tolist() for row in held],
        "called": [np.flatnonzero(row).tolist() for row in called],
        "macroF1": floats(m.f1_score(held, called, labels=seen, average="macro", zero_division=0)),
        "microF1": floats(m.f1_score(held, called, average="micro", zero_division=0)),
        "weightedF1": floats(m.f1_score(held, called, average="weighted", zero_division=0)),
    }


def values(rows, step):
    truth = np.round(rng.uniform(0, 100, rows) / step) * step
    said = np.round((truth * 0.7 + 15 + rng.normal(scale=12, size=rows)) / step) * step
    gaps = np.abs(truth - said)
    t, w = stats.ttest_rel(truth, said), stats.wilcoxon(truth, said, method="approx", correction=False)
    return {
        "truth": floats(truth), "said": floats(said), "mae": floats(m.mean_absolute_error(truth, said)),
        "rmse": floats(m.root_mean_squared_error(truth, said)), "r2": floats(m.r2_score(truth, said)),
        "within5": floats(np.mean(gaps <= 5)), "within10": floats(np.mean(gaps <= 10)),
        "pearson": floats(stats.pearsonr(truth, said)[0]), "spearman": floats(stats.spearmanr(truth, said)[0]),
        "kendall": floats(stats.kendalltau(truth, said)[0]), "ranks": floats(stats.rankdata(said)),
        "pairedT": [floats(t.statistic), floats(t.pvalue)], "wilcoxon": [floats(w.statistic), floats(w.pvalue)],
    }


def ranking(entries):
    relevance = rng.choice([0, 0, 0, 1, 2, 3], size=entries)
    scores = rng.permutation(entries).astype(float)
    ordered = relevance[np.argsort(-scores)]
    hits = ordered > 0
    return {
        "ordered": ordered.tolist(),
        "ndcg5": floats(m.ndcg_score([relevance], [scores], k=5)), "ndcg10": floats(m.ndcg_score([relevance], [scores], k=10)),
        "averagePrecision": floats(m.average_precision_score(relevance > 0, scores)) if hits.any() else None,
        "reciprocalRank": floats(m.label_ranking_average_precision_score([np.eye(entries)[hits.argmax()]], [-np.arange(entries)])) if hits.any() else 0,
        "recall3": floats(hits[:3].sum() / hits.sum()) if hits.any() else None,
    }


def mcnemar(first, second):
    n = first + second
    chi = max(0, abs(first - second) - 1) ** 2 / n
    return {"first": first, "second": second, "exact": floats(stats.binomtest(first, n).pvalue), "chiSquare": chi,
            "approximate": floats(stats.chi2.sf(chi, 1))}


def proportion(right, rows):
    interval = stats.binomtest(right, rows).proportion_ci(method="wilson")
    return {"right": right, "rows": rows, "low": floats(interval.low), "high": floats(interval.high)}


def xoshiro(seed):
    """trainers/random.ts: xoshiro128** seeded by splitmix32."""
    mask, state, mixed = 0xFFFFFFFF, [], seed & 0xFFFFFFFF
    for _ in range(4):
        mixed = (mixed + 0x9E3779B9) & mask
        word = ((mixed ^ (mixed >> 16)) * 0x21F0AAAD) & mask
        word = ((word ^ (word >> 15)) * 0x735A2D97) & mask
        state.append(word ^ (word >> 15))
    rotate = lambda word, bits: ((word << bits) | (word >> (32 - bits))) & mask
    while True:
        yield (rotate((state[1] * 5) & mask, 7) * 9) & mask
        shifted = (state[1] << 9) & mask
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= shifted
        state[3] = rotate(state[3], 11)


def bootstrap(rows, times, seed):
    held, called = rng.randint(0, 3, rows), rng.randint(0, 3, rows)
    source = xoshiro(seed)
    draws = [[int(next(source) / 2**32 * rows) for _ in range(rows)] for _ in range(times)]
    interval = lambda figure: floats(np.percentile([figure(held[d], called[d]) for d in draws], [2.5, 97.5]))
    return {"held": held.tolist(), "called": called.tolist(), "times": times, "seed": seed,
            "accuracy": interval(m.accuracy_score), "matthews": interval(m.matthews_corrcoef)}


golden = {
    "single": [single(2, 40, 1.0), single(3, 120, 1.0), single(5, 300, 1.5), single(9, 80, 0.2)],
    "binary": [binary(200, 1), binary(150, 6), binary(40, 2)],
    "several": [several(6, 100), several(3, 30)],
    "values": [values(150, 5), values(90, 0.01)],
    "rankings": [ranking(n) for n in (3, 8, 12, 20, 20, 40)],
    "mcNemar": [mcnemar(*pair) for pair in ((1, 0), (5, 5), (12, 3), (40, 71), (900, 1100))],
    "proportions": [proportion(*pair) for pair in ((0, 10), (7, 10), (10, 10), (931, 1000))],
    "normal": [[z, floats(2 * stats.norm.sf(z))] for z in (0.0, 0.3, 1.96, 4.0, 8.0)],
    "student": [[t, n, floats(2 * stats.t.sf(t, n))] for t, n in ((0.0, 3), (0.5, 1), (2.1, 12), (6.0, 200), (1.7, 5000))],
    "logGamma": [[x, math.lgamma(x)] for x in (0.1, 0.5, 1.0, 7.5, 300.0)],
    "bootstrap": bootstrap(60, 200, 7),
}
json.dump(golden, sys.stdout)
sys.stdout.write("\n")
