"""What every Python peer and the verifier share: settings from the environment, text -> tensors, the model, the answer."""

import json
import os
import re
import time
from functools import lru_cache

import numpy as np
import onnxruntime as ort

BOOTSTRAP = os.environ.get("BOOTSTRAP", "127.0.0.1:29192")
IN_TOPIC = os.environ.get("IN_TOPIC", "peer.in")
OUT_TOPIC = os.environ.get("OUT_TOPIC", "peer.out")
GROUP = os.environ.get("GROUP", "peer")
MODEL = os.environ.get("MODEL", "light")
MODEL_PATH = os.environ.get("MODEL_PATH", "")
ORT_THREADS = int(os.environ.get("ORT_THREADS", "1"))
BATCH = int(os.environ.get("BATCH", "500" if MODEL == "light" else "32"))  # rows per model call
MAX_WAIT_MS = int(os.environ.get("MAX_WAIT_MS", "50"))
SORTED = (
    os.environ.get("BUCKET", "0") == "1"
)  # sorts what one poll brought by length before it is cut into batches
WORD = re.compile(r"[^\W_]+")  # runs of \p{L}|\p{N}
FEATURES_MAX, TOKENS_MAX = 128, 128

dumps = json.dumps
loads = json.loads


def fnv(state, text):
    for byte in text:
        state = ((state ^ byte) * 16777619) & 0xFFFFFFFF
    return state


@lru_cache(1 << 17)
def word_hash(word):
    return fnv(0x811C9DC5, word.encode())


@lru_cache(1 << 20)
def pair_hash(first_word, second_word):
    """FNV-1a of "a b", continued from the state after "a"."""
    return fnv(word_hash(first_word), (" " + second_word).encode())


def features(text):
    words = WORD.findall(text.lower())
    if MODEL == "light":  # words in order, then pairs in order, the first 128 of them
        singles = [word_hash(word) & 0x3FFFF for word in words]
        pairs = [pair_hash(a, b) & 0x3FFFF for a, b in zip(words, words[1:])]
        return (singles + pairs)[:FEATURES_MAX]
    return [101] + [1000 + word_hash(word) % 29522 for word in words[: TOKENS_MAX - 2]] + [102]


class Model:
    def __init__(self):
        options = ort.SessionOptions()
        options.intra_op_num_threads = ORT_THREADS
        options.inter_op_num_threads = 1
        self.session = ort.InferenceSession(MODEL_PATH, options, providers=["CPUExecutionProvider"])
        self.mask_type = np.float32 if MODEL == "light" else np.int64
        self.names = [given.name for given in self.session.get_inputs()]

    def run(self, rows):
        """Probabilities [n, 3] of one call, padded to its longest row."""
        width = max(1, max(map(len, rows)))
        ids = np.zeros((len(rows), width), np.int64)
        mask = np.zeros((len(rows), width), self.mask_type)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        return self.session.run(None, {self.names[0]: ids, self.names[1]: mask})[0]

    def run_in_order(self, rows, order):
        """The same for any number of rows, in calls of at most BATCH rows taken in `order`."""
        probs = np.empty((len(rows), 3), np.float32)
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            probs[chosen] = self.run([rows[i] for i in chosen])
        return probs

    def predict(self, texts):
        rows = [features(text) for text in texts]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i])) if SORTED else list(range(len(rows)))
        return self.run_in_order(rows, order)


def answer(record, probs):
    probs = probs.tolist()
    return {
        "id": record["id"],
        "label": probs.index(max(probs)),
        "probs": [round(x, 6) for x in probs],
        "model": MODEL,
        "latencyMs": int(time.time() * 1000) - record["ts"],
    }


def infer(records, model):
    """Parsed comments -> answers, in the same order."""
    if not records:
        return []
    return [answer(r, p) for r, p in zip(records, model.predict([r["text"] for r in records]))]


_first = False


def first():
    """Prints the FIRST marker once, when the first record reaches user code."""
    global _first
    if not _first:
        _first = True
        # Not print(): faust redirects sys.stdout to its logger.
        os.write(1, f"FIRST {time.time() * 1000:.0f}\n".encode())
