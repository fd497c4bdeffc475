// Listens, or says in plain words why it cannot.
import type { Server } from 'node:http';
import { Misconfigured } from '../../schemas/errors.ts';
import { isLoopback } from '../access/loopback.ts';

const troubles: Readonly<Record<string, readonly [string, string]>> = {
  EADDRINUSE: [
    'the port is in use',
    'Stop what uses it, or set HTTP_PORT to another port (0 takes any free one).',
  ],
  EACCES: ['this user may not listen there', 'Set HTTP_PORT to a port above 1023.'],
  EADDRNOTAVAIL: ['this machine has no such address', 'Set HTTP_HOST to an address of this machine.'],
  ENOTFOUND: ['there is no such host', 'Set HTTP_HOST to an address of this machine.'],
};

interface Place {
  readonly host: string;
  readonly port: number;
  readonly tlsCertFile?: string | null;
}

/** Connections that may wait to be accepted: thousands of clients may come at one moment. */
const backlogMax = 4_096;

/**
 * Port and address that a server listens at. Throws `Misconfigured`: `http-listen`, or `http-strangers` when the name of
 * a loopback address leads elsewhere.
 */
export async function listenAt(server: Server, place: Place): Promise<{ port: number; url: string }> {
  const port = await listening(server, place);
  const host = place.host.includes(':') ? `[${place.host}]` : place.host;
  return { port, url: `${place.tlsCertFile ? 'https' : 'http'}://${host}:${port}` };
}

function listening(server: Server, { host, port }: Place): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      const [why, fix] = troubles[error.code ?? ''] ?? [error.message, 'Set HTTP_HOST and HTTP_PORT.'];
      const message = `Cannot serve HTTP at ${host}:${port}: ${why}.`;
      reject(new Misconfigured(message, { code: 'http-listen', fix, cause: error }));
    };
    server.once('error', refuse);
    server.listen({ host, port, backlog: backlogMax }, () => {
      server.off('error', refuse);
      const address = server.address();
      if (typeof address === 'object' && address && isLoopback(host) && !isLoopback(address.address)) {
        server.close();
        reject(notLocal(host, address.address));
        return;
      }
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

const notLocal = (host: string, address: string): Misconfigured =>
  new Misconfigured(`${host} leads to ${address}, which others can reach`, {
    code: 'http-strangers',
    fix: 'Set HTTP_HOST to 127.0.0.1.',
  });
