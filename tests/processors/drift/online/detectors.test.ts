// Online detectors: the same firing indices as river’s on golden streams, an example, and going on after a restart.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Adwin, type AdwinState } from '../../../../processors/drift/online/adwin.ts';
import { Ddm, type DdmState } from '../../../../processors/drift/online/ddm.ts';
import type { Detector } from '../../../../processors/drift/online/detector.ts';
import { type DetectorName, detectors } from '../../../../processors/drift/online/detectors.ts';
import { Eddm, type EddmState } from '../../../../processors/drift/online/eddm.ts';
import { PageHinkley, type PageHinkleyState } from '../../../../processors/drift/online/page-hinkley.ts';

/** A stream of golden/make.py: the same generator makes the same values here. */
interface Stream {
  readonly name: string;
  readonly seed: number;
  readonly segments: readonly {
    readonly length: number;
    readonly kind: 'errors' | 'numbers';
    readonly from: number;
    readonly to: number;
  }[];
}
interface Case {
  readonly detector: DetectorName;
  readonly options: object;
  readonly stream: string;
  readonly drifts: readonly number[];
  readonly warnings: readonly number[];
  readonly width?: number;
  readonly mean?: number;
}

const golden: { readonly streams: readonly Stream[]; readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL('./golden/river.json', import.meta.url), 'utf8'),
);

const makers: Readonly<Record<DetectorName, (options: object, state?: unknown) => Detector>> = {
  ddm: (options, state) => new Ddm(options, state as DdmState | undefined),
  eddm: (options, state) => new Eddm(options, state as EddmState | undefined),
  adwin: (options, state) => new Adwin(options, state as AdwinState | undefined),
  'page-hinkley': (options, state) => new PageHinkley(options, state as PageHinkleyState | undefined),
};

/** mulberry32, as in golden/make.py. */
function mulberry(seed: number): () => number {
  let word = seed | 0;
  return () => {
    word = (word + 0x6d2b79f5) | 0;
    let mixed = Math.imul(word ^ (word >>> 15), word | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function valuesOf({ seed, segments }: Stream): readonly number[] {
  const random = mulberry(seed);
  return segments.flatMap(({ length, kind, from, to }) =>
    Array.from({ length }, (_, place) => {
      const level = from + ((to - from) * place) / length;
      const drawn = random();
      return kind === 'errors' ? Number(drawn < level) : level + drawn;
    }),
  );
}

const valuesByStream = new Map(golden.streams.map((stream) => [stream.name, valuesOf(stream)]));

/** Where it said drift, and where its warnings began. */
function firings(detector: Detector, values: readonly number[]) {
  const [drifts, warnings]: [number[], number[]] = [[], []];
  let last = 'stable';
  for (const [place, value] of values.entries()) {
    const flag = detector.update(value);
    if (flag === 'drift') drifts.push(place);
    if (flag === 'warning' && last !== 'warning') warnings.push(place);
    last = flag;
  }
  return { drifts, warnings };
}

describe('detectors', () => {
  for (const name of Object.keys(detectors) as DetectorName[]) {
    const cases = golden.cases.filter(({ detector }) => detector === name);
    it(`${name} fires where river’s does`, () => {
      assert.ok(cases.length >= 12 && cases.some(({ drifts }) => drifts.length > 0));
      for (const { options, stream, drifts, warnings, width, mean } of cases) {
        const detector = makers[name](options);
        const found = firings(detector, valuesByStream.get(stream)!);
        assert.deepEqual(found, { drifts, warnings }, `${stream} ${JSON.stringify(options)}`);
        if (!(detector instanceof Adwin)) continue;
        assert.equal(detector.window.width, width);
        assert.ok(Math.abs(detector.window.mean - mean!) < 1e-9);
      }
    });

    it(`${name} goes on from its state as JSON, whenever it was stopped`, () => {
      const { stream, drifts } = cases.find(({ options }) => Object.keys(options).length === 0)!;
      const values = valuesByStream.get(stream)!;
      // A state is written and read back at places all along, the value after a drift among them.
      const stops = new Set([...values.keys()].filter((at) => at % 97 === 0 || drifts.includes(at - 1)));
      let detector = detectors[name]();
      const found: number[] = [];
      for (const [place, value] of values.entries()) {
        if (stops.has(place)) detector = detectors[name](JSON.parse(JSON.stringify(detector.state())));
        if (detector.update(value) === 'drift') found.push(place);
      }
      assert.deepEqual(found, drifts);
    });

    it(`${name} with river’s defaults is the one that has a name`, () => {
      const values = valuesByStream.get('errors that come and go')!;
      assert.deepEqual(firings(detectors[name](), values), firings(makers[name]({}), values));
    });
  }

  it('by example: a model that begins to fail is found out within 159 answers', () => {
    const detector = new Adwin();
    for (let answer = 0; answer < 1_000; answer++) detector.update(answer % 5 === 0 ? 1 : 0); // 20 % wrong
    let answers = 1;
    while (detector.update(answers % 2) !== 'drift') answers++; // 50 % wrong
    assert.ok(answers < 160, `${answers}`);
    assert.ok(detector.window.mean > 0.2);
  });

  it('EDDM refuses to warn after drift', () => {
    assert.throws(() => new Eddm({ warningBelow: 0.8, driftBelow: 0.9 }), RangeError);
  });

  it('ADWIN’s memory grows with the logarithm of what it holds', () => {
    const detector = new Adwin();
    const random = mulberry(9);
    for (let value = 0; value < 100_000; value++) detector.update(Number(random() < 0.3));
    const { width, rows } = detector.state();
    assert.ok(width > 50_000);
    assert.ok(rows.flat().length <= 6 * 17, `${rows.flat().length} buckets`);
  });
});
