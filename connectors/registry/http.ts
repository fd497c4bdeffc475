// Requests to a Confluent-compatible schema registry, with the project's errors.
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import { withoutSecrets } from '../secret-text.ts';
import { incompatible } from './compatibility.ts';

export interface HttpOptions {
  /** Base address, such as `http://host:8081` or `http://host:8080/apis/ccompat/v7`. */
  readonly url: string;
  readonly username?: string | null;
  readonly password?: string | null;
}

interface Refusal {
  readonly error_code?: number;
  readonly message?: string;
}

const requestMs = 10_000;

export class RegistryHttp {
  readonly login: { readonly username: string; readonly password: string } | undefined;
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor({ url, username, password }: HttpOptions) {
    this.#url = url.replace(/\/$/, '');
    this.login = username && password ? { username, password } : undefined;
    this.#headers = { 'content-type': 'application/vnd.schemaregistry.v1+json', accept: 'application/json' };
    if (this.login)
      this.#headers.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  /** The answer, or null where the registry has no such thing. Throws `Retryable` or `Misconfigured`. */
  get<Answer>(path: string): Promise<Answer | null> {
    return this.#send<Answer>('GET', path);
  }

  /** As `get`, with a body. */
  post<Answer>(path: string, body: unknown): Promise<Answer | null> {
    return this.#send<Answer>('POST', path, body);
  }

  put(path: string, body: unknown): Promise<unknown> {
    return this.#send('PUT', path, body);
  }

  async #send<Answer>(method: string, path: string, body?: unknown): Promise<Answer | null> {
    const request = `${method} ${withoutSecrets(this.#url)}${path}`;
    const { status, answer } = await this.#exchange(request, method, path, body);
    if (status === 404) return null;
    if (status < 400) return answer as Answer;
    throw refusal(request, status, (answer as Refusal | null)?.message ?? 'no reason given');
  }

  async #exchange(request: string, method: string, path: string, body: unknown) {
    try {
      const response = await fetch(this.#url + path, {
        method,
        headers: this.#headers,
        signal: AbortSignal.timeout(requestMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        answer: response.ok || text.startsWith('{') ? JSON.parse(text) : null,
      };
    } catch (cause) {
      const detail = cause instanceof Error ? String(cause.cause ?? cause.message) : String(cause);
      const message = `The schema registry does not answer: ${request} (${detail}). Check SCHEMA_REGISTRY_URL.`;
      throw new Retryable(message, { code: 'registry-unreachable', cause });
    }
  }
}

function refusal(request: string, status: number, reason: string): Retryable | Misconfigured {
  const message = `The schema registry answered ${status} to ${request}: ${reason}`;
  if (status >= 500 || status === 429) return new Retryable(message, { code: 'registry-unwell' });
  const login = status === 401 || status === 403;
  return new Misconfigured(message, {
    code: login ? 'registry-login' : 'registry-refused',
    fix: login ? 'Check the registry’s user and password.' : 'Check SCHEMA_REGISTRY_URL and the schema.',
  });
}

/** The project's error for one that registering threw. The client says nothing of network errors but status 400. */
export function refused(error: unknown, subject: string): unknown {
  if (!(error instanceof Error) || !('status' in error)) return error;
  const { status, message } = error as Error & { status: number };
  if (status === 409) return incompatible(subject, message);
  if (status === 400) return new Retryable(message, { code: 'registry-unreachable', cause: error });
  return refusal(`register ${subject}`, status, message);
}
