// The details part of a model card: what a model is, what it reads and how it answers.
import type { ModelManifest } from '../../schemas/model-manifest.ts';

/** Whether it answers values instead of probabilities. */
export const isValued = ({ activation }: ModelManifest): boolean => activation === 'identity';

/** Labels listed by name at most: embeddings have hundreds of dimensions. */
const labelsListed = 120;

/** One line for each thing to know about a release of so many bytes. */
export function shapeOf(manifest: ModelManifest, bytes: number): readonly string[] {
  const { task, labels, activation, emptyLabel, parent, commit } = manifest;
  const listed = labels.slice(0, labelsListed).join(', ');
  return [
    `Kind: ${kindOf(manifest)}, ${activation}, ${(bytes / 1e6).toFixed(1)} MB`,
    `${isValued(manifest) ? 'Values' : 'Labels'} (${labels.length}): ${listed}${labels.length > labelsListed ? ' …' : ''}`,
    ...readingOf(manifest),
    ...(isValued(manifest) ? [] : [`A text without words is called \`${emptyLabel}\``]),
    ...decisionsOf(manifest),
    ...(parent === undefined ? [] : [`Trained from, or follows, \`${parent}\``]),
    `Made by: \`trainers/\` of Millrace for the task \`${task}\`${commit === undefined ? '' : `, code at ${commit}`}`,
  ];
}

/** What the model is, in a few words. A kind without a line here is called by its name. */
function kindOf(manifest: ModelManifest): string {
  switch (manifest.kind) {
    case 'ngram':
      return 'hashed n-grams, pooled embeddings, a linear layer, embeddings in eight bits';
    case 'linear':
      return 'a sparse linear model over hashed n-grams';
    case 'language':
      return `hashed n-grams and, beside them, a model of each language's characters (order ${manifest.characters.order})`;
    case 'forest':
      return `an ensemble of decision trees over ${manifest.featureNames.length} features of the text`;
    case 'transformer':
      return `a transformer (${manifest.architecture}, ${manifest.purpose}, ${manifest.precision}), trained elsewhere`;
    case 'ranker':
      return `a scorer of question and candidate over ${manifest.features.length} features of the pair`;
    case 'cnn':
      return `a convolution over word embeddings, trained with TensorFlow.js (${manifest.backend})`;
    case 'hashed':
      return `hashed words${manifest.hashing.bigrams ? ' and pairs of words' : ''} in ${manifest.hashing.buckets} buckets, trained elsewhere`;
    default:
      return manifest.kind;
  }
}

/** What it reads of a text and how its probabilities were calibrated, where the kind says so. */
function readingOf(manifest: ModelManifest): readonly string[] {
  const lines: string[] = [];
  if ('featurizer' in manifest) {
    const { words, charactersMin, charactersMax, idsMax } = manifest.featurizer;
    lines.push(
      `Reads words 1–${words} and characters ${charactersMin}–${charactersMax} within words, at most ${idsMax} n-grams of a text, about ${Math.round(idsMax / 19)} words`,
    );
  }
  if ('hashing' in manifest) lines.push(`Reads at most ${manifest.hashing.idsMax} ids of a text`);
  if ('maxTokens' in manifest) lines.push(`Reads at most ${manifest.maxTokens} tokens of a text`);
  if ('wordsMax' in manifest) lines.push(`Reads at most ${manifest.wordsMax} words of a text`);
  if ('calibration' in manifest && manifest.calibration === 'platt')
    lines.push('Probabilities are calibrated by a line for each label (Platt), on rows kept from training');
  else if ('temperature' in manifest && manifest.temperature !== undefined && !isValued(manifest))
    lines.push(
      `Probabilities are calibrated by one temperature, ${manifest.temperature}, on rows kept from training`,
    );
  return lines;
}

/** What turns probabilities into answers. */
function decisionsOf(manifest: ModelManifest): readonly string[] {
  const { thresholds, abstainBelow, confidence } = manifest;
  const lines: string[] = [];
  if (confidence !== undefined)
    lines.push(
      'The confidence shown is the leading probability put through an isotonic curve, fitted on rows kept from training',
    );
  if (thresholds !== undefined) {
    const list = Object.entries(thresholds).map(([label, value]) => `${label} ${value}`);
    lines.push(`Thresholds: ${list.join(', ')}`);
  }
  if ('outOfScope' in manifest && manifest.outOfScope !== undefined)
    lines.push(
      `Called \`${manifest.outOfScope.label}\` where no other label reaches ${manifest.outOfScope.below}`,
    );
  if (abstainBelow !== undefined) lines.push(`Abstains below a confidence of ${abstainBelow}`);
  return lines;
}
