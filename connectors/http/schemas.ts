// What many routes say in OpenAPI: problems by status, and bodies that may be one entry or several.
import {
  itemsMax,
  type JsonSchema,
  jsonSchemaOf,
  type PostedTopic,
  postable,
  problemAnswer,
} from '../../schemas/requests.ts';

const problem = jsonSchemaOf(problemAnswer);

const problemDocs: Readonly<Record<number, string>> = {
  400: 'The request cannot be read',
  403: 'Not allowed',
  404: 'There is nothing of that name',
  413: 'The body is too large',
  415: 'Another content type is wanted',
  422: 'The body cannot be used; `errors` say where',
  429: 'Too much at once; Retry-After says when to come back',
  503: 'Not now; Retry-After says when to come back',
};

/** Problem responses of a route; 401 and 500 go without saying. */
export const problemSchemas = (...statuses: readonly number[]): Readonly<Record<number, JsonSchema>> =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: problemDocs[status], content: { 'application/problem+json': { schema: problem } } },
    ]),
  );

/** A posted entry, and the array that all forms of a body come down to. */
export function postedSchemas(topic: PostedTopic): { readonly body: JsonSchema; readonly list: JsonSchema } {
  const entry = jsonSchemaOf(postable[topic]);
  const list = { type: 'array', minItems: 1, maxItems: itemsMax, items: entry };
  const several = {
    type: 'object',
    required: ['items'],
    additionalProperties: false,
    properties: { items: list },
  };
  return { body: { anyOf: [entry, list, several] }, list };
}
