"""Synthetic comments under a fixed seed, ids c0000000 and up, and the two ways to put them into a topic."""

import json
import random
import time

from confluent_kafka import Producer

from contract import BOOTSTRAP

ACCENTS = {"a": "á", "e": "é", "o": "ö", "u": "ü", "n": "ñ", "c": "ç"}


def vocabulary(r, size=40000):
    words, seen = [], set()
    while len(words) < size:
        syllables = 1 + min(4, int(r.expovariate(1.6 if len(words) < 300 else 0.75)) + (len(words) > 60))
        word = "".join(
            r.choice("bcdfghjklmnprstvwz") * (r.random() < 0.85)
            + r.choice("aeiou")
            + (r.choice("nrstl") if r.random() < 0.3 else "")
            for _ in range(syllables)
        )
        if r.random() < 0.03:
            word = "".join(ACCENTS.get(x, x) for x in word)
        if r.random() < 0.01:
            word += str(r.randrange(100))
        if word not in seen:
            seen.add(word)
            words.append(word)
    return words


def decorate(r, words, text):
    """Commas, ends of sentences, capitals, emoji, apostrophes and hyphens, as people write them."""
    for j in range(len(text)):
        x = r.random()
        if x < 0.07:
            text[j] += ","
        elif x < 0.12:
            text[j] += r.choice([".", "!", "?", "..."])
        elif x < 0.15:
            text[j] = text[j].upper()
        elif x < 0.16:
            text[j] += r.choice([" 😀", " 🔥", "'s", "-" + words[r.randrange(500)]])
    text[0] = text[0].capitalize()


def comments(count, seed=42):
    """Yields (id, user, text). Words per text: log-normal, 20 in the mean, 1 to 120; 0.3 % have none at all."""
    r = random.Random(seed)
    words = vocabulary(r)
    weights, total = [], 0.0
    for i in range(len(words)):
        total += 1 / (i + 2.7)
        weights.append(total)
    for i in range(count):
        user = f"u{r.randrange(10000)}"
        if r.random() < 0.003:
            yield f"c{i:07d}", user, r.choice(["", "!!!", "👍👍", "...", "¿?"])
            continue
        length = max(1, min(120, int(r.lognormvariate(2.8, 0.62))))
        text = r.choices(words, cum_weights=weights, k=length)
        decorate(r, words, text)
        yield f"c{i:07d}", user, " ".join(text)


def record(comment_id, text, ts):
    return json.dumps({"id": comment_id, "text": text, "ts": ts}, ensure_ascii=False)


def bulk(topic, count):
    """Fills a topic as fast as it takes the records."""
    settings = {"linger.ms": 50, "batch.num.messages": 5000, "queue.buffering.max.messages": 500000}
    producer = Producer({"bootstrap.servers": BOOTSTRAP, "enable.metrics.push": False, **settings})
    for number, (comment_id, user, text) in enumerate(comments(count)):
        producer.produce(topic, key=user, value=record(comment_id, text, int(time.time() * 1000)))
        if number % 1000 == 0:
            producer.poll(0)
    assert producer.flush(60) == 0


def live(topic, rate, seconds, prefix=""):
    """
    Open loop: record k is due at start + k / rate, and both its `ts` and its Kafka timestamp are when it was DUE. A
    peer that stalls pays for everything that was due meanwhile (no coordinated omission). Returns the loader's own
    worst lateness in ms: the tail cannot be trusted below it.
    """
    texts = [(prefix + comment_id, user, text) for comment_id, user, text in comments(int(rate * seconds))]
    producer = Producer({"bootstrap.servers": BOOTSTRAP, "enable.metrics.push": False, "linger.ms": 1})
    producer.list_topics(topic)
    start, worst = time.time() + 0.05, 0.0
    for k, (comment_id, user, text) in enumerate(texts):
        due = start + k / rate
        early = due - time.time()
        if early > 0:
            time.sleep(early)
        worst = max(worst, time.time() - due)
        ms = int(due * 1000)
        producer.produce(topic, key=user, value=record(comment_id, text, ms), timestamp=ms)
        producer.poll(0)
    assert producer.flush(30) == 0
    return worst * 1000
