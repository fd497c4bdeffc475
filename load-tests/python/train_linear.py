"""TF-IDF of words 1-2 and char_wb 2-5 with LinearSVC: the yardstick of load-tests/linear.ts.

Reads {"train": [[text, label]...], "test": [...]} from standard input, prints scores and times as JSON.
"""
import json
import sys
import time

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

rows = json.load(sys.stdin)
train, test = rows["train"], rows["test"]
features = make_union(
    TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
    TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
)
model = make_pipeline(features, LinearSVC())
began = time.perf_counter()
model.fit([text for text, _ in train], [label for _, label in train])
fitted = time.perf_counter()
predicted = model.predict([text for text, _ in test])
answered = time.perf_counter()
truth = [label for _, label in test]
json.dump(
    {
        "sklearn accuracy": round(100 * accuracy_score(truth, predicted), 1),
        "sklearn F1": round(100 * f1_score(truth, predicted, average="macro"), 1),
        "sklearn train s": round(fitted - began, 2),
        "sklearn texts/s": round(len(test) / (answered - fitted)),
    },
    sys.stdout,
)
