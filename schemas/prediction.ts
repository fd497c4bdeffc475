// Predictions: what every model said about one message.
import { featureItems, origin } from './features.ts';
import { envelope, type MessageOf, topic } from './topic.ts';

export const predictions = topic({
  name: 'predictions',
  title: 'Prediction',
  version: 1,
  doc: 'What the serving models said about one message, one result per task. They travel together, so that scoring needs no join.',
  key: 'messageId',
  fields: {
    ...envelope,
    ...origin,
    values: {
      type: 'vector',
      doc: 'The features a prompt had, for scoring by rules; absent for comments, which are scored by models alone.',
      optional: true,
      items: featureItems,
      stored: false,
    },
    textLength: { type: 'count', unit: 'code points', doc: 'Length of the cleaned text.' },
    language: { type: 'label', doc: 'Most probable language, BCP 47; `und` where no model says.' },
    results: {
      type: 'records',
      name: 'Result',
      doc: 'One result per task.',
      fields: {
        task: { type: 'label', doc: 'What was asked, such as `toxicity`.' },
        release: { type: 'label', doc: 'Which model answered, `task@version`.' },
        label: { type: 'label', doc: 'The answer.' },
        confidence: { type: 'float', unit: 'probability', doc: 'Calibrated probability of the answer.' },
        labels: { type: 'labels', doc: 'Leading answers, most probable first.' },
        probabilities: { type: 'floats', unit: 'probability', doc: 'Probabilities of `labels`.' },
        arm: {
          type: 'label',
          doc: 'Part in an experiment: `control` or `treatment` served the message, `shadow` only watched.',
          values: ['control', 'treatment', 'shadow'],
          optional: true,
        },
      },
    },
  },
  orderBy: ['tenant', 'kind', 'eventTime', 'messageId'],
  producers: ['inference'],
  consumers: ['scoring', 'ClickHouse'],
});
export type Prediction = MessageOf<typeof predictions>;
export type Result = Prediction['results'][number];
