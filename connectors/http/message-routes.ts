// Messages in, asynchronously: comments, prompts and feedback are accepted once they are durable in the log. And the
// way back: a stored score by its id.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  acceptedAnswer,
  type JsonSchema,
  jsonSchemaOf,
  type Posted,
  type PostedTopic,
  postable,
  storedScore,
} from '../../schemas/requests.ts';
import { askerOf, callerOf } from './admission.ts';
import type { Requests } from './parts.ts';
import { bodyErrorsOf, HttpProblem, unusableBody, type ValidationError } from './problem.ts';
import { postedSchemas, problemSchemas } from './schemas.ts';

const summaries: Readonly<Record<PostedTopic, string>> = {
  comments: 'Publish comments to be scored',
  prompts: 'Publish prompts to be scored',
  feedback: 'Say what a score should have been',
};

export function addMessageRoutes(app: FastifyInstance, requests: () => Requests): void {
  for (const topic of Object.keys(postable) as PostedTopic[]) addPostRoute(app, topic, requests);
  const schema = {
    tags: ['scores'],
    summary: 'A stored score, by its id or by the id of its message',
    description:
      'Scores are stored within a second or so after they were made. The newest one, where there are several.',
    params: { type: 'object', properties: { id: { type: 'string', minLength: 1, maxLength: 256 } } },
    response: { 200: jsonSchemaOf(storedScore), ...problemSchemas(404, 503) },
  };
  app.get<{ Params: { id: string } }>('/v1/scores/:id', { schema }, async (request) => {
    const { scopes, tenant } = callerOf(request);
    const score = await requests().score(request.params.id, scopes.includes('admin') ? null : tenant);
    if (score) return score;
    throw new HttpProblem(404, 'unknown-score', 'No score with this id, or of this message, is stored.');
  });
}

function addPostRoute(app: FastifyInstance, topic: PostedTopic, requests: () => Requests): void {
  const { body, list } = postedSchemas(topic);
  const schema = {
    tags: ['messages'],
    summary: summaries[topic],
    description:
      'One entry, an array of up to 1,000, or `{"items": […]}`. Answers when all are durable in the log.',
    body: list,
    response: { 202: jsonSchemaOf(acceptedAnswer), ...problemSchemas(400, 403, 413, 415, 422, 429, 503) },
  };
  const config = { scopes: ['analyze'], repeatable: true, documentedBody: body } as const;
  const preValidation = async (request: FastifyRequest): Promise<void> => {
    request.form = formOf(request.body);
    request.body = entriesIn(request.body, request.form);
  };
  app.post(
    `/v1/${topic}`,
    { schema, config, preValidation, attachValidation: true },
    async (request, reply) => {
      if (request.validationError) throw misplaced(request);
      const posted = request.body as readonly Posted[];
      if (topic === 'feedback') assertSaysSomething(posted);
      const ids = await requests().accept(topic, posted, askerOf(request));
      reply.code(202);
      return { accepted: ids.length, ids };
    },
  );
}

type Form = 'one' | 'array' | 'items';

declare module 'fastify' {
  interface FastifyRequest {
    /** How the entries of a posted body stand in it. */
    form: Form;
  }
  interface FastifyContextConfig {
    /** The body as OpenAPI shows it, where what is checked is what all forms of it come down to. */
    documentedBody?: JsonSchema;
  }
}

const formOf = (body: unknown): Form =>
  Array.isArray(body)
    ? 'array'
    : typeof body === 'object' && body !== null && 'items' in body && Object.keys(body).length === 1
      ? 'items'
      : 'one';

const entriesIn = (body: unknown, form: Form): unknown =>
  form === 'array' ? body : form === 'items' ? (body as { readonly items: unknown }).items : [body];

/** Errors of the entries at their places in the body as it was sent. */
function misplaced({ form, validationError }: FastifyRequest): HttpProblem {
  const errors = (validationError?.validation ?? []) as readonly ValidationError[];
  const placed = errors.map((error) => ({
    ...error,
    instancePath:
      form === 'items'
        ? `/items${error.instancePath}`
        : form === 'one'
          ? error.instancePath.replace(/^\/0/, '')
          : error.instancePath,
  }));
  return unusableBody(bodyErrorsOf(placed));
}

function assertSaysSomething(posted: readonly Posted[]): void {
  const silent = posted.flatMap((entry, index) =>
    ['label', 'value', 'agrees'].some((name) => name in entry)
      ? []
      : [{ pointer: `/${index}`, detail: 'feedback needs a label, a value or agrees' }],
  );
  if (silent.length > 0) throw unusableBody(silent);
}
