// Tokens against a real JWKS server and real signatures.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import { Denial } from '../../../connectors/access/caller.ts';
import { Tokens } from '../../../connectors/access/tokens.ts';

interface Signer {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

async function newSigner(kid: string, alg = 'ES256'): Promise<Signer> {
  return { kid, alg, ...(await generateKeyPair(alg, { extractable: true })) };
}
const jwkOf = async ({ kid, alg, publicKey }: Signer): Promise<JWK> => ({
  ...(await exportJWK(publicKey)),
  kid,
  alg,
});

let shown: JWK[] = [];
let status = 200;
let server: Server;
let url = '';
let first: Signer;
const seconds = () => Math.floor(Date.now() / 1_000);

before(async () => {
  server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: shown }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  first = await newSigner('first');
});
after(() => server.close());

const options = () => ({
  jwksUrl: url,
  issuer: 'https://issuer.example',
  audience: 'millrace',
  tenantClaim: 'tenant',
  ratePerSecond: 7,
  cooldownMs: 0,
});

const claims = (): Record<string, unknown> => ({
  iss: 'https://issuer.example',
  aud: 'millrace',
  sub: 'jane',
  tenant: 'acme',
  scope: 'openid analyze read',
  exp: seconds() + 300,
});
const sign = ({ kid, alg, privateKey }: Signer, payload: Record<string, unknown>): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(privateKey);
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

async function denied(tokens: Tokens, token: string, code: string, why: string): Promise<void> {
  const found = await tokens.check(token);
  assert.ok(found instanceof Denial, why);
  assert.deepEqual(
    [found.status, found.code],
    [code === 'token-keys' ? 503 : code === 'token-tenant' ? 403 : 401, code],
    why,
  );
}

describe('tokens', () => {
  it('let in whom the issuer signed for, in every algorithm it may use', async () => {
    for (const alg of ['ES256', 'RS256', 'PS256', 'EdDSA']) {
      const signer = await newSigner(`k-${alg}`, alg);
      shown = [await jwkOf(signer)];
      assert.deepEqual(await new Tokens(options()).check(await sign(signer, claims())), {
        kind: 'token',
        id: 'token:https://issuer.example|jane',
        tenant: 'acme',
        scopes: ['analyze', 'read'],
        ratePerSecond: 7,
      });
    }
  });

  it('refuse what is expired, early, for others, by others, endless or altered', async () => {
    shown = [await jwkOf(first)];
    const tokens = new Tokens(options());
    const changed = (changes: Record<string, unknown>) => sign(first, { ...claims(), ...changes });
    await denied(tokens, await changed({ exp: seconds() - 60 }), 'token-expired', 'expired');
    await denied(tokens, await changed({ nbf: seconds() + 60 }), 'token-invalid', 'not yet valid');
    await denied(tokens, await changed({ aud: 'another' }), 'token-invalid', 'audience');
    await denied(tokens, await changed({ iss: 'https://evil.example' }), 'token-invalid', 'issuer');
    await denied(tokens, await changed({ exp: undefined }), 'token-invalid', 'no end');
    const [head, , signature] = (await sign(first, claims())).split('.');
    await denied(
      tokens,
      `${head}.${part({ ...claims(), tenant: 'evil' })}.${signature}`,
      'token-invalid',
      'altered',
    );
    const impostor = await newSigner('first');
    await denied(tokens, await sign(impostor, claims()), 'token-invalid', 'another key under the same id');
    for (const nonsense of ['a.b.c', '..', 'x', `${part({ alg: 'ES256' })}.${part(claims())}`])
      await denied(tokens, nonsense, 'token-invalid', nonsense);
  });

  it('refuse no signature, and a shared secret made of the public key', async () => {
    const signer = await newSigner('rsa', 'RS256');
    shown = [await jwkOf(signer)];
    const tokens = new Tokens(options());
    await denied(tokens, `${part({ alg: 'none' })}.${part(claims())}.`, 'token-invalid', 'alg none');
    for (const secret of [await exportSPKI(signer.publicKey), JSON.stringify(shown[0])]) {
      const body = `${part({ alg: 'HS256', kid: 'rsa' })}.${part(claims())}`;
      const signature = createHmac('sha256', secret).update(body).digest('base64url');
      await denied(tokens, `${body}.${signature}`, 'token-invalid', 'HS256 with the public key');
    }
    // Even where the issuer shows a symmetric key by mistake.
    shown = [{ kty: 'oct', kid: 'oct', alg: 'HS256', k: Buffer.from('x'.repeat(32)).toString('base64url') }];
    const body = `${part({ alg: 'HS256', kid: 'oct' })}.${part(claims())}`;
    const signature = createHmac('sha256', 'x'.repeat(32)).update(body).digest('base64url');
    await denied(new Tokens(options()), `${body}.${signature}`, 'token-invalid', 'a shown shared secret');
  });

  it('follow the issuer to new keys, and forget old ones', async () => {
    shown = [await jwkOf(first)];
    const tokens = new Tokens(options());
    const old = await sign(first, claims());
    assert.ok(!((await tokens.check(old)) instanceof Denial));
    const second = await newSigner('second');
    shown = [await jwkOf(second)];
    assert.ok(!((await tokens.check(await sign(second, claims()))) instanceof Denial));
    await denied(tokens, old, 'token-invalid', 'a key that is shown no more');
  });

  it('cannot be told while the keys cannot be had: 503, not 401', async () => {
    const token = await sign(first, claims());
    status = 500;
    await denied(new Tokens(options()), token, 'token-keys', 'the issuer fails');
    status = 200;
    const gone = new Tokens({ ...options(), jwksUrl: 'http://127.0.0.1:9/jwks' });
    await denied(gone, token, 'token-keys', 'nobody there');
    shown = [await jwkOf(first)];
    const tokens = new Tokens(options());
    assert.ok(!((await tokens.check(token)) instanceof Denial));
    status = 500;
    assert.ok(!((await tokens.check(token)) instanceof Denial), 'known keys last through an outage');
    status = 200;
  });

  it('name tenant and scopes by their claims', async () => {
    shown = [await jwkOf(first)];
    const tokens = new Tokens(options());
    const callerOf = async (changes: Record<string, unknown>) => {
      const caller = await tokens.check(await sign(first, { ...claims(), ...changes }));
      assert.ok(!(caller instanceof Denial));
      return [caller.tenant, caller.scopes];
    };
    assert.deepEqual(await callerOf({ tenant: undefined }), ['default', ['analyze', 'read']]);
    assert.deepEqual(await callerOf({ scope: undefined }), ['acme', ['analyze']]);
    assert.deepEqual(await callerOf({ scope: 'openid' }), ['acme', []]);
    assert.deepEqual(await callerOf({ scope: undefined, scp: ['admin'] }), ['acme', ['admin']]);
    for (const tenant of [7, '', 'a b', ['acme'], 'x'.repeat(200)])
      await denied(
        tokens,
        await sign(first, { ...claims(), tenant }),
        'token-tenant',
        JSON.stringify(tenant),
      );
  });
});
