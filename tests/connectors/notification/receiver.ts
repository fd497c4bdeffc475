// A real local server for notifications, which answers as it is told to.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Notification } from '../../../schemas/notification.ts';

export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What an HTTP server does with a request; nothing at all means that it hangs. */
export type Answer = (received: Received, response: ServerResponse) => void;

export interface HttpReceiver {
  readonly url: string;
  readonly received: readonly Received[];
  answer: Answer;
  close(): Promise<void>;
}

export const taken: Answer = (_, response) => void response.writeHead(200).end();
export const status =
  (code: number, headers: Record<string, string> = {}, text = ''): Answer =>
  (_, response) =>
    void response.writeHead(code, headers).end(text);
export const hanging: Answer = () => {};

export async function httpReceiver(answer: Answer = taken): Promise<HttpReceiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const seen = {
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(pieces).toString(),
    };
    received.push(seen);
    receiver.answer(seen, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: HttpReceiver = {
    url: `http://127.0.0.1:${port}`,
    received,
    answer,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

export const notification = (more: Partial<Notification> = {}): Notification => ({
  id: '4f2a9c1e0b7d4c559d3e8a61f0c2b417',
  group: 'sentiment',
  state: 'firing',
  severity: 'warning',
  subject: '[WARNING] drift/sentiment@1.0.0: Wörter <wandern>',
  alerts: [
    {
      id: 'a1',
      rule: 'drift/sentiment@1.0.0',
      severity: 'warning',
      state: 'firing',
      summary: 'Wörter <wandern>',
      incident: '0123456789abcdef0123456789abcdef',
      startsAt: Date.UTC(2026, 2, 1),
      endsAt: null,
      labels: { team: 'ml', 'odd-name': 'x' },
      evidence: { driftReport: 'r1' },
    },
  ],
  ...more,
});
