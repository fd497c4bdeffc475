// What to do about a window, in plain words.
import type { Move } from '../../processors/drift/moves.ts';
import type { DriftReport } from '../../schemas/drift-report.ts';
import { taskOf } from './jobs.ts';

type Found = Pick<
  DriftReport,
  | 'release'
  | 'verdict'
  | 'samples'
  | 'statistics'
  | 'expectedAccuracy'
  | 'accuracy'
  | 'labelled'
  | 'predictionScore'
>;

/** Labels that an accuracy has to rest on before it is worth a word. */
const labelledMin = 50;
const accuracyGapMax = 0.1;

export function recommendationsFor(found: Found, moves: readonly Move[]): readonly string[] {
  return [...waiting(found), ...drifting(found, moves), ...unsure(found)];
}

const waiting = ({ verdict, samples }: Found): readonly string[] =>
  verdict === 'too-few-samples' && samples > 0
    ? ['Take a longer window, or lower samplesMin, if this traffic is to be judged.']
    : [];

function drifting({ verdict, release, statistics }: Found, moves: readonly Move[]): readonly string[] {
  if (verdict !== 'drifted') return [];
  const task = taskOf(release);
  const drifted = new Set(statistics.filter((each) => each.drifted).map(({ feature }) => feature));
  const told: string[] = [];
  const grown = moves.find(({ feature, before, after }) => feature === 'language' && after > before);
  if (grown)
    told.push(
      `More messages are in ${grown.bin} than ${release} was judged on: see how right it is there before relying on it.`,
    );
  if (drifted.has('label') || drifted.has('confidence'))
    told.push(
      'The answers themselves moved. Read the examples: either the world says other things now, or the model errs on them.',
    );
  if (statistics.some(({ statistic, drifted: missing }) => missing && statistic === 'missing-rate'))
    told.push(
      'Values are missing that used to be there: look at the producers and at the feature stage first.',
    );
  told.push(
    `Label some of these messages (\`millrace label next --task ${task}\`): labels say whether accuracy fell, counts cannot.`,
  );
  told.push(
    `If accuracy fell, train on them (\`millrace retrain ${task}\`); if it held, let this traffic be the baseline at the next promotion.`,
  );
  return told;
}

function unsure({ accuracy, expectedAccuracy, labelled, release }: Found): readonly string[] {
  if (accuracy === null || expectedAccuracy === null || (labelled ?? 0) < labelledMin) return [];
  const gap = expectedAccuracy - accuracy;
  if (Math.abs(gap) < accuracyGapMax) return [];
  const points = (value: number): string => `${(100 * value).toFixed(0)} %`;
  return [
    `${release} is right in ${points(accuracy)} of ${labelled} labelled messages while its confidence promises ${points(expectedAccuracy)}: calibrate it anew.`,
  ];
}
