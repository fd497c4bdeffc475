"""Reads a peer's whole output back: what is missing, doubled or malformed, and whether the labels are right."""

import os
import time

import numpy as np
from confluent_kafka import Consumer, TopicPartition

from contract import BOOTSTRAP, MODEL, loads
from topics import ends

LIMIT_S = 120
LOG_APPEND_TIME = 2
FIELDS = {"id", "label", "probs", "model", "latencyMs"}


def read(topic, expected):
    settings = {"group.id": f"verify-{topic}", "enable.auto.commit": False, "enable.metrics.push": False}
    consumer = Consumer({"bootstrap.servers": BOOTSTRAP, **settings})
    consumer.assign([TopicPartition(topic, p, 0) for p in ends(topic)])
    seen, deadline = 0, time.time() + LIMIT_S
    while seen < expected and time.time() < deadline:
        for message in consumer.consume(10000, 0.5):
            seen += 1
            yield message
    consumer.close()


def due_times(topic):
    """Ms since 1970 at which every record was due, from the input topic: not from what the peer claims."""
    return {loads(m.value())["id"]: m.timestamp()[1] for m in read(topic, sum(ends(topic).values()))}


class Output:
    """Answers by number: `label` (-1: none), `probs`, `stamp` (ms of the broker), latencies in ms."""

    def __init__(self, topic, rows, due=None):
        self.rows, self.dups, self.bad, self.latencies = rows, 0, 0, []
        self.label = np.full(rows, -1, np.int8)
        self.probs = np.zeros((rows, 3), np.float32)
        self.stamp = np.zeros(rows, np.int64)
        for message in read(topic, sum(ends(topic).values())):
            self._take(message, due)
        self.have = self.label >= 0

    def _take(self, message, due):
        kind, stamp = message.timestamp()
        assert kind == LOG_APPEND_TIME, "the output topic's clock is not the broker's"
        answer = loads(message.value())
        if answer["id"][0] == "w":  # warm-up
            return
        number = int(answer["id"][1:])
        if set(answer) < FIELDS or len(answer["probs"]) != 3 or answer["model"] != MODEL:
            self.bad += 1
        if self.label[number] >= 0:
            self.dups += 1
            return
        self.label[number], self.probs[number] = answer["label"], answer["probs"]
        self.stamp[number] = stamp
        if due:
            self.latencies.append(stamp - due[answer["id"]])

    def first_s(self):
        return self.stamp[self.have].min() / 1000 if self.have.any() else None

    def last_s(self):
        return self.stamp.max() / 1000 if self.have.any() else None

    def verdict(self):
        """Counts, and agreement with the reference where there is one for this many rows."""
        found = {"missing": int(self.rows - self.have.sum()), "dups": self.dups, "bad": self.bad}
        path = f"{os.environ['PEERS_HOME']}/data/ref-{MODEL}.npy"
        if not os.path.exists(path) or len(np.load(path, mmap_mode="r")) < self.rows:
            return found
        reference = np.load(path)[: self.rows]
        found["agree"] = round(float((self.label == reference.argmax(1)).mean()), 6)
        if self.have.any():
            found["max_dp"] = round(float(np.abs(self.probs - reference)[self.have].max()), 6)
        return found

    def percentiles(self):
        if not self.latencies:
            return {}
        found = {f"p{q}": round(float(np.percentile(self.latencies, q)), 1) for q in (50, 95, 99, 99.9)}
        return found | {"max": int(max(self.latencies))}
