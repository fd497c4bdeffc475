// How two releases of a task differ on the same messages, in bounded memory: agreement, flips, confidence, slices, and
// the messages they differ most about.
import type { Answers } from '../../processors/inference/engine.ts';
import { resultOf } from '../../processors/inference/inference.ts';
import type { Features } from '../../schemas/features.ts';

/** Confidence differences are counted in bins of a thousandth. */
const bins = 1_000;
/** Slices of a kind; what comes after the first so many is counted together. */
const slicesMax = 200;
const otherwise = '(other)';

/** What both releases said about one message. */
export interface Disagreement {
  readonly messageId: string;
  readonly text: string;
  readonly language: string;
  readonly tenant: string;
  readonly a: { readonly label: string; readonly confidence: number };
  readonly b: { readonly label: string; readonly confidence: number };
  /** Half the sum of the differences of all labels’ probabilities: 0 the same, 1 opposite. */
  readonly distance: number;
}

interface Slice {
  messages: number;
  agreeing: number;
  /** Of b’s confidence less a’s. */
  confidenceSum: number;
  distanceSum: number;
}

export interface SliceFigures {
  readonly slice: string;
  readonly messages: number;
  readonly agreement: number;
  /** Mean of b’s confidence less a’s. */
  readonly confidence: number;
  /** Mean distance of the probabilities. */
  readonly distance: number;
}

export interface DifferenceFigures {
  readonly messages: number;
  /** Share of messages that both give the same label; null without messages. */
  readonly agreement: number | null;
  readonly flips: readonly { readonly from: string; readonly to: string; readonly messages: number }[];
  /** Mean of b’s confidence less a’s, and percentiles of its size. */
  readonly confidence: {
    readonly mean: number;
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  } | null;
  readonly languages: readonly SliceFigures[];
  readonly tenants: readonly SliceFigures[];
  readonly most: readonly Disagreement[];
}

export class Difference {
  readonly #all = newSlice();
  readonly #flips = new Map<string, { from: string; to: string; messages: number }>();
  readonly #languages = new Map<string, Slice>();
  readonly #tenants = new Map<string, Slice>();
  readonly #sizes = new Uint32Array(bins + 1);
  #sizeMax = 0;
  readonly #mostMax: number;
  #most: Disagreement[] = [];

  constructor(mostMax: number) {
    this.#mostMax = mostMax;
  }

  /** Row `row` of both answers is about the message. */
  add(message: Features, language: string, [a, b]: readonly [Answers, Answers], row: number): void {
    const [left, right] = [resultOf(a, row), resultOf(b, row)];
    const gap = right.confidence - left.confidence;
    const distance = distanceOf(a, b, row);
    const agrees = left.label === right.label;
    for (const slice of [
      this.#all,
      sliceIn(this.#languages, language),
      sliceIn(this.#tenants, message.tenant),
    ])
      count(slice, agrees, gap, distance);
    this.#sizes[Math.min(bins, Math.round(Math.abs(gap) * bins))]! += 1;
    this.#sizeMax = Math.max(this.#sizeMax, Math.abs(gap));
    if (!agrees) this.#flip(left.label, right.label);
    if (distance === 0) return;
    const { messageId, text, tenant } = message;
    const shown = ({ label, confidence }: typeof left) => ({ label, confidence });
    this.#most.push({ messageId, text, language, tenant, a: shown(left), b: shown(right), distance });
    if (this.#most.length > 2 * this.#mostMax + 16) this.#cut();
  }

  figures(): DifferenceFigures {
    const { messages, agreeing, confidenceSum } = this.#all;
    this.#cut();
    return {
      messages,
      agreement: messages === 0 ? null : agreeing / messages,
      flips: [...this.#flips.values()].sort((x, y) => y.messages - x.messages),
      confidence:
        messages === 0
          ? null
          : {
              mean: confidenceSum / messages,
              p50: this.#percentile(0.5),
              p95: this.#percentile(0.95),
              p99: this.#percentile(0.99),
              max: this.#sizeMax,
            },
      languages: figuresOf(this.#languages),
      tenants: figuresOf(this.#tenants),
      most: this.#most,
    };
  }

  #flip(from: string, to: string): void {
    const key = `${from}\u0000${to}`;
    const flip = this.#flips.get(key) ?? { from, to, messages: 0 };
    flip.messages += 1;
    this.#flips.set(key, flip);
  }

  #cut(): void {
    this.#most.sort((x, y) => y.distance - x.distance || (x.messageId < y.messageId ? -1 : 1));
    this.#most = this.#most.slice(0, this.#mostMax);
  }

  /** Nearest rank, to a thousandth. */
  #percentile(share: number): number {
    const rank = Math.ceil(share * this.#all.messages);
    let seen = 0;
    for (const [bin, found] of this.#sizes.entries()) {
      seen += found;
      if (seen >= rank) return bin / bins;
    }
    return 1;
  }
}

const newSlice = (): Slice => ({ messages: 0, agreeing: 0, confidenceSum: 0, distanceSum: 0 });

function sliceIn(slices: Map<string, Slice>, wanted: string): Slice {
  const name = slices.has(wanted) || slices.size < slicesMax ? wanted : otherwise;
  const slice = slices.get(name) ?? newSlice();
  slices.set(name, slice);
  return slice;
}

function count(slice: Slice, agrees: boolean, gap: number, distance: number): void {
  slice.messages += 1;
  slice.agreeing += agrees ? 1 : 0;
  slice.confidenceSum += gap;
  slice.distanceSum += distance;
}

const figuresOf = (slices: ReadonlyMap<string, Slice>): readonly SliceFigures[] =>
  [...slices]
    .map(([slice, { messages, agreeing, confidenceSum, distanceSum }]) => ({
      slice,
      messages,
      agreement: agreeing / messages,
      confidence: confidenceSum / messages,
      distance: distanceSum / messages,
    }))
    .sort((x, y) => y.messages - x.messages);

/** Labels that only one of the two knows count with all of their probability. Scores in points count as shares of 100. */
function distanceOf(a: Answers, b: Answers, row: number): number {
  const scale = a.activation === 'identity' ? 100 : 1;
  const [left, right] = [valuesOf(a, row), valuesOf(b, row)];
  let sum = 0;
  for (const label of new Set([...left.keys(), ...right.keys()]))
    sum += Math.abs((left.get(label) ?? 0) - (right.get(label) ?? 0));
  return sum / 2 / scale;
}

const valuesOf = ({ labels, probabilities }: Answers, row: number): ReadonlyMap<string, number> =>
  new Map(labels.map((label, index) => [label, probabilities[row * labels.length + index]!]));
