// Scores: the answer about one message, made from all predictions and the rules.
import { origin } from './features.ts';
import { envelope, type MessageOf, topic } from './topic.ts';

const confidence = (of: string) =>
  ({ type: 'float', unit: 'probability', doc: `Calibrated probability of ${of}.`, optional: true }) as const;
const points = (doc: string) => ({ type: 'float', unit: 'points (0–100)', doc, optional: true }) as const;

export const scores = topic({
  name: 'scores',
  title: 'Score',
  version: 1,
  doc: 'The one answer about a message: labels with confidence, and for prompts complexity and quality.',
  key: 'messageId',
  fields: {
    ...envelope,
    ...origin,
    language: { type: 'label', doc: 'Most probable language, BCP 47.', optional: true },
    languageConfidence: confidence('the language'),
    sentiment: { type: 'label', doc: '`negative`, `neutral` or `positive`.', optional: true },
    sentimentConfidence: confidence('the sentiment'),
    emotion: { type: 'label', doc: 'Leading emotion.', optional: true },
    emotionConfidence: confidence('the emotion'),
    toxicity: {
      type: 'float',
      unit: 'probability',
      doc: 'Calibrated probability that the comment is toxic.',
      optional: true,
    },
    toxic: {
      type: 'flag',
      doc: 'Toxicity is at or above the configured threshold of the comment’s language.',
      optional: true,
    },
    intent: { type: 'label', doc: 'What a prompt wants.', optional: true },
    intentConfidence: confidence('the intent'),
    complexity: { type: 'float', unit: 'ratio (0–1)', doc: 'How demanding a prompt is.', optional: true },
    quality: points('Overall quality of a prompt, the weighted mean of the sub-scores.'),
    clarity: points('Is it plain what is asked?'),
    specificity: points('Are constraints, numbers, examples and details given?'),
    structure: points('Is it ordered into sentences, lists and parts in proportion to its length?'),
    context: points('Does it carry the background that an answer needs?'),
    releases: { type: 'labels', doc: 'Every model and rule set that had a say, `task@version`.' },
  },
  orderBy: ['tenant', 'kind', 'eventTime', 'messageId'],
  lookedUpBy: ['id', 'messageId'],
  producers: ['scoring'],
  consumers: ['products', 'ClickHouse'],
});
export type Score = MessageOf<typeof scores>;

const aboutMessage: ReadonlySet<string> = new Set([...Object.keys({ ...envelope, ...origin }), 'releases']);

/** What a score says about the text: the fields that somebody answered, without those that say who and when. */
export const answersOf = (score: Score): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(score).filter(([name, value]) => value !== null && !aboutMessage.has(name)),
  );
