// What is measured of one piece of work, here and in Python, and how the two are put side by side.
import { writeFileSync } from 'node:fs';

/** What was measured of one piece of work, on one side. */
export interface Measured {
  readonly what: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** R² of values, accuracy of classes, the sum of the squared answers of inference: equal work gives equal scores. */
  readonly score: number;
}

export async function measure(what: string, work: () => Promise<number | (() => number | Promise<number>)>) {
  const begun = performance.now();
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - begun) / 1_000;
  const score = typeof result === 'number' ? result : await result();
  return { what, seconds, cpuSeconds: (user + system) / 1e6, score };
}

export function share(count: number, holds: (row: number) => boolean): number {
  let held = 0;
  for (let row = 0; row < count; row++) if (holds(row)) held++;
  return held / count;
}

export const writeBytes = (path: string, { buffer, byteOffset, byteLength }: NodeJS.TypedArray): void =>
  writeFileSync(path, new Uint8Array(buffer, byteOffset, byteLength));

/** A model, and the inputs it was run on, for Python to run it on too. */
export interface Served {
  readonly what: string;
  readonly model: string;
  readonly feeds: readonly {
    readonly name: string;
    readonly file: string;
    readonly type: string;
    readonly shape: readonly number[];
  }[];
  readonly output: string;
  readonly times: number;
  /** Texts of one run. */
  readonly texts: number;
}

/** Means over seeds, side by side. `work` is what one second of processor time does, in trees or texts. */
export function compare(
  here: readonly Measured[],
  there: readonly Measured[],
  units: ReadonlyMap<string, number>,
) {
  const mean = (of: readonly Measured[], what: string, value: (one: Measured) => number) => {
    const found = of.filter((one) => one.what === what);
    return found.reduce((sum, one) => sum + value(one), 0) / found.length;
  };
  return [...new Set(here.map(({ what }) => what))].map((what) => {
    const [cpu, pythonCpu] = [here, there].map((of) => mean(of, what, ({ cpuSeconds }) => cpuSeconds));
    const units_ = units.get(what);
    return {
      what,
      seconds: mean(here, what, ({ seconds }) => seconds),
      pythonSeconds: mean(there, what, ({ seconds }) => seconds),
      cpuSeconds: cpu!,
      pythonCpuSeconds: pythonCpu!,
      cpuRatio: cpu! / pythonCpu!,
      score: mean(here, what, ({ score }) => score),
      pythonScore: mean(there, what, ({ score }) => score),
      textsPerCpuSecond: units_ === undefined ? null : Math.round(units_ / cpu!),
      pythonTextsPerCpuSecond: units_ === undefined ? null : Math.round(units_ / pythonCpu!),
    };
  });
}
