// A server that can stand in the open: HTTPS where a certificate is given, and a limit on how long and how much a
// request may be. Any framework that takes a ready server can be mounted on it.
import { readFileSync, statSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import { Misconfigured } from '../../schemas/errors.ts';
import { Denial } from './caller.ts';
import { deny } from './problem.ts';

export interface SafeServerOptions {
  readonly tlsCertFile: string | null;
  readonly tlsKeyFile: string | null;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly bodyBytesMax: number;
  /** Told when a changed certificate cannot be used; the one before is kept. */
  readonly onTlsTrouble?: (error: Misconfigured) => void;
  /** How often certificate files are looked at, in milliseconds. */
  readonly tlsCheckMs?: number;
}

/** Longer than proxies and clients keep theirs: who reuses a connection must not meet its end. In milliseconds. */
const keepAliveMs = 75_000;
const connectionsMax = 10_000;
const headersMax = 100;

/** A server that does not listen yet. Throws `Misconfigured` (`http-tls`) when the certificate cannot be used. */
export function createSafeServer(options: SafeServerOptions, listener: RequestListener): Server | TlsServer {
  const { headersTimeoutMs, requestTimeoutMs } = options;
  const timeouts = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    // Node looks every 30 s by itself, which would stretch a limit of 1 s to 31.
    connectionsCheckingInterval: Math.min(1_000, headersTimeoutMs),
  };
  const limited: RequestListener = (request, response) => {
    if (isWithin(request, response, options.bodyBytesMax)) listener(request, response);
  };
  const files = filesOf(options);
  const server = files
    ? createTlsServer({ ...timeouts, ...certificateOf(files), minVersion: 'TLSv1.2' }, limited)
    : createServer(timeouts, limited);
  server.maxConnections = connectionsMax;
  server.maxHeadersCount = headersMax;
  if (files) keepCertificateFresh(server as TlsServer, files, options);
  return server;
}

/** False when the request was refused for its size. A body without a length is cut off where it passes the limit. */
function isWithin(...[request, response, bytesMax]: [...Parameters<RequestListener>, number]): boolean {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) {
    response.setHeader('connection', 'close');
    deny(response, new Denial(413, 'body', `A body may be ${bytesMax} bytes long.`));
    return false;
  }
  if (request.headers['transfer-encoding'] !== undefined) {
    let bytes = 0;
    const push = request.push.bind(request);
    // Counted as it comes off the wire: whoever reads the body sees it fail, whoever does not is not flooded.
    request.push = (chunk: Buffer | null, ...rest) => {
      bytes += chunk?.length ?? 0;
      if (bytes <= bytesMax) return push(chunk, ...rest);
      if (!response.headersSent) {
        response.setHeader('connection', 'close');
        deny(response, new Denial(413, 'body', `A body may be ${bytesMax} bytes long.`));
      }
      request.socket.destroySoon();
      return false;
    };
  }
  return true;
}

interface Files {
  readonly cert: string;
  readonly key: string;
}

const filesOf = ({ tlsCertFile, tlsKeyFile }: SafeServerOptions): Files | null =>
  tlsCertFile !== null && tlsKeyFile !== null ? { cert: tlsCertFile, key: tlsKeyFile } : null;

function certificateOf({ cert, key }: Files): { readonly cert: Buffer; readonly key: Buffer } {
  try {
    const pair = { cert: readFileSync(cert), key: readFileSync(key) };
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Misconfigured(`HTTPS is not possible with ${cert} and ${key}: ${reason}`, {
      code: 'http-tls',
      fix: 'Set HTTP_TLS_CERT_FILE and HTTP_TLS_KEY_FILE to a PEM certificate and its key.',
      cause,
    });
  }
}

/** Certificates are renewed while servers run; connections that are open keep the old one. */
function keepCertificateFresh(server: TlsServer, files: Files, options: SafeServerOptions): void {
  let seen = versionOf(files);
  const timer = setInterval(() => {
    const version = versionOf(files);
    if (version === seen) return;
    seen = version;
    try {
      server.setSecureContext({ ...certificateOf(files), minVersion: 'TLSv1.2' });
    } catch (error) {
      if (!(error instanceof Misconfigured)) throw error;
      options.onTlsTrouble?.(error);
    }
  }, options.tlsCheckMs ?? 5_000);
  timer.unref();
  server.once('close', () => clearInterval(timer));
}

const versionOf = ({ cert, key }: Files): string =>
  [cert, key]
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return found ? `${found.ino}/${found.mtimeMs}/${found.size}` : 'none';
    })
    .join(' ');
