# Trains and serves with scikit-learn and onnxruntime what load-tests/training.ts trains and serves here.
# train_forest.py <folder> <threads>: reads plan.json and the binary files it names, prints one JSON list.
import json
import os
import pathlib
import sys
import time

folder, threads = pathlib.Path(sys.argv[1]), int(sys.argv[2])
os.environ["OMP_NUM_THREADS"] = str(threads)

import numpy as np
import onnxruntime
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_union

plan = json.loads((folder / "plan.json").read_text())
rows, columns, trees = plan["rows"], plan["columns"], plan["trees"]
x = np.fromfile(folder / "x.bin", np.float32).reshape(-1, columns)
targets = {"values": np.fromfile(folder / "values.bin"), "classes": np.fromfile(folder / "classes.bin").astype(int)}
results = []


def measured(work):
    begun, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - begun, time.process_time() - cpu


def forest(name, model, target):
    y = targets[target]
    fitted, seconds, cpu = measured(lambda: model.fit(x[:rows], y[:rows]))
    score = fitted.score(x[rows:], y[rows:])
    results.append({"what": name, "seconds": seconds, "cpuSeconds": cpu, "score": score})


for seed in plan["seeds"]:
    common = {"random_state": seed}
    forest("forest, values", RandomForestRegressor(trees, max_features=1 / 3, n_jobs=threads, **common), "values")
    forest("forest, classes", RandomForestClassifier(trees, n_jobs=threads, **common), "classes")
    boosted = {"max_iter": trees, "early_stopping": False, **common}
    forest("boosting, values", HistGradientBoostingRegressor(**boosted), "values")
    forest("boosting, classes", HistGradientBoostingClassifier(**boosted), "classes")

texts = [json.loads(line) for line in (folder / "texts.jsonl").read_text().splitlines()]
learned = [row for row in texts if not row["held"]]
held = [row for row in texts if row["held"]]


def ngram():
    buckets = {"alternate_sign": False, "norm": "l2"}
    vectors = make_union(
        HashingVectorizer(analyzer="word", ngram_range=(1, 2), n_features=2**16, **buckets),
        HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5), n_features=2**17, **buckets),
    )
    model = SGDClassifier(loss="log_loss", max_iter=plan["epochs"], tol=None, random_state=1)
    features = vectors.transform([row["text"] for row in learned])
    return vectors, model.fit(features, [row["label"] for row in learned])


(vectors, model), seconds, cpu = measured(ngram)
score = model.score(vectors.transform([row["text"] for row in held]), [row["label"] for row in held])
results.append({"what": "n-gram training", "seconds": seconds, "cpuSeconds": cpu, "score": score})

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
for served in plan["served"]:
    session = onnxruntime.InferenceSession(folder / served["model"], options, ["CPUExecutionProvider"])
    feeds = {
        feed["name"]: np.fromfile(folder / feed["file"], feed["type"]).reshape(feed["shape"]) for feed in served["feeds"]
    }
    output = [served["output"]]
    answers = session.run(output, feeds)[0]
    times = served["times"]
    _, seconds, cpu = measured(lambda: [session.run(output, feeds) for _ in range(times)])
    results.append(
        {"what": served["what"], "seconds": seconds, "cpuSeconds": cpu, "score": float((np.asarray(answers, np.float64) ** 2).sum())}
    )
print(json.dumps(results))
