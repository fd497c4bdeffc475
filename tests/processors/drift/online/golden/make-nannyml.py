# What NannyML says of calibrated probabilities: `pip install nannyml==0.13.1; python make-nannyml.py nannyml.json`. The
# probabilities are made from a 32-bit generator that the test repeats.
import json
import sys
import warnings

warnings.filterwarnings('ignore')
import nannyml
import numpy as np
import pandas as pd
from nannyml.chunk import DefaultChunker
from nannyml.performance_estimation.confidence_based import metrics
from nannyml.thresholds import ConstantThreshold


def mulberry(seed):
    word = seed & 0xffffffff
    def draw():
        nonlocal word
        word = (word + 0x6D2B79F5) & 0xffffffff
        t = ((word ^ (word >> 15)) * (word | 1)) & 0xffffffff
        t ^= (t + ((t ^ (t >> 7)) * (t | 61))) & 0xffffffff
        return ((t ^ (t >> 14)) & 0xffffffff) / 4294967296
    return draw


def binary(seed, n, power):
    draw = mulberry(seed)
    p = np.array([draw() ** power for _ in range(n)])
    y = (p >= .5).astype(int)
    return {'seed': seed, 'rows': n, 'power': power,
            'accuracy': float(metrics.estimate_accuracy(y, p)), 'precision': float(metrics.estimate_precision(y, p)),
            'recall': float(metrics.estimate_recall(y, p)), 'f1': float(metrics.estimate_f1(y, p))}


def multiclass(seed, n):
    draw = mulberry(seed)
    rows = [[draw() + .01 for _ in range(3)] for _ in range(n)]
    p = np.array([[v / sum(row) for v in row] for row in rows])
    frame = pd.DataFrame({'a': p[:, 0], 'b': p[:, 1], 'c': p[:, 2]})
    frame['y'] = np.array(['a', 'b', 'c'])[p.argmax(axis=1)]
    metric = metrics.MulticlassClassificationAccuracy({'a': 'a', 'b': 'b', 'c': 'c'}, 'y', 'true', DefaultChunker(), ConstantThreshold(0, 1))
    metric.uncalibrated_y_pred_proba = None
    return {'seed': seed, 'rows': n, 'accuracy': float(metric._estimate(frame))}


json.dump({'made': f'nannyml {nannyml.__version__}',
           'binary': [binary(1, 500, 1), binary(2, 2000, 3), binary(3, 40, .3)],
           'multiclass': [multiclass(4, 700), multiclass(5, 30)]}, open(sys.argv[1], 'w'), indent=2)
