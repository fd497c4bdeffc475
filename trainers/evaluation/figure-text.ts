// Figures as people read them.
import type { Figures } from '../../schemas/model-figures.ts';
import type { Figure } from './evaluation.ts';

/** A figure with its interval, as text. */
export function figureText(name: string, { value, low, high }: Figure): string {
  if (value === null) return '–';
  const print = (number: number) => (isShare(name) ? `${(100 * number).toFixed(1)} %` : number.toFixed(3));
  return low === undefined || low === null || high === undefined || high === null
    ? print(value)
    : `${print(value)} [${print(low)} – ${print(high)}]`;
}

const isShare = (name: string): boolean =>
  /^(accuracy|.*F1|balancedAccuracy|within\d+|calibrationError|mrr|map|ndcg\d+|recall\d+)$/.test(name);

/** The two figures that say most about a set: of a ranking, of scores, or of labels. */
export function headline({ accuracy, macroF1, mae, spearman, mrr, ndcg5 }: Figures): string {
  const share = (value: number | undefined) => (value === undefined ? '–' : `${(100 * value).toFixed(1)} %`);
  if (mrr !== undefined) return `MRR ${share(mrr)}, NDCG@5 ${share(ndcg5)}`;
  if (mae !== undefined) return `mean error ${mae.toFixed(1)}, Spearman ${spearman?.toFixed(2) ?? '–'}`;
  return `accuracy ${share(accuracy)}, macro-F1 ${share(macroF1)}`;
}
