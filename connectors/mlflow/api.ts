// Requests to MLflow's REST API.

interface Access {
  readonly trackingUri: string;
  readonly username?: string | null;
  readonly password?: string | null;
  readonly token?: string | null;
}

/** What the server will not take however often it is asked. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** Requests to the server; what it refuses is `Refused`, what may work later any other error. */
export class Api {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  constructor({ trackingUri, username, password, token }: Access) {
    this.#base = trackingUri.replace(/\/+$/, '');
    this.#headers = {};
    if (token) this.#headers.authorization = `Bearer ${token}`;
    else if (username && password)
      this.#headers.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  /** Null where there is no such thing. */
  get<Answer>(path: string): Promise<Answer | null> {
    return this.#send<Answer>('GET', `mlflow/${path}`);
  }

  async post<Answer>(path: string, body: object): Promise<Answer> {
    const answer = await this.#send<Answer>('POST', `mlflow/${path}`, JSON.stringify(body));
    if (answer === null) throw new Refused(`MLflow at ${this.#base} knows no ${path}`);
    return answer;
  }

  /** Stores a file through the server; where artifacts lie elsewhere, they are left out. */
  async putArtifact(uri: string, file: string, bytes: string | Uint8Array): Promise<void> {
    const [, path] = /^mlflow-artifacts:(?:\/\/[^/]+)?\/(.*)$/.exec(uri) ?? [];
    if (path === undefined) return;
    await this.#send('PUT', `mlflow-artifacts/artifacts/${path}/${encodeURIComponent(file)}`, bytes);
  }

  async #send<Answer>(method: string, path: string, body?: string | Uint8Array): Promise<Answer | null> {
    const url = `${this.#base}/api/2.0/${path}`;
    const response = await fetch(url, {
      method,
      headers: { ...this.#headers, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(5_000),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    });
    const text = await response.text();
    if (response.ok) return (text === '' ? {} : JSON.parse(text)) as Answer;
    if (response.status === 404 && method === 'GET') return null;
    const said = `MLflow answered ${response.status} to ${method} ${url}: ${text.slice(0, 300)}`;
    throw response.status >= 500 || response.status === 429 ? new Error(said) : new Refused(said);
  }
}
