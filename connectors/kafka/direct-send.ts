// Sends a request whose body is ready, piece by piece, over a kafkajs connection. kafkajs’s own way copies a body three
// times on its way to the socket, each time into memory of its own, and that costs more than encoding it.
import type { Socket } from 'node:net';

/** A request for `sendDirectly`. */
export interface DirectRequest<Decoded> {
  readonly request: { readonly apiKey: number; readonly apiName: string; readonly apiVersion: number };
  /** The request’s body. The pieces must not change until the answer is there. */
  readonly pieces: () => Promise<readonly Buffer[]>;
  readonly response: {
    decode(bytes: Buffer): Promise<Decoded>;
    parse(decoded: Decoded): Promise<unknown>;
  };
}

/** What is used of kafkajs’s connection. */
export interface Connection {
  readonly clientId: string;
  readonly socket: Socket;
  readonly requestQueue: {
    push(request: {
      entry: object;
      expectResponse: boolean;
      requestTimeout: number | null;
      sendRequest: () => void;
    }): void;
    maybeThrottle(milliseconds: number | undefined): void;
  };
  /** Logs in where that is asked for and not done yet. */
  authenticate(): Promise<void>;
  failIfNotConnected(): void;
  nextCorrelationId(): number;
}

/** Resolves with the parsed answer. Throws kafkajs’s errors. */
export async function sendDirectly<Decoded extends { readonly clientSideThrottleTime?: number }>(
  connection: Connection,
  { request, pieces, response }: DirectRequest<Decoded>,
): Promise<unknown> {
  await connection.authenticate();
  const body = await pieces();
  connection.failIfNotConnected();
  const correlationId = connection.nextCorrelationId();
  const head = headOf(request, correlationId, connection.clientId, body);
  const { payload } = await new Promise<{ readonly payload: Buffer }>((resolve, reject) => {
    connection.requestQueue.push({
      entry: { ...request, correlationId, resolve, reject },
      expectResponse: true,
      requestTimeout: null,
      sendRequest: () => writeAll(connection.socket, [head, ...body]),
    });
  });
  const decoded = await response.decode(payload);
  connection.requestQueue.maybeThrottle(decoded.clientSideThrottleTime);
  return response.parse(decoded);
}

/** Length of the request and its header, version 1. */
function headOf(
  { apiKey, apiVersion }: DirectRequest<unknown>['request'],
  correlationId: number,
  clientId: string,
  body: readonly Buffer[],
): Buffer {
  const name = Buffer.from(clientId);
  const head = Buffer.alloc(14 + name.length);
  const bodyBytes = body.reduce((sum, { length }) => sum + length, 0);
  head.writeInt32BE(head.length - 4 + bodyBytes, 0);
  head.writeInt16BE(apiKey, 4);
  head.writeInt16BE(apiVersion, 6);
  head.writeInt32BE(correlationId, 8);
  head.writeInt16BE(name.length, 12);
  name.copy(head, 14);
  return head;
}

function writeAll(socket: Socket, pieces: readonly Buffer[]): void {
  socket.cork();
  for (const piece of pieces) socket.write(piece);
  socket.uncork();
}
