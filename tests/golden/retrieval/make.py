"""Makes stems.json and bm25.json of this folder: what Python's snowballstemmer and bm25s say.

Run with: pip install snowballstemmer bm25s && python tests/golden/retrieval/make.py
"""

import gzip
import json
import math
import random
import re
from collections import Counter
from pathlib import Path

import bm25s
import snowballstemmer

here = Path(__file__).parent
repository = here.parent.parent.parent


def lines(path):
    with gzip.open(repository / path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def stems(texts):
    # The snowball project's "porter" is Porter's algorithm of 1980 with the changes of his own program.
    stem = snowballstemmer.stemmer("porter").stemWord
    words = sorted({word for text in texts for word in re.findall(r"[a-z]{3,}", text.lower())})
    return {word: stem(word) for word in words[:: max(1, len(words) // 3000)]}


def bm25(texts, queries, k1, b):
    """Scores in double precision by the formula, and a check that bm25s (method lucene) says the same."""
    corpus = [re.findall(r"[a-z0-9]+", text.lower()) for text in texts]
    asked = [re.findall(r"[a-z0-9]+", query.lower()) for query in queries]
    average = sum(map(len, corpus)) / len(corpus)
    holding = Counter(term for terms in corpus for term in set(terms))
    idf = {t: math.log(1 + (len(corpus) - n + 0.5) / (n + 0.5)) for t, n in holding.items()}
    scores = []
    for query in asked:
        row = []
        for terms in corpus:
            counts = Counter(terms)
            norm = k1 * (1 - b + b * len(terms) / average)
            row.append(sum(idf[t] * counts[t] / (counts[t] + norm) for t in query if counts[t]))
        scores.append(row)
    retriever = bm25s.BM25(method="lucene", k1=k1, b=b)
    retriever.index(corpus, show_progress=False)
    for query, row in zip(asked, scores):
        known = [term for term in query if term in holding]
        theirs = retriever.get_scores(known)
        assert max(abs(x - y) for x, y in zip(theirs, row)) < 1e-4, query
    return {"k1": k1, "b": b, "corpus": corpus, "queries": asked, "scores": scores}


passages = lines("trainers/data/xquad_sentences/test.jsonl.gz")
texts = [candidate for row in passages for candidate in row["candidates"]]
questions = [row["question"] for row in passages]
longer = [c for row in lines("trainers/data/dolly_sentences/train.jsonl.gz") for c in row["candidates"]]
random.seed(7)
few = random.sample(sorted(set(texts)), 60)
(here / "stems.json").write_text(json.dumps(stems(texts + questions + longer), indent=0) + "\n")
settings = [(1.2, 0.75), (0.9, 0.4)]
golden = [bm25(few, random.sample(sorted(set(questions)), 8), k1, b) for k1, b in settings]
(here / "bm25.json").write_text(json.dumps(golden) + "\n")
