// Whether labelled messages are good enough to learn from. What is poor is named, with the figure found and the one wanted.
import { findSuspicious } from '../data-sets/suspicious-labels.ts';
import type { Example } from '../trainer.ts';
import type { Answering, Collection } from './collection.ts';

export interface QualityRules {
  /** Texts with a usable answer that there have to be. */
  readonly labelsMin: number;
  /** Of them, newest ones to judge on. */
  readonly recentMin: number;
  /** Share of the answered rows whose text may have several answers. */
  readonly conflictingMax: number;
  /** Share of the answered rows that may have a label which the model does not know. */
  readonly unknownMax: number;
  /** Share of the labels that a model which has not seen them may doubt. */
  readonly suspiciousMax: number;
}

export interface Finding {
  readonly code:
    | 'too-few-labels'
    | 'too-few-recent'
    | 'one-label'
    | 'conflicting-labels'
    | 'unknown-labels'
    | 'suspicious-labels'
    | 'leakage';
  /** In words, with figures. */
  readonly what: string;
}

export interface Quality {
  /** What is poor; none of it: good. */
  readonly findings: readonly Finding[];
  /** Share of the judged labels that are doubted; null where they were too few to tell. */
  readonly suspiciousShare: number | null;
  /** Texts by their label. */
  readonly labels: Readonly<Record<string, number>>;
}

/** Looks a collection through. Deterministic for a seed; throws the signal’s reason when aborted. */
export async function assessQuality(
  collection: Collection,
  { activation }: Answering,
  rules: QualityRules,
  { seed, signal }: { readonly seed: number; readonly signal?: AbortSignal | undefined },
): Promise<Quality> {
  const { train, calibration, recent, counts } = collection;
  const all = [...train, ...calibration, ...recent];
  const labels: Record<string, number> = {};
  for (const example of all) for (const label of example.labels) labels[label] = (labels[label] ?? 0) + 1;
  const findings = [
    ...findingsOfNumbers(collection, rules),
    ...(activation === 'identity' ? [] : findingsOfLabels(train, recent)),
    ...findingsOfShares(counts, rules),
    ...findingsOfLeakage([...train, ...calibration], recent),
  ];
  // What is poor anyway need not be learned from to be doubted.
  if (findings.length > 0) return { findings, suspiciousShare: null, labels };
  const doubted = await findSuspicious(all, activation === 'identity' ? 'score' : 'classification', {
    seed,
    signal,
  });
  const suspiciousShare = doubted === null ? null : doubted.found / doubted.judged;
  const isDoubtful = suspiciousShare !== null && suspiciousShare > rules.suspiciousMax;
  const what = `${percent(suspiciousShare ?? 0)} of the labels are doubted by a model that has not seen them, at most ${percent(rules.suspiciousMax)} may be`;
  return { findings: isDoubtful ? [{ code: 'suspicious-labels', what }] : [], suspiciousShare, labels };
}

function findingsOfNumbers({ recent, counts }: Collection, rules: QualityRules): readonly Finding[] {
  if (counts.used < rules.labelsMin)
    return [
      {
        code: 'too-few-labels',
        what: `${counts.used} texts have a usable label, at least ${rules.labelsMin} are needed`,
      },
    ];
  if (recent.length >= rules.recentMin) return [];
  const what = `${recent.length} of the newest texts are left to judge on, at least ${rules.recentMin} are needed`;
  return [{ code: 'too-few-recent', what }];
}

function findingsOfLabels(train: readonly Example[], recent: readonly Example[]): readonly Finding[] {
  const parts = [
    ['to learn from', train],
    ['to judge on', recent],
  ] as const;
  return parts.flatMap(([name, examples]): Finding[] => {
    const found = new Set(examples.flatMap(({ labels }) => labels));
    if (found.size > 1) return [];
    return [{ code: 'one-label', what: `the texts ${name} have one label only: ${[...found].join('')}` }];
  });
}

function findingsOfShares(
  { conflicting, unknownLabels, used, repeated, near }: Collection['counts'],
  { conflictingMax, unknownMax }: QualityRules,
): readonly Finding[] {
  const unknown = Object.values(unknownLabels).reduce((sum, rows) => sum + rows, 0);
  const answered = used + repeated + near + conflicting + unknown;
  const findings: Finding[] = [];
  if (conflicting > conflictingMax * answered)
    findings.push({
      code: 'conflicting-labels',
      what: `${percent(conflicting / answered)} of the rows are texts with several labels, at most ${percent(conflictingMax)} may be`,
    });
  if (unknown > unknownMax * answered)
    findings.push({
      code: 'unknown-labels',
      what: `${percent(unknown / answered)} of the rows have labels that the model does not know (${Object.keys(unknownLabels).slice(0, 5).join(', ')}), at most ${percent(unknownMax)} may`,
    });
  return findings;
}

/** Collecting keeps the parts apart: a text in both is a bug that would make every figure too good. */
function findingsOfLeakage(learned: readonly Example[], recent: readonly Example[]): readonly Finding[] {
  const held = new Set(recent.map(({ text }) => text));
  const leaked = learned.filter(({ text }) => held.has(text)).length;
  if (leaked === 0) return [];
  return [{ code: 'leakage', what: `${leaked} texts are both learned from and judged on` }];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
