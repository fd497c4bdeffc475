// Who may come in: one question for every door. A request is from a key, from a token's subject, from this machine, or
// from a stranger. Strangers are refused wherever others than this machine can reach, unless HTTP_OPEN says otherwise.
// Headers that a proxy adds are never believed: they can only take rights away.
import type { IncomingHttpHeaders } from 'node:http';
import { Misconfigured } from '../../schemas/errors.ts';
import { type Caller, Denial, type Scope, scopes } from './caller.ts';
import { Keys } from './keys.ts';
import { hostOf, isLoopback } from './loopback.ts';
import { RateLimit } from './rate-limit.ts';
import { type TokenOptions, Tokens } from './tokens.ts';

export interface AccessOptions {
  /** The address that is listened on: what decides whether strangers can come. */
  readonly host: string;
  /** Strangers are let in, wherever they come from. */
  readonly open: boolean;
  /** Null: keys are not accepted. */
  readonly keysFile: string | null;
  /** Null: tokens are not accepted. */
  readonly tokens: TokenOptions | null;
  /** Requests a second of a key without a rate of its own. */
  readonly ratePerSecond: number;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonicMs?: () => number;
}

export interface Access {
  /** Who asks, and may do what one of `wanted` names; or the refusal. Counts against the caller's rate. */
  admit(headers: IncomingHttpHeaders, ...wanted: readonly Scope[]): Promise<Caller | Denial>;
}

/**
 * Throws `Misconfigured`: `http-strangers` when others could reach the address and nobody could show who they are,
 * `keys-file` when the keys cannot be read.
 */
export async function openAccess(options: AccessOptions): Promise<Access> {
  const keys = new Keys(options.keysFile, options.monotonicMs);
  const count = await keys.count();
  if (!isLoopback(options.host) && !options.open && count === 0 && options.tokens === null)
    throw new Misconfigured(
      `Strangers could reach ${options.host}, and there are no keys to tell them apart by`,
      {
        code: 'http-strangers',
        fix:
          'Create a key (`millrace keys create --name prometheus --scopes read`), set HTTP_JWKS_URL, listen on 127.0.0.1, ' +
          'or say HTTP_OPEN=true where something else keeps strangers out.',
      },
    );
  return new Doorkeeper(options, keys);
}

/** Headers that only a proxy adds: behind one, a connection from this machine says nothing about who asks. */
const forwarding = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

class Doorkeeper implements Access {
  readonly #options: AccessOptions;
  readonly #keys: Keys;
  readonly #tokens: Tokens | null;
  readonly #rate: RateLimit;

  constructor(options: AccessOptions, keys: Keys) {
    this.#options = options;
    this.#keys = keys;
    this.#tokens = options.tokens && new Tokens(options.tokens);
    this.#rate = new RateLimit(options.monotonicMs);
  }

  async admit(headers: IncomingHttpHeaders, ...wanted: readonly Scope[]): Promise<Caller | Denial> {
    const caller = await this.#identify(headers);
    if (caller instanceof Denial) return caller;
    if (!wanted.some((scope) => caller.scopes.includes(scope)))
      return new Denial(
        403,
        'scope',
        `This key or token may not do this: it lacks the scope ${wanted.join(' or ')}.`,
      );
    if (caller.ratePerSecond === null) return caller;
    const seconds = this.#rate.take(caller.id, caller.ratePerSecond);
    if (seconds === 0) return caller;
    const rate = `${caller.ratePerSecond} requests a second are allowed`;
    return new Denial(429, 'rate', `Too many requests: ${rate}. Try again in ${seconds} s.`, seconds);
  }

  async #identify(headers: IncomingHttpHeaders): Promise<Caller | Denial> {
    const credential = credentialOf(headers);
    if (credential === null) return this.#stranger(headers);
    if (credential.startsWith('mr_')) return this.#keyHolder(credential);
    if (this.#tokens && credential.includes('.')) return this.#tokens.check(credential);
    return new Denial(
      401,
      'credential',
      'The credential is neither a key nor a token that is accepted here.',
    );
  }

  async #keyHolder(text: string): Promise<Caller | Denial> {
    try {
      const key = await this.#keys.find(text);
      if (key === null) return new Denial(401, 'key', 'There is no such key, or it was revoked.');
      const { id, tenant, scopes: granted, ratePerSecond } = key;
      const rate = ratePerSecond ?? this.#options.ratePerSecond;
      return { kind: 'key', id: `key:${id}`, tenant, scopes: granted, ratePerSecond: rate };
    } catch (error) {
      if (error instanceof Misconfigured) return new Denial(503, 'keys', 'The keys cannot be read now.', 5);
      throw error;
    }
  }

  /** A web page that has its own name lead to 127.0.0.1 is told by the Host header, a proxy by what it adds. */
  #stranger(headers: IncomingHttpHeaders): Caller | Denial {
    const known = { tenant: 'default', scopes, ratePerSecond: null };
    if (this.#options.open) return { kind: 'anyone', id: 'anyone', ...known };
    const isDirect = forwarding.every((name) => headers[name] === undefined);
    if (isDirect && isLoopback(this.#options.host) && isLoopback(hostOf(headers.host ?? '')))
      return { kind: 'local', id: 'local', ...known };
    return new Denial(
      401,
      'no-credential',
      'Send a key or a token: `Authorization: Bearer …` or `x-api-key: …`.',
    );
  }
}

/** The key or token of a request; empty for one in a form that is not known, so that it is refused and not passed over. */
function credentialOf(headers: IncomingHttpHeaders): string | null {
  const key = headers['x-api-key'];
  if (key !== undefined) return Array.isArray(key) ? '' : key;
  if (headers.authorization === undefined) return null;
  return /^Bearer +(\S+)$/i.exec(headers.authorization)?.[1] ?? '';
}
