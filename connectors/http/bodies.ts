// How bodies are read: JSON in UTF-8, kept beside what it says for whoever has to know the bytes.
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpProblem } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came; null where there is none. */
    rawBody: Buffer | null;
  }
}

/** Takes the readers of the framework away and reads `application/json` only. */
export function readBodies(app: FastifyInstance): void {
  app.decorateRequest('rawBody', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => parsedJson(request, body),
  );
}

function parsedJson(request: FastifyRequest, body: Buffer): unknown {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new HttpProblem(415, 'content-encoding', 'Bodies are read without a content encoding only.');
  if (!isUtf8(body)) throw new HttpProblem(400, 'malformed-json', 'The body is not UTF-8.');
  request.rawBody = body;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : '';
    throw new HttpProblem(400, 'malformed-json', `The body is not JSON: ${reason}.`);
  }
}
