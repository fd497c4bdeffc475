// The model card, printed from the manifest alone (Mitchell et al. 2019, arXiv:1810.03993).
import type { Figures, ModelManifest } from '../../schemas/model-manifest.ts';

const percent = (ratio: number): string => (100 * ratio).toFixed(1);

/** The card of a release, Markdown. */
export function printCard(manifest: ModelManifest, bytes: number): string {
  const sections = [
    `# ${manifest.release}\n\n${manifest.doc}`,
    printShape(manifest, bytes),
    `## Held-out figures\n\n${printFigures(manifest)}`,
    manifest.targets.length > 0 ? `## Beside them\n\n${bullets(manifest.targets)}` : '',
    `## Data\n\n${printData(manifest)}`,
    `## Limits\n\n${bullets(manifest.limits)}`,
    ...manifest.figures.slice(0, 1).map(printLabels),
    `## Make it again\n\n\`millrace train ${manifest.task} --seed ${manifest.seed}\` writes the same model and baselines, byte for byte. Figures on sets that are not in the repository need \`--data\`.`,
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

const bullets = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');

function printShape(manifest: ModelManifest, bytes: number): string {
  const { featurizer } = manifest;
  return bullets([
    `Kind: hashed n-grams (words 1–${featurizer.words}, characters ${featurizer.charactersMin}–${featurizer.charactersMax} within words), ${manifest.activation}, ${(bytes / 1e6).toFixed(1)} MB, embeddings in eight bits`,
    `Labels (${manifest.labels.length}): ${manifest.labels.join(', ')}`,
    `A text without words is called \`${manifest.emptyLabel}\``,
    `Reads at most ${featurizer.idsMax} n-grams of a text, about ${Math.round(featurizer.idsMax / 19)} words`,
    `Probabilities are calibrated by one temperature, ${manifest.temperature}, on rows kept from training`,
    ...(manifest.thresholds === undefined
      ? []
      : [
          `Thresholds: ${Object.entries(manifest.thresholds)
            .map(([label, value]) => `${label} ${value}`)
            .join(', ')}`,
        ]),
  ]);
}

function printFigures(manifest: ModelManifest): string {
  const shipped = new Map(manifest.data.map(({ name, shipped }) => [name, shipped]));
  const rows = manifest.figures.map(
    ({ set, samples, accuracy, macroF1, calibrationError }) =>
      `| ${set}${shipped.get(set) === false ? ' (evaluated, not shipped)' : ''} | ${samples} | ${percent(accuracy)} | ${percent(macroF1)} | ${percent(calibrationError)} |`,
  );
  const note =
    manifest.thresholds === undefined
      ? ''
      : '\n\nSeveral labels may hold: accuracy asks whether the leading label holds, F1 takes every label at its threshold.';
  return `| set | n | accuracy % | macro-F1 % | calibration error (points) |\n|---|---:|---:|---:|---:|\n${rows.join('\n')}${note}`;
}

function printData(manifest: ModelManifest): string {
  const rows = manifest.data.map(
    ({ name, role, rows, licence, source, shipped }) =>
      `| ${name} | ${role} | ${rows} | ${licence} | ${source} | ${shipped ? 'yes' : 'no'} |`,
  );
  return `| set | for | rows | licence | source | in the repository |\n|---|---|---:|---|---|---|\n${rows.join('\n')}`;
}

function printLabels({ set, perLabel }: Figures): string {
  const rows = perLabel.map(
    ({ label, precision, recall, f1, support }) =>
      `| ${label} | ${percent(precision)} | ${percent(recall)} | ${percent(f1)} | ${support} |`,
  );
  return `## By label, on ${set}\n\n| label | precision % | recall % | F1 % | n |\n|---|---:|---:|---:|---:|\n${rows.join('\n')}`;
}
