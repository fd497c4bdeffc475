// One listener's connection: server-sent events, a heartbeat, and a bound on what waits for a slow reader.
import type { ServerResponse } from 'node:http';

export interface EventStreamOptions {
  readonly heartbeatMs: number;
  /** Bytes that may wait for the listener; one that is slower is let go. */
  readonly bufferBytesMax: number;
}

/** A listener that does not even take its last event is cut off after this long. */
const lastWordMs = 5_000;

export class EventStream {
  readonly #response: ServerResponse;
  readonly #options: EventStreamOptions;
  readonly #heartbeat: NodeJS.Timeout;
  #ended = false;

  /** Takes the response over; `headers` are sent at once. */
  constructor(
    response: ServerResponse,
    headers: Readonly<Record<string, number | string | string[] | undefined>>,
    options: EventStreamOptions,
  ) {
    this.#response = response;
    this.#options = options;
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx would collect events before it passes them on.
      'x-accel-buffering': 'no',
    });
    response.write(': listening\n\n');
    this.#heartbeat = setInterval(() => this.#write(': still here\n\n'), options.heartbeatMs);
    this.#heartbeat.unref();
    response.once('close', () => clearInterval(this.#heartbeat));
  }

  get isOpen(): boolean {
    return !this.#ended && !this.#response.destroyed;
  }

  send(event: string, { id, data }: { readonly id: string; readonly data: string }): void {
    this.#write(`event: ${event}\nid: ${id}\ndata: ${data}\n\n`);
  }

  /** Resolves when the listener has taken most of what waits, or is gone. */
  async keptUp(): Promise<void> {
    while (this.isOpen && this.#response.writableNeedDrain)
      await new Promise<void>((resolve) => {
        const go = (): void => {
          this.#response.off('drain', go).off('close', go);
          resolve();
        };
        this.#response.on('drain', go).on('close', go);
      });
  }

  /** A last event, then the end. */
  end(event: string, reason: string): void {
    if (!this.isOpen) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    this.#response.end(`event: ${event}\ndata: ${JSON.stringify({ reason })}\n\n`);
    setTimeout(() => this.#response.destroy(), lastWordMs).unref();
  }

  #write(text: string): void {
    if (!this.isOpen) return;
    this.#response.write(text);
    if (this.#response.writableLength > this.#options.bufferBytesMax)
      this.end(
        'dropped',
        'You read more slowly than events come. Come back with the last id, or filter more.',
      );
  }
}
