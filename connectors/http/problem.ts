// What the door answers when it has no answer: RFC 9457 problem details with stable codes, from every kind of error.
import { Misconfigured, Overloaded, Retryable } from '../../schemas/errors.ts';
import type { Denial } from '../access/caller.ts';

/** One thing that is wrong with a body; `pointer` is a JSON pointer into it. */
export interface BodyError {
  readonly pointer: string;
  readonly detail: string;
}

interface HttpProblemOptions {
  readonly retryAfterSeconds?: number;
  readonly errors?: readonly BodyError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that is answered with a problem. `code` is stable; `detail` is for people and names no secret. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | null;
  readonly errors: readonly BodyError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, detail: string, options: HttpProblemOptions = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
  }
}

/** The refusal of the access as a problem. */
export const refusal = ({ status, code, detail, retryAfterSeconds }: Denial): HttpProblem =>
  new HttpProblem(status, code, detail, {
    ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
    ...(status === 401 ? { headers: { 'www-authenticate': 'Bearer realm="millrace"' } } : {}),
  });

/** Errors of a body that are told of at once. */
const errorsMax = 20;

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** A body that says what it may not. */
export const unusableBody = (errors: readonly BodyError[]): HttpProblem =>
  new HttpProblem(
    422,
    'invalid-body',
    `The body cannot be used: ${sentence(errors[0]?.detail ?? 'it is invalid')}`,
    {
      errors: errors.slice(0, errorsMax),
    },
  );

const titles: Readonly<Record<number, string>> = {
  400: 'The request cannot be read',
  401: 'Who are you?',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Not this method',
  408: 'The request took too long to arrive',
  409: 'In conflict',
  413: 'The body is too large',
  415: 'Not this content type',
  422: 'The request cannot be used',
  429: 'Too many requests',
  431: 'The headers are too large',
  500: 'Something went wrong here',
  503: 'Not now',
};

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Status, headers and body of whatever was thrown. `forProtocol` adds what Open Inference clients read. */
export function answerOf(error: unknown, requestId: string, forProtocol = false): Answer {
  const problem = problemFor(error);
  const { status, code, message: detail, retryAfterSeconds, errors } = problem;
  const said = {
    type: `urn:millrace:problem:${code}`,
    title: titles[status] ?? 'The request failed',
    status,
    detail,
    code,
    requestId,
    ...(errors.length > 0 ? { errors } : {}),
    ...(forProtocol ? { error: detail } : {}),
  };
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...problem.headers,
    },
    body: `${JSON.stringify(said)}\n`,
  };
}

const overloadedSeconds = 1;
const unwellSeconds = 5;

/** Kinds of errors by class, never by text; what is not known keeps what it knows to itself. */
export function problemFor(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof Overloaded)
    return new HttpProblem(429, error.code, 'More is asked than can be answered now.', {
      retryAfterSeconds: overloadedSeconds,
    });
  if (error instanceof Retryable)
    return new HttpProblem(503, error.code, 'Something that is needed does not answer now.', {
      retryAfterSeconds: unwellSeconds,
    });
  if (error instanceof Misconfigured && error.code === 'unknown-task')
    return new HttpProblem(422, error.code, error.message);
  return ofFramework(error) ?? new HttpProblem(500, 'internal', 'The log says more, under this request id.');
}

interface FrameworkError {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly validation?: readonly ValidationError[];
  readonly validationContext?: string;
}

/** An error of ajv. */
export interface ValidationError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

function ofFramework(error: unknown): HttpProblem | null {
  if (!(error instanceof Error)) return null;
  const { code, statusCode, validation, validationContext } = error as FrameworkError;
  if (validation && validationContext === 'body') return unusableBody(bodyErrorsOf(validation));
  if (validation) {
    const errors = bodyErrorsOf(validation);
    const detail = `The ${validationContext ?? 'request'} cannot be used: ${errors[0]?.detail}.`;
    return new HttpProblem(422, 'invalid-parameters', detail, { errors });
  }
  const known = frameworkProblems[String(code)];
  if (known) return new HttpProblem(...known);
  return statusCode === 400 ? new HttpProblem(400, 'bad-request', 'The request cannot be read.') : null;
}

const frameworkProblems: Readonly<
  Record<string, readonly [status: number, code: string, detail: string, options?: HttpProblemOptions]>
> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'content-type', 'Send `content-type: application/json`.'],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body', 'The body is longer than HTTP_BODY_BYTES_MAX allows.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'malformed-json', 'The body is empty.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'content-length', 'The body is not as long as it was announced.'],
  FST_ERR_BAD_URL: [400, 'bad-url', 'The path cannot be decoded.'],
  FST_ERR_MAX_PARAM_LENGTH: [404, 'not-found', 'There is nothing here.'],
};

/** Errors of ajv, each at the place that is to be changed; the ends of alternatives are left out. */
export function bodyErrorsOf(errors: readonly ValidationError[], prefix = ''): BodyError[] {
  const told = errors.filter(({ keyword }) => keyword !== 'anyOf');
  return (told.length > 0 ? told : errors).map(
    ({ instancePath, params, message = 'is invalid', keyword }) => {
      const named = params.missingProperty ?? params.additionalProperty;
      const pointer = `${prefix}${instancePath}${named === undefined ? '' : `/${escaped(String(named))}`}`;
      const detail =
        keyword === 'required'
          ? 'is missing'
          : keyword === 'additionalProperties'
            ? 'is not known here'
            : keyword === 'enum'
              ? `must be one of ${(params.allowedValues as readonly unknown[]).join(', ')}`
              : message;
      return { pointer, detail: `${pointer === '' ? 'the body' : pointer} ${detail}` };
    },
  );
}

/** A name in a JSON pointer. */
const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
