// A client for S3 and what speaks its protocol: signed requests, conditional writes, retries, errors that say what to do.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsClient } from 'aws4fetch';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import { refusalOf, unreachable } from './refusal.ts';

export interface ObjectStoreAccess {
  /** Address of a server other than AWS's own; buckets are then a part of the path. */
  readonly endpoint: string | null;
  readonly region: string;
  readonly accessKeyId: string | null;
  readonly secretAccessKey: string | null;
  readonly sessionToken: string | null;
}

export interface StoredObject {
  readonly bytes: Buffer;
  /** Changes with the content. */
  readonly etag: string;
}

/** What has to hold for a write: nothing under the key, or still the content that was read. */
export type WriteCondition = { readonly absent: true } | { readonly etag: string };

/** One bucket. Throws `Misconfigured` for what a person has to mend, `Retryable` when the server stays unwell. */
export interface ObjectStore {
  /** Every key that begins with `prefix`. */
  keys(prefix: string): Promise<readonly string[]>;
  get(key: string): Promise<StoredObject | null>;
  /** Resolves to false, having written nothing, where the condition does not hold. */
  put(key: string, bytes: Uint8Array, condition: WriteCondition): Promise<boolean>;
}

export interface ObjectStoreOptions extends ObjectStoreAccess {
  readonly bucket: string;
  /** Tries of one request before giving up. Default 5. */
  readonly tries?: number;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

interface Request {
  readonly method: 'GET' | 'PUT';
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** A server that sends nothing for so long is gone. */
const silenceMs = 30_000;
/** Bytes a second below which an upload is given up. */
const slowestUpload = 50_000;

export function openObjectStore(options: ObjectStoreOptions): ObjectStore {
  const send = sender(options);
  return {
    async keys(prefix) {
      const keys: string[] = [];
      let next: string | undefined;
      do {
        const query = { 'list-type': '2', 'encoding-type': 'url', prefix };
        const listed = await send({
          method: 'GET',
          key: '',
          query: next === undefined ? query : { ...query, 'continuation-token': next },
        });
        const page = listed.bytes.toString('utf8');
        for (const [, key = ''] of page.matchAll(/<Key>([^<]*)<\/Key>/g)) keys.push(decodeKey(key));
        next = /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(page)?.[1];
        next = next === undefined ? undefined : unescapeXml(next);
      } while (next !== undefined);
      return keys;
    },
    async get(key) {
      const { status, headers, bytes } = await send({ method: 'GET', key }, [404]);
      return status === 404 ? null : { bytes, etag: headers.get('etag') ?? '' };
    },
    async put(key, bytes, condition) {
      const headers = 'absent' in condition ? { 'if-none-match': '*' } : { 'if-match': condition.etag };
      // 404: If-Match on a key that is gone. 409: another conditional write of the key is going on.
      const { status } = await send({ method: 'PUT', key, body: bytes, headers }, [404, 409, 412, 501]);
      if (status !== 501) return status < 300;
      return putChecked(send, { key, bytes, condition });
    },
  };
}

type Send = (request: Request, expected?: readonly number[]) => Promise<Answer>;

/** For servers without conditional writes: looked at just before, which another writer may slip past. */
async function putChecked(
  send: Send,
  {
    key,
    bytes,
    condition,
  }: { readonly key: string; readonly bytes: Uint8Array; readonly condition: WriteCondition },
): Promise<boolean> {
  const there = await send({ method: 'GET', key }, [404]);
  const holds = 'absent' in condition ? there.status === 404 : there.headers.get('etag') === condition.etag;
  if (holds) await send({ method: 'PUT', key, body: bytes });
  return holds;
}

/** Sends one request, again while the server is unwell: delays double, with full jitter. */
function sender({ tries = 5, ...options }: ObjectStoreOptions): Send {
  const client = new AwsClient({
    accessKeyId: options.accessKeyId ?? '',
    secretAccessKey: options.secretAccessKey ?? '',
    ...(options.sessionToken === null ? {} : { sessionToken: options.sessionToken }),
    service: 's3',
    region: options.region,
    retries: 0,
  });
  const base = baseOf(options);
  return async (request, expected = []) => {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await exchange(client, base, request);
        if (answer.status < 300) return answer;
        const refusal = refusalOf(answer, { ...options, base, request });
        if (expected.includes(answer.status) && !refusal.isAboutBucket) return answer;
        throw refusal.error;
      } catch (cause) {
        const error = cause instanceof Misconfigured ? cause : retryable(cause, base);
        if (!(error instanceof Retryable) || attempt >= tries) throw error;
        await sleep(Math.random() * Math.min(5_000, 100 * 2 ** attempt));
      }
    }
  };
}

const retryable = (cause: unknown, base: string): Error =>
  cause instanceof Retryable ? cause : unreachable(base, cause);

/** Where keys are appended: `https://bucket.s3.region.amazonaws.com/`, or below the endpoint. */
function baseOf({ endpoint, region, bucket }: ObjectStoreOptions): string {
  if (endpoint !== null) return `${endpoint.replace(/\/+$/, '')}/${bucket}/`;
  // A dot in a bucket's name is none that AWS's certificate covers.
  if (bucket.includes('.')) return `https://s3.${region}.amazonaws.com/${bucket}/`;
  return `https://${bucket}.s3.${region}.amazonaws.com/`;
}

async function exchange(client: AwsClient, base: string, request: Request): Promise<Answer> {
  const url = new URL(base + request.key.split('/').map(encodeStrictly).join('/'));
  // Not through searchParams, which writes a space as a plus sign: it is signed as %20.
  url.search = Object.entries(request.query ?? {})
    .map((pair) => pair.map(encodeStrictly).join('='))
    .join('&');
  const body = request.body ?? new Uint8Array();
  const silence = new AbortController();
  const expect = (ms: number) => setTimeout(() => silence.abort(new Error(`silent for ${ms} ms`)), ms);
  let timer = expect(silenceMs + (1_000 * body.length) / slowestUpload);
  try {
    const response = await client.fetch(url, {
      method: request.method,
      headers: {
        ...request.headers,
        'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
      },
      redirect: 'manual',
      signal: silence.signal,
      ...(request.body === undefined ? {} : { body: asBody(request.body) }),
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      timer = expect(silenceMs);
      chunks.push(chunk);
    }
    return { status: response.status, headers: response.headers, bytes: Buffer.concat(chunks) };
  } finally {
    clearTimeout(timer);
  }
}

/** As AWS encodes what it signs (RFC 3986): some servers compare the path as it was sent. */
const encodeStrictly = (part: string): string =>
  encodeURIComponent(part).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** The same bytes over memory that is no shared one, as requests demand. */
const asBody = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);

const decodeKey = (key: string): string => decodeURIComponent(unescapeXml(key).replaceAll('+', ' '));

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

const unescapeXml = (text: string): string =>
  text.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, code?: string, name?: string) =>
    code === undefined ? (entities[name ?? ''] ?? whole) : String.fromCodePoint(Number(code)),
  );
