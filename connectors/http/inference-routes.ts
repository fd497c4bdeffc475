// The Open Inference Protocol v2, as KServe and Triton speak it: models by name, texts in, probabilities out.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type InferRequest,
  inferAnswer,
  inferRequest,
  itemsMax,
  jsonSchemaOf,
  modelAnswer,
} from '../../schemas/requests.ts';
import type { InferenceInput, ModelRequests, RawAnswers, ServedModel } from './parts.ts';
import { bodyErrorsOf, HttpProblem, unusableBody, type ValidationError } from './problem.ts';
import { problemSchemas } from './schemas.ts';
import { bytesOf, floatBytesOf, splitBinary, textsOf } from './tensors.ts';

const tags = ['open inference protocol'];
const headerLength = 'inference-header-content-length';

interface ModelParams {
  readonly model: string;
  readonly version?: string;
}

/** Adds the routes to a context of their own: only they read bodies of any type. */
export function addInferenceRoutes(app: FastifyInstance, models: () => ModelRequests, version: string): void {
  const asking = { scopes: ['analyze', 'read'], protocol: true } as const;
  // Triton’s client names no content type.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_: FastifyRequest, body: Buffer) => body);
  app.get('/v2', { schema: { tags, summary: 'What this server speaks' }, config: asking }, async () => ({
    name: 'millrace',
    version,
    extensions: ['binary_tensor_data'],
  }));
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    const responses = problemSchemas(404, 503);
    const about = { tags, summary: 'A model', response: { 200: jsonSchemaOf(modelAnswer), ...responses } };
    app.get(path, { schema: about, config: asking }, async (request) =>
      metadataOf(modelOf(request, models())),
    );
    const isReady = { tags, summary: 'Is the model ready?', response: responses };
    app.get(`${path}/ready`, { schema: isReady, config: asking }, async (request) => {
      const { name } = modelOf(request, models());
      return { name, ready: true };
    });
    addInferRoute(app, `${path}/infer`, models);
  }
}

function addInferRoute(app: FastifyInstance, path: string, models: () => ModelRequests): void {
  const schema = {
    tags,
    summary: 'Ask a model',
    description:
      'Input `text` (BYTES, [n]) and, for models that compare, `pair`. Outputs `probabilities` (FP32, [n, labels]) and `label` (BYTES, [n]). Binary tensors are read and written as Triton does. Nothing is published.',
    body: jsonSchemaOf(inferRequest),
    response: { 200: jsonSchemaOf(inferAnswer), ...problemSchemas(400, 404, 413, 415, 422, 429, 503) },
  };
  const config = { scopes: ['analyze'], protocol: true } as const;
  // The JSON of a body with binary tensors is only known once it is taken apart; its tensors wait beside it.
  const preValidation = async (request: FastifyRequest): Promise<void> => {
    if (!Buffer.isBuffer(request.body)) return;
    const { json, rest } = splitBinary(
      request.body,
      Number(request.headers[headerLength] ?? request.body.length),
    );
    request.body = parsed(json);
    request.tensors = rest;
  };
  const options = { schema, config, preValidation, attachValidation: true };
  app.post<{ Params: ModelParams }>(path, options, async (request, reply) => {
    if (request.validationError)
      throw unusableBody(
        bodyErrorsOf((request.validationError.validation ?? []) as readonly ValidationError[]),
      );
    const asked = request.body as InferRequest;
    const all = models();
    const model = modelOf(request, all);
    const inputs = inputsOf(model, textsOf(asked.inputs, request.tensors ?? Buffer.alloc(0)));
    return answered(reply, { asked, model, answers: await all.infer(model, inputs), count: inputs.length });
  });
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Binary tensors that followed the JSON. */
    tensors?: Buffer;
  }
  interface FastifyContextConfig {
    /** Errors carry the member that clients of the Open Inference Protocol read. */
    protocol?: boolean;
  }
}

function parsed(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    throw new HttpProblem(400, 'malformed-json', 'The body does not begin with JSON.');
  }
}

function modelOf({ params }: FastifyRequest, models: ModelRequests): ServedModel {
  const { model, version } = params as ModelParams;
  const found = models.served().find(({ name }) => name === model);
  if (found && (version === undefined || version === found.version)) return found;
  const served = models.served().map((one) => `${one.name}@${one.version}`);
  throw new HttpProblem(
    404,
    'unknown-model',
    `There is no such model here. These are: ${served.join(', ')}.`,
  );
}

function metadataOf({ name, version, labels, pairs }: ServedModel): object {
  const text = { datatype: 'BYTES', shape: [-1] };
  return {
    name,
    versions: [version],
    platform: 'onnxruntime_onnx',
    inputs: [{ name: 'text', ...text }, ...(pairs !== 'never' ? [{ name: 'pair', ...text }] : [])],
    outputs: [
      { name: 'probabilities', datatype: 'FP32', shape: [-1, labels.length] },
      { name: 'label', ...text },
    ],
    parameters: { labels },
  };
}

const inputNames = {
  never: 'the input text',
  optional: 'the input text, and pair beside it where two texts are compared',
  always: 'the inputs text and pair',
} as const;

function inputsOf(
  model: ServedModel,
  texts: ReadonlyMap<string, readonly string[]>,
): readonly InferenceInput[] {
  const first = texts.get('text');
  const second = texts.get('pair');
  const { name, pairs } = model;
  const fits = second ? pairs !== 'never' : pairs !== 'always';
  if (!first || !fits || texts.size > (second ? 2 : 1))
    throw new HttpProblem(400, 'tensor', `${name} takes ${inputNames[pairs]}.`);
  if (first.length > itemsMax)
    throw new HttpProblem(400, 'tensor', `Up to ${itemsMax} texts are taken at once.`);
  if (second === undefined) return first;
  if (first.length !== second.length) throw new HttpProblem(400, 'tensor', 'text and pair differ in length.');
  return first.map((text, index) => [text, second[index]!]);
}

interface Answering {
  readonly asked: InferRequest;
  readonly model: ServedModel;
  readonly answers: RawAnswers;
  readonly count: number;
}

/** JSON, with the outputs that are wanted in binary behind it. */
function answered(reply: FastifyReply, { asked, model, answers, count }: Answering): FastifyReply {
  const binary: Buffer[] = [];
  const wanted = asked.outputs ?? [
    { name: 'probabilities', parameters: undefined },
    { name: 'label', parameters: undefined },
  ];
  const outputs = wanted.map(({ name, parameters }) => {
    if (name !== 'probabilities' && name !== 'label')
      throw new HttpProblem(400, 'tensor', `There is no output ${name}; there are probabilities and label.`);
    const isLabel = name === 'label';
    const about = isLabel
      ? { name, datatype: 'BYTES', shape: [count] }
      : { name, datatype: 'FP32', shape: [count, model.labels.length] };
    if (!(parameters?.binary_data ?? asked.parameters?.binary_data_output ?? false))
      return { ...about, data: isLabel ? answers.labels : [...answers.probabilities] };
    const bytes = isLabel ? bytesOf(answers.labels) : floatBytesOf(answers.probabilities);
    binary.push(bytes);
    return { ...about, parameters: { binary_data_size: bytes.length } };
  });
  const { name: model_name, version: model_version } = model;
  const said = { model_name, model_version, ...(asked.id === undefined ? {} : { id: asked.id }), outputs };
  if (binary.length === 0) return reply.send(said);
  const json = Buffer.from(JSON.stringify(said));
  return reply
    .header(headerLength, String(json.length))
    .type('application/octet-stream')
    .send(Buffer.concat([json, ...binary]));
}
