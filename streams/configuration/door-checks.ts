// Settings of the doors that contradict each other.
import type { Check } from './checks.ts';

const local = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export const doorChecks: readonly Check[] = [
  ({ http: { tlsCertFile, tlsKeyFile } }) =>
    (tlsCertFile === null) !== (tlsKeyFile === null) && {
      keys: ['http.tlsCertFile', 'http.tlsKeyFile'],
      what: 'there is a certificate or its key, but not both',
      fix: 'Set both HTTP_TLS_CERT_FILE and HTTP_TLS_KEY_FILE, or neither.',
    },
  ({ http: { jwksUrl, jwtIssuer, jwtAudience } }) =>
    jwksUrl !== null &&
    (jwtIssuer === null || jwtAudience === null) && {
      keys: ['http.jwksUrl'],
      what: 'tokens of any issuer or for any audience would be let in',
      fix: 'Set HTTP_JWT_ISSUER and HTTP_JWT_AUDIENCE, or remove HTTP_JWKS_URL.',
    },
  ({ http: { jwksUrl, jwtIssuer, jwtAudience } }) =>
    jwksUrl === null &&
    (jwtIssuer !== null || jwtAudience !== null) && {
      keys: ['http.jwtIssuer', 'http.jwtAudience'],
      what: 'there are claims that a token has to make, but no keys to check tokens with',
      fix: 'Set HTTP_JWKS_URL, or remove HTTP_JWT_ISSUER and HTTP_JWT_AUDIENCE.',
    },
  ({ http: { jwksUrl } }) =>
    jwksUrl?.startsWith('http:') === true &&
    !local.test(new URL(jwksUrl).hostname) && {
      keys: ['http.jwksUrl'],
      what: 'keys that come over plain http can be exchanged on the way, and every token forged',
      fix: 'Use an https:// address.',
    },
  ({ http: { headersTimeoutMs, requestTimeoutMs } }) =>
    headersTimeoutMs > requestTimeoutMs && {
      keys: ['http.headersTimeoutMs', 'http.requestTimeoutMs'],
      what: 'the headers of a request may take longer than the whole of it',
      fix: 'Lower HTTP_HEADERS_TIMEOUT_MS or raise HTTP_REQUEST_TIMEOUT_MS.',
    },
];
