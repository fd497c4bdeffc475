// How fast a model answers on this machine, in one thread: one text at a time, and 64 together.
import { availableParallelism, cpus } from 'node:os';
import type { Input, Model } from '../../processors/inference/model.ts';
import { quantile } from './bootstrap.ts';
import type { Latency } from './evaluation.ts';

const warmUpMs = 200;
const measuredMs = 1_000;
const callsMax = 2_000;
const batchTexts = 64;

/** Measures about two seconds of calls over the inputs, of which there is at least one. */
export async function measureLatency(
  model: Model,
  inputs: readonly Input[],
  signal?: AbortSignal,
): Promise<Latency> {
  const single = await callsOf(model, inputs, 1, signal);
  const batches = await callsOf(model, inputs, batchTexts, signal);
  const perText = batches.map((ms) => ms / batchTexts);
  const mean = perText.reduce((sum, ms) => sum + ms, 0) / perText.length;
  return {
    single: { p50: rounded(quantile(single, 0.5)), p95: rounded(quantile(single, 0.95)) },
    batch64: {
      p50: rounded(quantile(perText, 0.5)),
      p95: rounded(quantile(perText, 0.95)),
      textsPerSecond: Math.round(1_000 / mean),
    },
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} threads, Node ${process.version}`,
  };
}

/** Milliseconds of calls of `size` texts each, sorted. */
async function callsOf(
  model: Model,
  inputs: readonly Input[],
  size: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const calls: number[] = [];
  const begun = performance.now();
  for (let from = 0; calls.length < callsMax; from += size) {
    signal?.throwIfAborted();
    const batch = Array.from({ length: size }, (_, at) => inputs[(from + at) % inputs.length]!);
    const started = performance.now();
    await model.predict(model.prepare(batch), size);
    const ended = performance.now();
    if (ended - begun > warmUpMs) calls.push(ended - started);
    if (ended - begun > warmUpMs + measuredMs && calls.length > 0) break;
  }
  return Float64Array.from(calls).sort();
}

const rounded = (ms: number): number => Math.round(ms * 1e4) / 1e4;
