// k6's summary as rows: one for every scenario, and which thresholds were crossed.

interface Metric {
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

export interface Summary {
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly state: { readonly testRunDurationMs: number };
}

const round = (value: number | undefined): number | null =>
  value === undefined ? null : Math.round(value * 10) / 10;

/** Latencies in ms from when requests were due. */
export function scenarioRows({ metrics }: Summary) {
  const names = new Set(
    Object.keys(metrics).flatMap((name) => /\{(?:scenario|phase):([^}]+)\}$/.exec(name)?.[1] ?? []),
  );
  return [...names].map((name) => {
    const of = (metric: string) =>
      metrics[`${metric}{scenario:${name}}`]?.values ?? metrics[`${metric}{phase:${name}}`]?.values ?? {};
    return {
      scenario: name,
      answered: of('answered').count ?? null,
      shed: of('shed').count ?? null,
      dropped: of('dropped_iterations').count ?? null,
      p50Ms: round(of('due_to_answer').med),
      p95Ms: round(of('due_to_answer')['p(95)']),
      p99Ms: round(of('due_to_answer')['p(99)']),
      p999Ms: round(of('due_to_answer')['p(99.9)']),
      modelP95Ms: round(of('model_time')['p(95)']),
      featuresP95Ms: round(of('features_time')['p(95)']),
      storedP95Ms: round(of('due_to_stored')['p(95)']),
    };
  });
}

/** Every threshold that judges something, and whether it held. */
export const thresholdRows = ({ metrics }: Summary) =>
  Object.entries(metrics).flatMap(([metric, { thresholds = {} }]) =>
    Object.entries(thresholds)
      .filter(([threshold]) => !/>=0$/.test(threshold))
      .map(([threshold, { ok }]) => ({ metric, threshold, held: ok })),
  );

const heldP95Ms = 100;
const lostShareMax = 0.01;

/** The highest step of a ramp below which all steps held: p95 < 100 ms and at most 1 % shed or dropped. */
export function heldRate(summary: Summary): number | null {
  const steps = scenarioRows(summary)
    .flatMap((row) =>
      row.scenario.startsWith('at-') ? [{ ...row, rate: Number(row.scenario.slice(3)) }] : [],
    )
    .sort((a, b) => a.rate - b.rate);
  let held: number | null = null;
  for (const { rate, answered, shed, dropped, p95Ms } of steps) {
    const lost = (shed ?? 0) + (dropped ?? 0);
    const share = lost / Math.max(1, lost + (answered ?? 0));
    if (!answered || p95Ms === null || p95Ms >= heldP95Ms || share > lostShareMax) break;
    held = rate;
  }
  return held;
}
