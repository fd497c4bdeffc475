// The port to a language model behind an OpenAI-compatible endpoint (`POST <url>/chat/completions`): one answer to one
// prompt, with retries and a limit on the rate. vLLM, llama.cpp, Ollama and the hosted ones speak it.
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { Misconfigured, Retryable } from '../schemas/errors.ts';

export interface ChatEndpointOptions {
  /** Address up to the version, such as `http://127.0.0.1:8000/v1`. */
  readonly url: string;
  readonly model: string;
  /** Sent as a bearer token; local servers need none. */
  readonly key?: string | undefined;
  /** Requests begun in a minute, at most. */
  readonly requestsPerMinute: number;
  /** Further attempts after one that failed for the world’s sake. */
  readonly retries: number;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** The first wait before another attempt; it doubles with each. */
  readonly backoffMs: number;
}

export interface Prompt {
  readonly system?: string | undefined;
  readonly user: string;
  readonly temperature: number;
  readonly tokensMax: number;
  /** Servers that take it answer the same again. */
  readonly seed: number;
}

export interface ChatEndpoint {
  /**
   * The text of an answer. Throws `Retryable` (`endpoint-unavailable`) when it stays unwell, `Misconfigured`
   * (`endpoint-refused`) when it understands and refuses: a key, a model or an address that is wrong.
   */
  complete(prompt: Prompt, signal?: AbortSignal): Promise<string>;
}

const answerSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullable() }) })).min(1),
});

const minuteMs = 60_000;
const waitMaxMs = 60_000;

/** What an attempt came to: an answer, or how long to wait before the next. */
type Attempt =
  | { readonly text: string }
  | { readonly failure: string; readonly cause?: unknown; readonly waitMs?: number };

/** Opens nothing by itself: the first request shows whether the endpoint is there. */
export function openChatEndpoint(options: ChatEndpointOptions): ChatEndpoint {
  const gapMs = minuteMs / options.requestsPerMinute;
  let nextAt = 0;
  /** Requests begin no closer than the rate allows, whoever asks. */
  const turn = async (signal: AbortSignal | undefined): Promise<void> => {
    const now = performance.now();
    const at = Math.max(now, nextAt);
    nextAt = at + gapMs;
    if (at > now) await wait(at - now, undefined, signal ? { signal } : {});
  };
  return {
    async complete(prompt, signal) {
      for (let attempt = 0; ; attempt += 1) {
        await turn(signal);
        const result = await ask(options, prompt, signal);
        if ('text' in result) return result.text;
        if (attempt === options.retries) throw unavailable(options, attempt + 1, result);
        const backoffMs = options.backoffMs * 2 ** attempt;
        const waitMs = Math.min(waitMaxMs, Math.max(result.waitMs ?? 0, backoffMs));
        await wait(waitMs, undefined, signal ? { signal } : {});
      }
    },
  };
}

async function ask(
  { url, model, key, timeoutMs }: ChatEndpointOptions,
  { system, user, temperature, tokensMax, seed }: Prompt,
  signal: AbortSignal | undefined,
): Promise<Attempt> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) },
      body: JSON.stringify({
        model,
        messages: [...(system ? [{ role: 'system', content: system }] : []), { role: 'user', content: user }],
        temperature,
        max_tokens: tokensMax,
        seed,
      }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    const body = await response.text();
    if (!response.ok) return failureOf(response, body, url);
    return { text: contentOf(body, url) };
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof Misconfigured) throw cause;
    const why = timeout.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(cause);
    return { failure: why, cause };
  }
}

/** Too many requests, timeouts and the server’s own failures pass; everything else is said to somebody. */
function failureOf({ status, headers }: Response, body: string, url: string): Attempt {
  const failure = `status ${status}: ${body.slice(0, 200)}`;
  if (status === 408 || status === 409 || status === 429 || status >= 500) {
    const waitMs = retryAfterMs(headers.get('retry-after'));
    return { failure, ...(waitMs === undefined ? {} : { waitMs }) };
  }
  throw new Misconfigured(`${url} refuses the request: ${failure}`, {
    code: 'endpoint-refused',
    fix: 'Check the address (it ends with /v1 as a rule), the model’s name and the key.',
  });
}

/** Seconds, or a date. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function contentOf(body: string, url: string): string {
  try {
    return answerSchema.parse(JSON.parse(body)).choices[0]!.message.content ?? '';
  } catch (cause) {
    throw new Misconfigured(`${url} answers in no form that is known: ${body.slice(0, 200)}`, {
      code: 'endpoint-refused',
      fix: 'The endpoint has to speak OpenAI’s chat completions, without streaming.',
      cause,
    });
  }
}

const reasonOf = (cause: unknown): string =>
  cause instanceof Error
    ? cause.cause instanceof Error
      ? cause.cause.message
      : cause.message
    : String(cause);

const unavailable = (
  { url }: ChatEndpointOptions,
  attempts: number,
  { failure, cause }: Extract<Attempt, { failure: string }>,
): Retryable =>
  new Retryable(`${url} gave no answer in ${attempts} attempts: ${failure}`, {
    code: 'endpoint-unavailable',
    cause,
  });
