// Drift jobs with everything decided: what was declared, and for what was left out the other settings.
import type { Correction, StatisticName } from '../../processors/drift/statistics.ts';
import { usualStatistics } from '../../processors/drift/thresholds.ts';
import type { Kind } from '../../schemas/features.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { DriftJobSettings } from '../configuration/drift-job-settings.ts';

export interface DriftJob {
  readonly name: string;
  /** Whose releases are looked at; null: of every task. */
  readonly tasks: readonly string[] | null;
  /** The releases that are looked at; null: all. */
  readonly releases: readonly string[] | null;
  /** The messages that are looked at; null: comments and prompts, each by themselves. */
  readonly kind: Kind | null;
  readonly tenants: 'together' | 'apart';
  readonly window: 'tumbling' | 'sliding';
  /** Length of a window, and time from the end of one to the end of the next: ms, whole minutes. */
  readonly sizeMs: number;
  readonly stepMs: number;
  /** Features that are compared; null: all that have a baseline. */
  readonly features: readonly string[] | null;
  readonly statistics: readonly StatisticName[];
  readonly thresholds: Readonly<Partial<Record<StatisticName, number>>>;
  /** Of a whole window. */
  readonly falseAlarmRate: number;
  /** Whether thresholds are resampled for that rate, too. */
  readonly calibrated: boolean;
  readonly correction: Correction;
  readonly samplesMin: number;
  readonly dataThreshold: number;
  readonly predictionThreshold: number;
}

type DriftSettings = Configuration['drift'];

/** The declared jobs; without any, one job over everything. */
export function driftJobs({ drift }: Pick<Configuration, 'drift'>): readonly DriftJob[] {
  return drift.jobs.length === 0 ? [jobOf(everything, drift)] : drift.jobs.map((job) => jobOf(job, drift));
}

const everything: DriftJobSettings = {
  name: 'window',
  tenants: 'together',
  window: 'tumbling',
  thresholds: {},
  correction: 'holm',
};

function jobOf(declared: DriftJobSettings, settings: DriftSettings): DriftJob {
  const sizeMs = declared.size ?? settings.windowMs;
  return {
    name: declared.name,
    tasks: declared.tasks ?? null,
    releases: declared.releases ?? null,
    kind: declared.kind ?? null,
    tenants: declared.tenants,
    window: declared.window,
    sizeMs,
    stepMs: declared.window === 'sliding' ? (declared.step ?? sizeMs) : sizeMs,
    features: declared.features ?? null,
    statistics: declared.statistics ?? usualStatistics,
    thresholds: { 'chi-square': settings.effectMin, ...declared.thresholds },
    falseAlarmRate: declared.falseAlarmRate ?? settings.falseAlarmRate,
    calibrated: declared.falseAlarmRate !== undefined,
    correction: declared.correction,
    samplesMin: declared.samplesMin ?? settings.samplesMin,
    dataThreshold: declared.dataThreshold ?? settings.dataThreshold,
    predictionThreshold: declared.predictionThreshold ?? settings.predictionThreshold,
  };
}

/** Whether a job looks at a release. */
export const looksAt = ({ tasks, releases }: DriftJob, release: string): boolean =>
  (tasks === null || tasks.includes(taskOf(release))) && (releases === null || releases.includes(release));

export const taskOf = (release: string): string => release.split('@')[0] ?? release;
