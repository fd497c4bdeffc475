// JSON web tokens, checked with the public keys (JWKS) that their issuer shows. Asymmetric signatures only: with a
// shared-secret algorithm allowed, the public key itself would pass as the secret.
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { type Caller, Denial, type Scope, scopes } from './caller.ts';

export interface TokenOptions {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
  /** Claim that names the tenant. */
  readonly tenantClaim: string;
  readonly ratePerSecond: number;
  /** An unknown key id asks the issuer again, at most this often, in milliseconds. */
  readonly cooldownMs?: number;
}

const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
const fetchTimeoutMs = 5_000;
const clockToleranceSeconds = 5;

export class Tokens {
  readonly #options: TokenOptions;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;

  constructor(options: TokenOptions) {
    this.#options = options;
    this.#keys = createRemoteJWKSet(new URL(options.jwksUrl), {
      timeoutDuration: fetchTimeoutMs,
      cooldownDuration: options.cooldownMs ?? 10_000,
    });
  }

  /** Whose token it is: signed by the issuer, for us, valid now. 503 when the issuer's keys cannot be had. */
  async check(token: string): Promise<Caller | Denial> {
    const { issuer, audience } = this.#options;
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        issuer,
        audience,
        algorithms,
        requiredClaims: ['exp'],
        clockTolerance: clockToleranceSeconds,
      });
      return this.#callerOf(payload);
    } catch (error) {
      return denialOf(error);
    }
  }

  #callerOf(payload: JWTPayload): Caller | Denial {
    const { tenantClaim, issuer, ratePerSecond } = this.#options;
    const tenant = payload[tenantClaim] ?? 'default';
    if (typeof tenant !== 'string' || !/^[\w.:@-]{1,128}$/.test(tenant))
      return new Denial(403, 'token-tenant', `The claim ${tenantClaim} of the token names no tenant.`);
    const id = `token:${issuer}|${payload.sub ?? tenant}`;
    return { kind: 'token', id, tenant, scopes: scopesOf(payload), ratePerSecond };
  }
}

/** Scopes of ours that a token names; one that speaks of no scopes may send texts and nothing else. */
function scopesOf({ scope, scp }: JWTPayload): readonly Scope[] {
  const given = scope ?? scp;
  if (given === undefined) return ['analyze'];
  const words = Array.isArray(given) ? given : String(given).split(' ');
  return scopes.filter((known) => words.includes(known));
}

/** Codes of jose that speak of the token; anything else is a failure on the way to the issuer's keys. */
const badToken: ReadonlySet<string> = new Set([
  'ERR_JWT_EXPIRED',
  'ERR_JWT_CLAIM_VALIDATION_FAILED',
  'ERR_JWT_INVALID',
  'ERR_JWS_INVALID',
  'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  'ERR_JOSE_ALG_NOT_ALLOWED',
  'ERR_JOSE_NOT_SUPPORTED',
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
]);

function denialOf(error: unknown): Denial {
  if (error instanceof errors.JOSEError && badToken.has(error.code)) {
    const expired = error instanceof errors.JWTExpired;
    const claim =
      error instanceof errors.JWTClaimValidationFailed ? `: its claim ${error.claim} does not hold` : '';
    return expired
      ? new Denial(401, 'token-expired', 'The token has expired.')
      : new Denial(401, 'token-invalid', `The token is not valid here${claim}.`);
  }
  return new Denial(503, 'token-keys', 'The keys that tokens are checked with cannot be had now.', 5);
}
