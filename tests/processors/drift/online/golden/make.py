# Where river’s detectors fire: `pip install river==0.26.1; python make.py river.json`. The streams are made from a 32-bit
# generator that the test repeats, so that only the indices have to be stored.
import json
import sys

import river
from river import drift

def mulberry(seed):
    a = seed & 0xffffffff
    def nxt():
        nonlocal a
        a = (a + 0x6D2B79F5) & 0xffffffff
        t = a
        t = ((t ^ (t >> 15)) * (t | 1)) & 0xffffffff
        t = (t ^ ((t + (((t ^ (t >> 7)) * (t | 61)) & 0xffffffff)) & 0xffffffff)) & 0xffffffff
        return ((t ^ (t >> 14)) & 0xffffffff) / 4294967296
    return nxt

# segments: (length, kind, from, to): error rates drift linearly, or values = uniform in [0,1) + level
streams = {
  'sudden errors': (1, [(2000, 'errors', .2, .2), (2000, 'errors', .5, .5)]),
  'gradual errors': (2, [(1500, 'errors', .1, .1), (3000, 'errors', .1, .45), (1500, 'errors', .45, .45)]),
  'errors that come and go': (3, [(1000, 'errors', .15, .15), (1000, 'errors', .4, .4), (1000, 'errors', .15, .15), (1000, 'errors', .6, .6)]),
  'no change': (4, [(6000, 'errors', .25, .25)]),
  'few errors': (5, [(4000, 'errors', .01, .01), (2000, 'errors', .06, .06)]),
  'coin that turns': (42, [(1000, 'errors', .5, .5), (1000, 'errors', .7, .7)]),
  'numbers that rise': (6, [(1500, 'numbers', 0, 0), (1500, 'numbers', .3, .3), (1500, 'numbers', 2, 2)]),
  'numbers that fall slowly': (7, [(1000, 'numbers', 5, 5), (4000, 'numbers', 5, 1)]),
  'score errors in points': (8, [(1000, 'numbers', 10, 10), (1500, 'numbers', 10, 16), (500, 'numbers', 16, 16)]),
}
def values(seed, segments):
    rnd = mulberry(seed)
    out = []
    for n, kind, a, b in segments:
        for i in range(n):
            level = a + (b - a) * i / n
            u = rnd()
            out.append((1 if u < level else 0) if kind == 'errors' else level + u)
    return out

makers = {
  'ddm': [({}, drift.binary.DDM()), ({'warmUp': 100, 'warningAt': 1.5, 'driftAt': 2.5}, drift.binary.DDM(100, 1.5, 2.5))],
  'eddm': [({}, drift.binary.EDDM()), ({'warningBelow': .8, 'driftBelow': .75}, drift.binary.EDDM(alpha=.8, beta=.75))],
  'adwin': [({}, drift.ADWIN()), ({'delta': .05, 'every': 8, 'bucketsMax': 3, 'sideMin': 10, 'warmUp': 50}, drift.ADWIN(.05, 8, 3, 10, 50)), ({'every': 1, 'delta': 0.3}, drift.ADWIN(delta=.3, clock=1))],
  'page-hinkley': [({}, drift.PageHinkley()), ({'threshold': 10, 'tolerated': .01, 'direction': 'up'}, drift.PageHinkley(threshold=10, delta=.01, mode='up')), ({'threshold': 5, 'direction': 'down', 'kept': .99}, drift.PageHinkley(threshold=5, mode='down', alpha=.99))],
}
cases = []
for name, variants in makers.items():
    for options, detector in variants:
        for stream, (seed, segments) in streams.items():
            xs = values(seed, segments)
            if name in ('ddm', 'eddm') and segments[0][1] != 'errors': continue
            d = detector.clone()
            drifts, warnings = [], []
            was = False
            for i, x in enumerate(xs):
                d.update(x)
                if d.drift_detected: drifts.append(i)
                w = getattr(d, 'warning_detected', False)
                if w and not was: warnings.append(i)
                was = w
            c = {'detector': name, 'options': options, 'stream': stream, 'drifts': drifts, 'warnings': warnings}
            if name == 'adwin': c['width'] = int(d.width); c['mean'] = d.estimation
            cases.append(c)
named = [
    {'name': name, 'seed': seed, 'segments': [{'length': n, 'kind': k, 'from': a, 'to': b} for n, k, a, b in segments]}
    for name, (seed, segments) in streams.items()
]
with open(sys.argv[1], 'w') as out:
    rows = lambda items: ',\n    '.join(json.dumps(item) for item in items)
    out.write('{\n  "made": "river %s",\n' % river.__version__)
    out.write('  "streams": [\n    %s\n  ],\n  "cases": [\n    %s\n  ]\n}\n' % (rows(named), rows(cases)))
