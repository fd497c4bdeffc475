// The evaluation part of a model card: held-out figures with intervals, by label, by value and by slice.
import type { Figures } from '../../schemas/model-figures.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';

const percent = (ratio: number): string => (100 * ratio).toFixed(1);

/** Every figure of the manifest as Markdown tables. */
export function printEvaluation(manifest: ModelManifest): string {
  const { figures, activation } = manifest;
  if (figures.length === 0) return 'No held-out set was judged.';
  const isValued = activation === 'identity';
  const isRanked = figures.some(({ mrr }) => mrr !== undefined);
  const leading = figures[0]!;
  return [
    isValued ? (isRanked ? printRanked(manifest) : printValues(manifest)) : printLabelled(manifest),
    figures.some(({ intervals }) => intervals !== undefined)
      ? 'In brackets: the interval that holds the true figure 95 times of 100, by bootstrap over rows.'
      : '',
    noteOf(manifest),
    ...figures.map(printAnswered),
    isValued ? printByValue(leading) : printByLabel(leading),
    ...(isRanked ? [] : figures.map(printSlices)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function printLabelled(manifest: ModelManifest): string {
  const hasAuc = manifest.figures.some(({ auc }) => auc !== undefined);
  const rows = manifest.figures.map((figures) => [
    nameOf(manifest, figures),
    figures.samples,
    withInterval(figures, 'accuracy', percent),
    withInterval(figures, 'macroF1', percent),
    ...(hasAuc ? [withInterval(figures, 'auc', percent)] : []),
    percent(figures.calibrationError),
  ]);
  const names = ['accuracy %', 'macro-F1 %', ...(hasAuc ? ['ROC-AUC %'] : []), 'calibration error (points)'];
  return table(['set', 'n', ...names], rows);
}

function printValues(manifest: ModelManifest): string {
  const points = (value: number) => value.toFixed(2);
  const rows = manifest.figures.map((figures) => [
    nameOf(manifest, figures),
    figures.samples,
    withInterval(figures, 'mae', points),
    withInterval(figures, 'rmse', points),
    withInterval(figures, 'r2', points),
    withInterval(figures, 'within5', percent),
    withInterval(figures, 'within10', percent),
    withInterval(figures, 'spearman', points),
  ]);
  return table(['set', 'n', 'MAE', 'RMSE', 'R²', 'within 5 %', 'within 10 %', 'Spearman'], rows);
}

function printRanked(manifest: ModelManifest): string {
  const rows = manifest.figures.map((figures) => [
    nameOf(manifest, figures),
    figures.samples,
    ...(['mrr', 'map', 'ndcg5', 'ndcg10', 'recall5'] as const).map((name) =>
      withInterval(figures, name, percent),
    ),
  ]);
  return table(['set', 'pairs', 'MRR %', 'MAP %', 'NDCG@5 %', 'NDCG@10 %', 'recall@5 %'], rows);
}

/** What accuracy and F1 mean where that needs saying. */
function noteOf({ activation, thresholds }: ModelManifest): string {
  if (activation === 'sigmoid')
    return 'Any number of labels may hold: accuracy asks whether exactly those that hold are called, F1 takes each label by itself.';
  if (activation === 'softmax' && thresholds !== undefined)
    return 'Several labels may hold: accuracy asks whether the leading label holds, F1 takes every label at its threshold.';
  return '';
}

const printAnswered = ({ set, answered }: Figures): string =>
  answered === undefined
    ? ''
    : `On ${set} it answers ${percent(answered.share)} % of the rows with at least the confidence below which it abstains, and is right in ${percent(answered.accuracy)} % of them.`;

function printByLabel({ set, perLabel }: Figures): string {
  const rows = perLabel.map(({ label, precision, recall, f1, support }) => [
    label,
    percent(precision),
    percent(recall),
    percent(f1),
    support,
  ]);
  return rows.length === 0
    ? ''
    : `### By label, on ${set}\n\n${table(['label', 'precision %', 'recall %', 'F1 %', 'n'], rows)}`;
}

function printByValue({ set, perValue = [] }: Figures): string {
  if (perValue.length < 2) return '';
  const rows = perValue.map(({ label, mae, rmse, r2, within10, spearman }) => [
    label,
    mae.toFixed(2),
    rmse.toFixed(2),
    r2.toFixed(2),
    percent(within10),
    spearman?.toFixed(2) ?? '–',
  ]);
  return `### By value, on ${set}\n\n${table(['value', 'MAE', 'RMSE', 'R²', 'within 10 %', 'Spearman'], rows)}`;
}

function printSlices({ set, mae, slices = [] }: Figures): string {
  // Where values are predicted, a row is right within ten points.
  const share = mae === undefined ? 'accuracy %' : 'within 10 %';
  const rows = slices.map(({ column, value, samples, accuracy, interval: [low, high] }) => [
    column,
    value,
    samples,
    `${percent(accuracy)} [${percent(low)}–${percent(high)}]`,
  ]);
  return rows.length === 0 ? '' : `### By slice, on ${set}\n\n${table(['slice', 'value', 'n', share], rows)}`;
}

const nameOf = ({ data }: ModelManifest, { set }: Figures): string =>
  data.some(({ name, shipped }) => name === set && !shipped) ? `${set} (evaluated, not shipped)` : set;

type Numeric = Exclude<
  { [Name in keyof Figures]-?: NonNullable<Figures[Name]> extends number ? Name : never }[keyof Figures],
  'samples'
>;

function withInterval(figures: Figures, name: Numeric, print: (value: number) => string): string {
  const value = figures[name];
  if (value === undefined) return '–';
  const interval = figures.intervals?.[name];
  return interval === undefined ? print(value) : `${print(value)} [${interval.map(print).join('–')}]`;
}

/** Columns whose first row is a number, or starts like one, stand to the right. */
function table(names: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const rules = names.map((_, column) => (/^-?\d/.test(String(rows[0]?.[column] ?? '')) ? '---:' : '---'));
  const cells = rows.map(
    (row) => `| ${row.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`,
  );
  return `| ${names.join(' | ')} |\n|${rules.join('|')}|\n${cells.join('\n')}`;
}
