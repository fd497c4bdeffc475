// The scoring processor: from what every model said about a message to the one answer about it.
import { derivedId } from '../../schemas/identity.ts';
import { ok, type Process } from '../../schemas/outcome.ts';
import type { Prediction, Result } from '../../schemas/prediction.ts';
import type { Score } from '../../schemas/score.ts';
import { complexityOf, type Quality, qualityOf } from './quality.ts';
import { rulesRelease, subScores } from './rules.ts';

export interface ScoringOptions {
  /** A comment is called toxic from this probability on. */
  readonly toxicityThreshold: number;
  /** Thresholds of single languages, by BCP 47 tag; `pt` also holds for `pt-BR`. */
  readonly toxicityThresholds: Readonly<Record<string, number>>;
}

const undetermined = 'und';
/** The labels of a model for the quality of prompts; the rules answer the same. */
const qualityLabels = ['quality', ...subScores] as const;
/** The label whose probability is the toxicity. */
const toxicLabel = 'toxic';

/** A processor from predictions to scores, one each. Tasks that nobody answered are null in the score. */
export function createScoring(options: ScoringOptions): Process<Prediction, Score> {
  return async (batch) => batch.map((prediction) => ok(scoreOf(prediction, options)));
}

/** Every field is named once: objects that are put together from parts are slow to make and slow to read. */
function scoreOf(prediction: Prediction, options: ScoringOptions): Score {
  const isPrompt = prediction.kind === 'prompt';
  const releases: string[] = [];
  // A candidate that only watched had no say.
  for (const { release, arm } of prediction.results) if (arm !== 'shadow') releases.push(release);
  if (isPrompt) releases.push(rulesRelease);
  const comment = isPrompt ? noComment : commentOf(prediction, options);
  const prompt = isPrompt ? promptOf(prediction) : noPrompt;
  return {
    id: derivedId(prediction.messageId, 'scoring', ...releases),
    tenant: prediction.tenant,
    eventTime: prediction.eventTime,
    ingestTime: prediction.ingestTime,
    source: prediction.source,
    traceparent: prediction.traceparent,
    messageId: prediction.messageId,
    kind: prediction.kind,
    language: prediction.language === undetermined ? null : prediction.language,
    languageConfidence: rounded(resultOf(prediction.results, 'language')?.confidence),
    sentiment: comment.sentiment,
    sentimentConfidence: comment.sentimentConfidence,
    emotion: comment.emotion,
    emotionConfidence: comment.emotionConfidence,
    toxicity: comment.toxicity,
    toxic: comment.toxic,
    intent: prompt.intent,
    intentConfidence: prompt.intentConfidence,
    complexity: prompt.complexity,
    quality: prompt.quality,
    clarity: prompt.clarity,
    specificity: prompt.specificity,
    structure: prompt.structure,
    context: prompt.context,
    releases,
  };
}

type CommentPart = Pick<
  Score,
  'sentiment' | 'sentimentConfidence' | 'emotion' | 'emotionConfidence' | 'toxicity' | 'toxic'
>;
type PromptPart = Pick<
  Score,
  | 'intent'
  | 'intentConfidence'
  | 'complexity'
  | 'quality'
  | 'clarity'
  | 'specificity'
  | 'structure'
  | 'context'
>;

const noComment: CommentPart = {
  sentiment: null,
  sentimentConfidence: null,
  emotion: null,
  emotionConfidence: null,
  toxicity: null,
  toxic: null,
};
const noPrompt: PromptPart = {
  intent: null,
  intentConfidence: null,
  complexity: null,
  quality: null,
  clarity: null,
  specificity: null,
  structure: null,
  context: null,
};

function commentOf({ results, language }: Prediction, options: ScoringOptions): CommentPart {
  const sentiment = resultOf(results, 'sentiment');
  const emotion = resultOf(results, 'emotion');
  const toxicity = toxicityOf(resultOf(results, 'toxicity'));
  return {
    sentiment: sentiment?.label ?? null,
    sentimentConfidence: rounded(sentiment?.confidence),
    emotion: emotion?.label ?? null,
    emotionConfidence: rounded(emotion?.confidence),
    toxicity,
    toxic: toxicity === null ? null : toxicity >= Math.fround(thresholdOf(language, options)),
  };
}

function promptOf({ results, values }: Prediction): PromptPart {
  const intent = resultOf(results, 'prompt-intent');
  return {
    ...noPrompt,
    ...(values ? { complexity: Math.fround(complexityOf(values)) } : {}),
    ...pointsOf(judgedQuality(results) ?? (values ? qualityOf(values) : null)),
    intent: intent?.label ?? null,
    intentConfidence: rounded(intent?.confidence),
  };
}

/** What a model says about the quality, if one was asked that answers with points for it and for every sub-score. */
function judgedQuality(results: readonly Result[]): Quality | null {
  const result = resultOf(results, 'prompt-quality');
  if (result === undefined) return null;
  const points = qualityLabels.map((label) => result.probabilities[result.labels.indexOf(label)]);
  if (points.includes(undefined)) return null;
  // A result carries points as shares of 100.
  return Object.fromEntries(qualityLabels.map((label, at) => [label, 100 * points[at]!])) as Quality;
}

function pointsOf(quality: Quality | null): Partial<PromptPart> {
  if (quality === null) return {};
  return Object.fromEntries(qualityLabels.map((label) => [label, Math.fround(quality[label])]));
}

/** Probability of the toxic label; labels that a prediction leaves out are below one per cent and count as 0. */
function toxicityOf(result: Result | undefined): number | null {
  if (result === undefined) return null;
  const place = result.labels.indexOf(toxicLabel);
  if (place >= 0) return rounded(result.probabilities[place]);
  return result.label === toxicLabel ? rounded(result.confidence) : 0;
}

/** Threshold of a language, of its family where the exact tag has none, or the general one. */
function thresholdOf(language: string, { toxicityThreshold, toxicityThresholds }: ScoringOptions): number {
  const [primary = language] = language.split('-');
  return toxicityThresholds[language] ?? toxicityThresholds[primary] ?? toxicityThreshold;
}

const resultOf = (results: readonly Result[], task: string): Result | undefined =>
  results.find((result) => result.task === task && result.arm !== 'shadow');

/** As Avro and ClickHouse will keep it: a 32-bit float. */
const rounded = (value: number | undefined): number | null =>
  value === undefined ? null : Math.fround(value);
