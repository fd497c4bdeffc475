// What the door says about itself: OpenAPI at /openapi.json, printed from the routes' own schemas, and a page to read
// it at /docs, of which nothing is fetched from elsewhere.
import { fastifySwagger } from '@fastify/swagger';
import { fastifySwaggerUi } from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/** Has to be called before the routes are added. */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Millrace',
        version,
        description:
          'Comments and prompts in, scores out. Errors are RFC 9457 problem details with stable codes.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'scores', description: 'Ask, look up and follow' },
        { name: 'messages', description: 'Hand over; answers come through the topics' },
        { name: 'labels', description: 'What to label next' },
        { name: 'open inference protocol', description: 'For clients of KServe and Triton' },
        { name: 'operation', description: 'For machines' },
      ],
      components: {
        securitySchemes: {
          key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
          bearer: { type: 'http', scheme: 'bearer', description: 'A key or a JSON web token' },
        },
      },
      security: [{ key: [] }, { bearer: [] }],
    },
    transform: ({ schema, url, route }) => {
      const { documentedBody } = route.config ?? {};
      return { schema: documentedBody ? { ...schema, body: documentedBody } : schema, url };
    },
  });
  // Whoever may ask anything may read how; the page's own routes included.
  const config = { scopes: ['read', 'analyze'] } as const;
  app.addHook('onRoute', (route) => {
    if (/^\/docs(\/|$)/.test(route.url)) route.config = { ...route.config, ...config };
  });
  app.get('/openapi.json', { schema: { hide: true }, config }, async () => app.swagger());
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    transformStaticCSP: selfOnly,
    uiConfig: { docExpansion: 'list' },
  });
}

/** The page of the library may fetch fonts and a badge from elsewhere, and would insist on HTTPS. */
const selfOnly = (policy: string): string =>
  policy
    .replaceAll(' https:', '')
    .replace(' validator.swagger.io', '')
    .replace(' upgrade-insecure-requests;', '');
