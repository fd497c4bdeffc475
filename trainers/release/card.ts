// The model card in Hugging Face's format, printed from the manifest alone (Mitchell et al. 2019, arXiv:1810.03993).
import { stringify } from 'yaml';
import type { Figures } from '../../schemas/model-figures.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { printEvaluation } from './card-figures.ts';
import { isValued, shapeOf } from './card-shape.ts';

/** The card of a release of so many bytes, Markdown below YAML front matter. */
export function printCard(manifest: ModelManifest, bytes: number): string {
  const sections = [
    `# ${manifest.release}\n\n${manifest.doc}`,
    `## Model details\n\n${bullets(shapeOf(manifest, bytes))}`,
    `## Intended use\n\n${bullets(usesOf(manifest))}`,
    `## Training data\n\n${printData(manifest)}`,
    `## Evaluation\n\n${printEvaluation(manifest)}`,
    manifest.targets.length > 0
      ? `## What a user with a fine-tuned transformer gets\n\nFigures that others reach, and that this task strives for:\n\n${bullets(manifest.targets)}\n\nA transformer fine-tuned elsewhere is imported with \`millrace models import <folder>\` and judged on the same rows with \`millrace evaluate <release> --against ${manifest.release}\`.`
      : '',
    `## Limits\n\n${bullets(manifest.limits.length > 0 ? manifest.limits : ['None were written down.'])}`,
    `## How to get started\n\n${printStart(manifest)}`,
    `## Reproduce\n\n${printReproduction(manifest)}`,
  ];
  return `---\n${stringify(frontMatter(manifest), { lineWidth: 0 })}---\n\n${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

const bullets = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');

function frontMatter(manifest: ModelManifest): Readonly<Record<string, unknown>> {
  const { release, task, kind, figures, data } = manifest;
  const taskType = isValued(manifest) ? 'text-regression' : 'text-classification';
  return {
    ...languagesOf(manifest),
    license: licenceOf(manifest),
    library_name: 'onnx',
    ...(isValued(manifest) ? {} : { pipeline_tag: taskType }),
    tags: ['millrace', 'onnx', task, kind, taskType],
    datasets: [...new Set(data.filter(({ role }) => role !== 'test').map(({ name }) => name))],
    metrics: isValued(manifest) ? ['mae', 'mse', 'spearmanr'] : ['accuracy', 'f1'],
    'model-index': [
      {
        name: release,
        results: figures.map((set) => ({
          task: { type: taskType, name: task },
          dataset: { type: set.set, name: set.set, split: 'held out' },
          metrics: metricsOf(manifest, set).map(([type, name, value]) => ({ type, name, value })),
        })),
      },
    ],
  };
}

/** Ours are trained here; an imported one has the licence that was named at its import. */
const licenceOf = ({ kind, parameters }: ModelManifest): string =>
  kind === 'transformer' || kind === 'hashed' ? String(parameters.licence ?? 'other') : 'apache-2.0';

/** Codes for the hub: those a language model tells apart, English where the limits say so, else nothing. */
function languagesOf({ labels, limits }: ModelManifest): { readonly language?: readonly string[] } {
  const codes = labels.filter((label) => /^[a-z]{2,3}$/.test(label));
  if (codes.length > 4 && codes.length >= 0.8 * labels.length) return { language: codes };
  return limits.some((limit) => /\bEnglish\b/.test(limit)) ? { language: ['en'] } : {};
}

function metricsOf(
  manifest: ModelManifest,
  figures: Figures,
): readonly (readonly [type: string, name: string, value: number])[] {
  const listed = isValued(manifest)
    ? ([
        ['mrr', 'Mean reciprocal rank', figures.mrr],
        ['map', 'Mean average precision', figures.map],
        ['ndcg_at_5', 'NDCG@5', figures.ndcg5],
        ['mae', 'Mean absolute error', figures.mae],
        ['rmse', 'Root mean square error', figures.rmse],
        ['r2', 'R²', figures.r2],
        ['spearmanr', 'Spearman', figures.spearman],
      ] as const)
    : ([
        ['accuracy', 'Accuracy', figures.accuracy],
        ['f1', 'Macro-F1', figures.macroF1],
        ['roc_auc', 'ROC-AUC', figures.auc],
      ] as const);
  return listed.flatMap(([type, name, value]) => (value === undefined ? [] : [[type, name, value] as const]));
}

function usesOf(manifest: ModelManifest): readonly string[] {
  const what = isValued(manifest) ? 'scores texts' : 'labels texts';
  return [
    `Inside Millrace: ${what} as they flow through Kafka, behind the HTTP gateway, or from the command line. The ONNX file runs anywhere ONNX Runtime does, given the same features.`,
    'For decisions in bulk and for what people then look at. Not for decisions about a person that nobody reviews.',
    'Judge it on texts of your own before relying on it: figures hold for the sets below and fall where texts differ from them (`millrace evaluate` tells by how much).',
  ];
}

function printData({ data }: ModelManifest): string {
  const rows = data.map(
    ({ name, role, rows, licence, source, shipped }) =>
      `| ${name} | ${role} | ${rows} | ${licence} | ${source} | ${shipped ? 'yes' : 'no'} |`,
  );
  return `Sets for \`test\` were never learned from.\n\n| set | for | rows | licence | source | in the repository |\n|---|---|---:|---|---|---|\n${rows.join('\n')}`;
}

const printStart = ({ release, task }: ModelManifest): string =>
  `\`\`\`sh
echo "a text of yours" | millrace predict --model ${release}
millrace evaluate ${release} --out /tmp/${task}-report
millrace models show ${release} --json
\`\`\``;

function printReproduction({ kind, task, seed, parameters }: ModelManifest): string {
  const told = Object.entries(parameters).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const parameterLine = told.length > 0 ? `\n\nIt was told: ${told.join(', ')}.` : '';
  if (kind === 'transformer' || kind === 'hashed')
    return `It was trained elsewhere; \`millrace models import\` with the same files and options writes the same release.${parameterLine}`;
  return `\`millrace train ${task} --seed ${seed}\` writes the same model and baselines, byte for byte. Figures on sets that are not in the repository need \`--data\`.${parameterLine}`;
}
