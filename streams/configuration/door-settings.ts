// Settings of the doors: who may ask what over HTTP, what SQL from people may cost, what is taken out of texts.
import { redactable } from '../../processors/redaction/redaction.ts';
import { bytes, count, fraction, milliseconds } from './quantity.ts';
import { choice, flag, list, setting, text, textOrNone, urlOrNone } from './setting.ts';

export const http = {
  host: setting({
    variable: 'HTTP_HOST',
    kind: text,
    default: '127.0.0.1',
    doc: 'Address that the HTTP door listens on. `0.0.0.0` in a container. Anything but loopback asks for a key or a token.',
  }),
  port: setting({
    variable: 'HTTP_PORT',
    kind: count({ min: 0, max: 65_535 }),
    default: 8_080,
    doc: 'Port it listens on; 0 takes any free one.',
  }),
  requests: setting({
    variable: 'HTTP_REQUESTS',
    kind: choice('auto', 'on', 'off'),
    default: 'auto',
    doc: '`auto`: requests are answered, those for models where a stream of this process runs them. `on`: this process runs the models in any case. `off`: probes and metrics only.',
  }),
  modelMs: setting({
    variable: 'HTTP_MODEL_MS',
    kind: milliseconds({ min: 1, max: 60_000 }),
    default: 50,
    unit: 'ms',
    doc: 'How soon the models are asked to answer a request: the engine closes a batch early rather than be late.',
  }),
  answerTimeoutMs: setting({
    variable: 'HTTP_ANSWER_TIMEOUT_MS',
    kind: milliseconds({ min: 100, max: 600_000 }),
    default: 30_000,
    unit: 'ms',
    doc: 'A request that is not answered by then is refused (503).',
  }),
  publishResults: setting({
    variable: 'HTTP_PUBLISH_RESULTS',
    kind: flag,
    default: true,
    doc: 'Predictions and scores of `/v1/analyze` are published, and so stored, shortly after the answer.',
  }),
  resultsMax: setting({
    variable: 'HTTP_RESULTS_MAX',
    kind: count({ min: 2_000 }),
    default: 100_000,
    unit: 'records',
    doc: 'Results of requests that may wait to be published; past it requests are refused (429).',
  }),
  streamClientsMax: setting({
    variable: 'HTTP_STREAM_CLIENTS_MAX',
    kind: count({ min: 0, max: 100_000 }),
    default: 1_000,
    doc: 'Listeners of `/v1/stream` at once.',
  }),
  corsOrigins: setting({
    variable: 'HTTP_CORS_ORIGINS',
    kind: list({ empty: true }),
    default: [],
    doc: 'Web origins (`https://app.example.org`) whose pages may read answers; `*` is all of them. None: no page may.',
  }),
  drainDelayMs: setting({
    variable: 'HTTP_DRAIN_DELAY_MS',
    kind: milliseconds({ min: 0, max: 600_000 }),
    default: 0,
    unit: 'ms',
    doc: 'On SIGTERM `/ready` fails for so long while requests are still taken, so that a load balancer notices.',
  }),
  drainMs: setting({
    variable: 'HTTP_DRAIN_MS',
    kind: milliseconds({ min: 0, max: 600_000 }),
    default: 10_000,
    unit: 'ms',
    doc: 'Longest wait for running requests, and again for their results to be published, before the process goes on to end.',
  }),
  open: setting({
    variable: 'HTTP_OPEN',
    kind: flag,
    default: false,
    doc: 'Lets strangers in on an address that is not loopback: only where something else keeps them out.',
  }),
  keysFile: setting({
    variable: 'HTTP_KEYS_FILE',
    kind: textOrNone,
    default: null,
    doc: 'File of the API keys, which `millrace keys` writes; changes are noticed within seconds. None: `keys.json` in the data directory.',
  }),
  jwksUrl: setting({
    variable: 'HTTP_JWKS_URL',
    kind: urlOrNone('http', 'https'),
    default: null,
    doc: 'Public keys (JWKS) that JSON web tokens are checked with. None: no tokens.',
  }),
  jwtIssuer: setting({
    variable: 'HTTP_JWT_ISSUER',
    kind: textOrNone,
    default: null,
    doc: 'Issuer (`iss`) that a token has to name.',
  }),
  jwtAudience: setting({
    variable: 'HTTP_JWT_AUDIENCE',
    kind: textOrNone,
    default: null,
    doc: 'Audience (`aud`) that a token has to name.',
  }),
  jwtTenantClaim: setting({
    variable: 'HTTP_JWT_TENANT_CLAIM',
    kind: text,
    default: 'tenant',
    doc: 'Claim of a token that names its tenant; a token without it belongs to `default`.',
  }),
  ratePerSecond: setting({
    variable: 'HTTP_RATE_PER_SECOND',
    kind: fraction({ min: 0.001, max: 1_000_000 }),
    default: 100,
    doc: 'Requests a second of a key that has no rate of its own, and of each subject of tokens. A second’s worth may come at once.',
  }),
  bodyBytesMax: setting({
    variable: 'HTTP_BODY_BYTES_MAX',
    kind: bytes({ min: 1_024, max: 1_073_741_824 }),
    default: 1_048_576,
    unit: 'bytes',
    doc: 'Largest body of a request; larger ones are refused unread (413).',
  }),
  headersTimeoutMs: setting({
    variable: 'HTTP_HEADERS_TIMEOUT_MS',
    kind: milliseconds({ min: 100, max: 600_000 }),
    default: 10_000,
    unit: 'ms',
    doc: 'A connection whose request line and headers take longer is closed.',
  }),
  requestTimeoutMs: setting({
    variable: 'HTTP_REQUEST_TIMEOUT_MS',
    kind: milliseconds({ min: 100, max: 600_000 }),
    default: 30_000,
    unit: 'ms',
    doc: 'A request that takes longer to arrive whole is closed.',
  }),
  tlsCertFile: setting({
    variable: 'HTTP_TLS_CERT_FILE',
    kind: textOrNone,
    default: null,
    doc: 'PEM file with the certificate (and its chain) to serve HTTPS with. None: HTTP. Read again when it changes.',
  }),
  tlsKeyFile: setting({
    variable: 'HTTP_TLS_KEY_FILE',
    kind: textOrNone,
    default: null,
    doc: 'PEM file with the key of that certificate, without a passphrase.',
  }),
};

export const sql = {
  executionMsMax: setting({
    variable: 'MILLRACE_SQL_EXECUTION_MS_MAX',
    kind: milliseconds({ min: 1_000, max: 86_400_000 }),
    default: 60_000,
    unit: 'ms',
    doc: 'Longest time of a query of `millrace sql` and dashboards, in whole seconds.',
  }),
  resultRowsMax: setting({
    variable: 'MILLRACE_SQL_RESULT_ROWS_MAX',
    kind: count({ min: 1 }),
    default: 1_000_000,
    doc: 'Most rows of its result.',
  }),
  resultBytesMax: setting({
    variable: 'MILLRACE_SQL_RESULT_BYTES_MAX',
    kind: bytes({ min: 1_024 }),
    default: 268_435_456,
    unit: 'bytes',
    doc: 'Most bytes of its result, as ClickHouse counts them.',
  }),
  memoryBytesMax: setting({
    variable: 'MILLRACE_SQL_MEMORY_BYTES_MAX',
    kind: bytes({ min: 1_048_576 }),
    default: 1_073_741_824,
    unit: 'bytes',
    doc: 'Most memory it may take in ClickHouse.',
  }),
};

export const redact = setting({
  variable: 'MILLRACE_REDACT',
  kind: list({ values: redactable, empty: true }),
  default: [],
  doc: 'Personal data that is taken out of texts before Millrace stores or publishes anything: `[email]` stands where an address stood. Dead letters keep no original bytes that are not text then.',
});
