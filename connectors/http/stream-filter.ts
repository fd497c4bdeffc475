// Which messages a listener wants: the query of /v1/stream as a predicate.
import type { Alert } from '../../schemas/alert.ts';
import type { Score } from '../../schemas/score.ts';
import type { Message } from '../../schemas/topic.ts';
import type { Caller } from '../access/caller.ts';
import { HttpProblem } from './problem.ts';

export const listenable = ['scores', 'alerts'] as const;
export type Listenable = (typeof listenable)[number];

/** The query, as text; its form is checked by the schema below. */
export interface StreamQuery {
  readonly topic?: Listenable;
  readonly tenant?: string;
  readonly kind?: string;
  readonly language?: string;
  readonly sentiment?: string;
  readonly emotion?: string;
  readonly intent?: string;
  readonly toxic?: 'true' | 'false';
  readonly minToxicity?: string;
  readonly maxQuality?: string;
  readonly severity?: string;
  readonly lastEventId?: string;
}

const word = (description: string) =>
  ({ type: 'string', minLength: 1, maxLength: 128, description }) as const;
const number = (description: string) =>
  ({ type: 'string', pattern: '^\\d{1,3}(\\.\\d{1,9})?$', description }) as const;

export const streamQuerySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    topic: { type: 'string', enum: listenable, description: 'Scores, where absent.' },
    tenant: word(
      'Another tenant than the caller’s: for callers with the scope `admin`, who get all without it.',
    ),
    kind: { type: 'string', enum: ['comment', 'prompt'] },
    language: word('Language of the text, BCP 47.'),
    sentiment: word('Sentiment of a comment.'),
    emotion: word('Leading emotion of a comment.'),
    intent: word('What a prompt wants.'),
    toxic: { type: 'string', enum: ['true', 'false'] },
    minToxicity: number('Least toxicity, 0 to 1.'),
    maxQuality: number('Highest quality of a prompt, 0 to 100.'),
    severity: word('Severity of an alert.'),
    lastEventId: {
      type: 'string',
      maxLength: 4_096,
      description: 'As the header Last-Event-ID, which wins.',
    },
  },
};

const scoreWords = ['kind', 'language', 'sentiment', 'emotion', 'intent'] as const;

/** Throws `HttpProblem` where the caller may not have what is asked for. */
export function wantedBy(query: StreamQuery, caller: Caller): (message: Message) => boolean {
  if (query.topic === 'alerts')
    return (message) => query.severity === undefined || (message as Alert).severity === query.severity;
  const isAdmin = caller.scopes.includes('admin');
  if (!isAdmin && query.tenant !== undefined && query.tenant !== caller.tenant)
    throw new HttpProblem(403, 'tenant', 'Scores of other tenants are for callers with the scope admin.');
  const tenant = isAdmin ? query.tenant : caller.tenant;
  const words = scoreWords.filter((name) => query[name] !== undefined);
  const minToxicity = query.minToxicity === undefined ? null : Number(query.minToxicity);
  const maxQuality = query.maxQuality === undefined ? null : Number(query.maxQuality);
  const toxic = query.toxic === undefined ? null : query.toxic === 'true';
  return (message) => {
    const score = message as Score;
    return (
      (tenant === undefined || score.tenant === tenant) &&
      words.every((name) => score[name] === query[name]) &&
      (toxic === null || score.toxic === toxic) &&
      (minToxicity === null || (score.toxicity !== null && score.toxicity >= minToxicity)) &&
      (maxQuality === null || (score.quality !== null && score.quality <= maxQuality))
    );
  };
}
