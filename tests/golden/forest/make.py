# Makes trees.json: what scikit-learn's trees answer on small data, and what its forests score.
# python -m venv venv && venv/bin/pip install scikit-learn==1.9.1 && venv/bin/python tests/golden/forest/make.py
import json
import pathlib

import numpy as np
import sklearn
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

rng = np.random.default_rng(11)
rows, learned = 900, 600
# Two decimals: every distinct value has a bin of its own, so a histogram tree finds what an exact one finds.
x = rng.integers(0, 100, size=(rows, 6)) / 100
y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
y = np.round(y + rng.normal(size=rows), 3)
classes = np.digitize(y + rng.normal(size=rows), [11, 16])
holes = x.copy()
holes[rng.random(x.shape) < 0.15] = np.nan

def answers(tree, inputs, targets):
    fitted = tree.fit(inputs[:learned], targets[:learned])
    give = getattr(fitted, "predict_proba", fitted.predict)
    return {"leaves": int(fitted.get_n_leaves()), "answers": np.round(give(inputs[:learned]), 9).tolist()}

def score(model, targets):
    return round(model.fit(x[:learned], targets[:learned]).score(x[learned:], targets[learned:]), 4)

seeds = range(5)
golden = {
    "sklearn": sklearn.__version__,
    "learned": learned,
    "x": x.tolist(),
    "holes": [[None if np.isnan(v) else v for v in row] for row in holes.tolist()],
    "y": y.tolist(),
    "classes": classes.tolist(),
    "trees": {
        "regression": answers(DecisionTreeRegressor(min_samples_leaf=7), x, y),
        "depth": answers(DecisionTreeRegressor(max_depth=4, min_samples_leaf=7), x, y),
        "missing": answers(DecisionTreeRegressor(max_depth=5, min_samples_leaf=7), holes, y),
        "classes": answers(DecisionTreeClassifier(max_depth=3, min_samples_leaf=7), x, classes),
    },
    "scores": {
        "forestRegression": [
            score(RandomForestRegressor(100, min_samples_leaf=3, max_features=0.5, random_state=s), y) for s in seeds
        ],
        "forestClasses": [
            score(RandomForestClassifier(100, min_samples_leaf=3, random_state=s), classes) for s in seeds
        ],
        "boostingRegression": [
            score(HistGradientBoostingRegressor(max_iter=100, min_samples_leaf=10, early_stopping=False), y)
        ],
        "boostingClasses": [
            score(HistGradientBoostingClassifier(max_iter=60, min_samples_leaf=10, early_stopping=False), classes)
        ],
    },
}
path = pathlib.Path(__file__).with_name("trees.json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
