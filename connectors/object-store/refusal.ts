// What an S3 server's refusals mean, in words that say what to do.
import { Misconfigured, Retryable } from '../../schemas/errors.ts';

interface Refused {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

interface Circumstances {
  readonly base: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string | null;
  readonly request: { readonly method: string; readonly key: string };
}

interface Refusal {
  readonly error: Misconfigured | Retryable;
  /** The bucket itself is missing, not the key. */
  readonly isAboutBucket: boolean;
}

const loginCodes = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken']);
const regionCodes = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'TemporaryRedirect',
]);

/** The project's error for an answer that is none of success. */
export function refusalOf(answer: Refused, circumstances: Circumstances): Refusal {
  const { status, headers, bytes } = answer;
  const { bucket, base, region, request } = circumstances;
  const text = bytes.toString('utf8');
  const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? `HTTP ${status}`;
  const said = /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? 'no reason given';
  const what = `the object store at ${base} answered ${status} ${code} to ${request.method} ${request.key || bucket}: ${said}`;
  if (code === 'NoSuchBucket')
    return {
      isAboutBucket: true,
      error: misconfigured('bucket-missing', `there is no bucket “${bucket}” at ${base}`, {
        fix: 'Create it, or correct the s3:// address in inference.modelsDirectory.',
      }),
    };
  const home = headers.get('x-amz-bucket-region') ?? /<Region>([^<]*)<\/Region>/.exec(text)?.[1];
  if (regionCodes.has(code) || (status >= 300 && status < 400))
    return about('bucket-region', `${what} (asked in region ${region})`, {
      fix: home ? `Set AWS_REGION=${home}.` : 'Set AWS_REGION to the region of the bucket.',
    });
  if (code === 'RequestTimeTooSkewed')
    return about('bucket-clock', what, { fix: 'Set the clock of this machine.' });
  if (loginCodes.has(code) || status === 401 || status === 403)
    return about('bucket-login', what, { fix: loginFix(code) });
  if (status >= 500 || status === 429 || status === 408 || status === 409)
    return { isAboutBucket: false, error: new Retryable(what, { code: 'bucket-unwell' }) };
  return about('bucket-refused', what, { fix: 'Check inference.modelsDirectory and AWS_ENDPOINT_URL.' });
}

const about = (code: string, message: string, { fix }: { readonly fix: string }): Refusal => ({
  isAboutBucket: false,
  error: misconfigured(code, message, { fix }),
});

const misconfigured = (code: string, message: string, { fix }: { readonly fix: string }): Misconfigured =>
  new Misconfigured(message, { code, fix });

function loginFix(code: string): string {
  if (code === 'InvalidAccessKeyId') return 'The server does not know AWS_ACCESS_KEY_ID: correct it.';
  if (code === 'SignatureDoesNotMatch') return 'AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID.';
  if (code === 'ExpiredToken' || code === 'InvalidToken')
    return 'The login is over: renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.';
  return 'Allow this key to list the bucket, to read and, for publishing, to write its objects.';
}

/** A server that could not be spoken to at all. */
export function unreachable(base: string, cause: unknown): Retryable {
  const reason = cause instanceof Error ? String(cause.cause ?? cause.message) : String(cause);
  return new Retryable(`the object store at ${base} does not answer (${reason})`, {
    code: 'bucket-unreachable',
    cause,
  });
}
