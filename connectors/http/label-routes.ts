// Labelling: what is worth a label next, and a page to give it. Labels themselves are feedback (message-routes.ts).
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaOf, type LabelsQuery, labelsAnswer, labelsQuery } from '../../schemas/requests.ts';
import { callerOf } from './admission.ts';
import type { Requests } from './parts.ts';
import { problemSchemas } from './schemas.ts';

const countByDefault = '10';

export async function addLabelRoutes(app: FastifyInstance, requests: () => Requests): Promise<void> {
  const schema = {
    tags: ['labels'],
    summary: 'The unlabelled messages that a label would teach most',
    description:
      'Chosen by uncertainty, disagreement of releases, drift and diversity among recent messages; leased to the caller for some minutes, within his budget of the day. Labels go to `POST /v1/feedback`.',
    querystring: jsonSchemaOf(labelsQuery),
    response: { 200: jsonSchemaOf(labelsAnswer), ...problemSchemas(400, 422, 503) },
  };
  const config = { scopes: ['analyze'] } as const;
  app.get<{ Querystring: LabelsQuery }>('/v1/labels/next', { schema, config }, async (request, reply) => {
    const { task, count = countByDefault, skip = [] } = request.query;
    const { id, tenant, scopes } = callerOf(request);
    reply.header('cache-control', 'no-store');
    return requests().nextToLabel({
      task,
      count: Number(count),
      skip: [skip].flat(),
      labeller: id,
      tenant: scopes.includes('admin') ? null : tenant,
    });
  });
  await addPage(app);
}

/** The page holds nothing: whoever may not ask sees empty fields, and gives his key there. */
async function addPage(app: FastifyInstance): Promise<void> {
  const page = await readFile(new URL('label-page/page.html', import.meta.url), 'utf8');
  const policy = [
    "default-src 'none'",
    "connect-src 'self'",
    `script-src ${hashOf(page, 'script')}`,
    `style-src ${hashOf(page, 'style')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  app.get('/label', { schema: { hide: true }, config: { strangers: true } }, async (_, reply) =>
    reply
      .headers({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      })
      .send(page),
  );
}

function hashOf(page: string, element: 'script' | 'style'): string {
  const text = page.slice(page.indexOf(`<${element}>`) + element.length + 2, page.indexOf(`</${element}>`));
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
