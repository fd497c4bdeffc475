// A proxy in front of ClickHouse's HTTP interface that does what networks and unwell servers do.
import { once } from 'node:events';
import {
  request as ask,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export type Trouble =
  | { readonly kind: 'none' }
  /** Nobody listens. */
  | { readonly kind: 'down' }
  /** Requests are taken and never answered, nor handed on. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** The server answers that it will not, with one of ClickHouse's error numbers. */
  | { readonly kind: 'refuse'; readonly code: number; readonly message: string }
  /** Every `every`th insert is applied and its answer lost: the connection breaks, or nothing comes for `holdMs`. */
  | { readonly kind: 'lose-answers'; readonly every: number; readonly holdMs: number };

export class HttpProxy {
  readonly #port: number;
  readonly #target: number;
  readonly #server: Server;
  /** Connections that wait for an answer that does not come. */
  readonly #held = new Set<ServerResponse>();
  #trouble: Trouble = { kind: 'none' };
  #inserts = 0;
  /** Inserts that were applied and whose answers were lost. */
  lostAnswers = 0;
  /** Requests that met any trouble. */
  troubled = 0;

  constructor({ port, target }: { readonly port: number; readonly target: number }) {
    this.#port = port;
    this.#target = target;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** From now on; requests that were held are cut off when the trouble changes. */
  async set(trouble: Trouble): Promise<void> {
    const was = this.#trouble;
    this.#trouble = trouble;
    for (const response of this.#held) response.destroy();
    this.#held.clear();
    if (trouble.kind === 'down' && was.kind !== 'down') await this.close();
    if (trouble.kind !== 'down' && was.kind === 'down') await this.listen();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const trouble = this.#trouble;
    const body = await buffer(request);
    if (trouble.kind !== 'none') this.troubled += 1;
    if (trouble.kind === 'hang') return void this.#held.add(response);
    if (trouble.kind === 'slow') await sleep(trouble.delayMs);
    if (trouble.kind === 'refuse') {
      response.writeHead(500, { 'X-ClickHouse-Exception-Code': String(trouble.code) });
      response.end(`Code: ${trouble.code}. DB::Exception: ${trouble.message} (version 26.7.2.1)`);
      return;
    }
    const answer = await this.#forward(request, body);
    if (trouble.kind === 'lose-answers' && isInsert(request) && this.#inserts++ % trouble.every === 0) {
      this.lostAnswers += 1;
      if (trouble.holdMs > 0) this.#held.add(response);
      await sleep(trouble.holdMs);
      response.destroy();
      return;
    }
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }

  async #forward({ method, url, headers }: IncomingMessage, body: Buffer) {
    const upstream = ask({ port: this.#target, host: '127.0.0.1', method, path: url, headers, agent: false });
    upstream.end(body);
    const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
    return { status: answer.statusCode ?? 500, headers: answer.headers, body: await buffer(answer) };
  }
}

const isInsert = ({ url }: IncomingMessage): boolean => /[?&]query=INSERT/i.test(url ?? '');
