// POST /v1/analyze: texts in, answers out, by the same processors as the streams.
import type { FastifyInstance } from 'fastify';
import {
  type AnalyzeItem,
  type AnalyzeRequest,
  analyzeAnswer,
  analyzeRequest,
  jsonSchemaOf,
} from '../../schemas/requests.ts';
import { askerOf } from './admission.ts';
import type { Analysis, ModelRequests } from './parts.ts';
import { unusableBody } from './problem.ts';
import { problemSchemas } from './schemas.ts';

const schema = {
  tags: ['scores'],
  summary: 'Analyse one text or up to 1,000',
  description:
    'Answers with a score, what each model said, releases and timings. Predictions and scores are published as well, shortly after the answer; the texts themselves are not.',
  body: jsonSchemaOf(analyzeRequest),
  response: { 200: jsonSchemaOf(analyzeAnswer), ...problemSchemas(400, 413, 415, 422, 429, 503) },
};

export function addAnalyzeRoute(app: FastifyInstance, models: () => ModelRequests): void {
  const config = { scopes: ['analyze'], repeatable: true } as const;
  app.post<{ Body: AnalyzeRequest }>('/v1/analyze', { schema, config }, async (request, reply) => {
    const { body } = request;
    const answer = await models().analyze(analysisOf(body), askerOf(request));
    const errors = answer.items.flatMap(({ error }, index) =>
      error ? [{ pointer: pointerTo(body, index), detail: error.detail, code: error.code }] : [],
    );
    if (errors.length === answer.items.length)
      throw unusableBody(errors.map(({ pointer, detail }) => ({ pointer, detail })));
    const { totalMs, featuresMs, modelMs, scoringMs } = answer.timings;
    reply.header(
      'server-timing',
      `total;dur=${totalMs}, features;dur=${featuresMs}, model;dur=${modelMs}, scoring;dur=${scoringMs}`,
    );
    return answer;
  });
}

/** The texts of a body in whichever form it has. Throws `HttpProblem` when it has none or several. */
function analysisOf({ text, texts, items, kind, tasks }: AnalyzeRequest): Analysis {
  const forms = [text, texts, items].filter((form) => form !== undefined).length;
  if (forms !== 1)
    throw unusableBody([{ pointer: '', detail: 'exactly one of text, texts and items is wanted' }]);
  if (items && kind)
    throw unusableBody([
      { pointer: '/kind', detail: '/kind goes with text and texts; items have their own' },
    ]);
  const itemOf = (one: string): AnalyzeItem => (kind ? { text: one, kind } : { text: one });
  return { items: items ?? (texts ?? [text!]).map(itemOf), tasks: tasks ?? null };
}

const pointerTo = ({ text, texts }: AnalyzeRequest, index: number): string =>
  text === undefined ? `/${texts ? 'texts' : 'items'}/${index}${texts ? '' : '/text'}` : '/text';
