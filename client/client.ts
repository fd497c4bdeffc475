// The client of Millrace’s HTTP door: one method for each thing people do there. Needs nothing but `fetch`.
import { eventsOf } from './events.ts';
import { type Asked, type Exchanging, exchange, MillraceError, passing, refusal } from './exchange.ts';
import type {
  Accepted,
  AnalyzeAnswer,
  AnalyzeRequest,
  Comment,
  Feedback,
  Prompt,
  StoredScore,
  StreamFilter,
} from './messages.ts';

export interface ClientOptions {
  /** Where the door is: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** A key (`mr_…`) or a token; none on the door’s own machine. */
  readonly key?: string;
  /** Longest wait for one answer, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** Further attempts where the door is unwell or this caller too fast. Default 3. */
  readonly retries?: number;
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Names a request, so that a caller’s own repeat of it is done once. Default where it publishes: a new one. */
  readonly idempotencyKey?: string;
}

const scorePollMs = 100;
const reconnectMs = 1_000;

/** Every method throws `MillraceError` when the door refuses or stays away, and the reason of an aborted signal. */
export class MillraceClient {
  readonly #options: Exchanging;

  constructor({ url, key, timeoutMs = 10_000, retries = 3, fetch: given }: ClientOptions) {
    this.#options = {
      url: url.replace(/\/+$/, ''),
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      timeoutMs,
      retries,
      fetch: given ?? ((...args) => fetch(...args)),
    };
  }

  /** Answers one text, several, or whatever a full request says. */
  analyze(
    what: string | readonly string[] | AnalyzeRequest,
    options: CallOptions = {},
  ): Promise<AnalyzeAnswer> {
    const body: AnalyzeRequest =
      typeof what === 'string' ? { text: what } : isTexts(what) ? { texts: what } : what;
    const { signal, idempotencyKey } = options;
    const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    return this.#json({ method: 'POST', path: '/v1/analyze', body, headers, signal });
  }

  /** Resolves once the comments are durable; their scores come later (`waitForScore`, `follow`). */
  publishComments(comments: readonly Comment[], options: CallOptions = {}): Promise<Accepted> {
    return this.#publish('/v1/comments', { items: comments }, options);
  }

  publishPrompts(prompts: readonly Prompt[], options: CallOptions = {}): Promise<Accepted> {
    return this.#publish('/v1/prompts', { items: prompts }, options);
  }

  sendFeedback(feedback: readonly Feedback[], options: CallOptions = {}): Promise<Accepted> {
    return this.#publish('/v1/feedback', { items: feedback }, options);
  }

  /** The score with this id or of the message with this id; null while there is none. */
  async score(id: string, { signal }: Pick<CallOptions, 'signal'> = {}): Promise<StoredScore | null> {
    const path = `/v1/scores/${encodeURIComponent(id)}`;
    try {
      return await this.#json({ method: 'GET', path, signal });
    } catch (error) {
      if (error instanceof MillraceError && error.status === 404 && error.problem !== null) return null;
      throw error;
    }
  }

  /** The same, as soon as there is one; null after `withinMs`. */
  async waitForScore(id: string, withinMs = 10_000, options: Pick<CallOptions, 'signal'> = {}) {
    const until = Date.now() + withinMs;
    for (;;) {
      const score = await this.score(id, options);
      if (score !== null || Date.now() >= until) return score;
      await new Promise((resolve) => setTimeout(resolve, scorePollMs));
    }
  }

  /**
   * Scores (or alerts) as they come, until `signal` is aborted. A connection that breaks is made anew and goes on where
   * it was. Breaking out of the loop ends it.
   */
  async *follow(filter: StreamFilter = {}, { signal }: Pick<CallOptions, 'signal'> = {}) {
    let lastId: string | null = null;
    while (!signal?.aborted) {
      try {
        const body = await this.#listen(filter, lastId, signal);
        for await (const { id, event, data } of eventsOf(body)) {
          if (event === 'score' || event === 'alert') yield JSON.parse(data) as StoredScore;
          lastId = id ?? lastId;
        }
      } catch (error) {
        if (!signal?.aborted && !isPassing(error)) throw error;
      }
      if (!signal?.aborted) await new Promise((resolve) => setTimeout(resolve, reconnectMs));
    }
  }

  async #listen(filter: StreamFilter, lastId: string | null, signal: AbortSignal | undefined) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(filter)) query.set(name, String(value));
    const { url, headers, fetch: ask } = this.#options;
    const resumed = lastId === null ? {} : { 'last-event-id': lastId };
    const response = await ask(`${url}/v1/stream?${query}`, {
      headers: { ...headers, ...resumed, accept: 'text/event-stream' },
      ...(signal ? { signal } : {}),
    });
    if (response.ok && response.body) return response.body;
    throw await refusal(response);
  }

  #publish(path: string, body: unknown, { signal, idempotencyKey }: CallOptions): Promise<Accepted> {
    const headers = { 'idempotency-key': idempotencyKey ?? crypto.randomUUID() };
    return this.#json({ method: 'POST', path, body, headers, signal });
  }

  async #json<T>(asked: Asked): Promise<T> {
    const response = await exchange(asked, this.#options);
    return (await response.json()) as T;
  }
}

/** A connection that broke, or a door that is unwell: both may be over in a moment. */
const isPassing = (error: unknown): boolean =>
  error instanceof MillraceError ? passing.has(error.status) : error instanceof TypeError;

const isTexts = (what: readonly string[] | AnalyzeRequest): what is readonly string[] => Array.isArray(what);
