// Structured logs through pino: one JSON object a line for programs, or one short line for people.
import type { Writable } from 'node:stream';
import {
  type DestinationStream,
  destination as fileDestination,
  type Logger as PinoLogger,
  pino,
} from 'pino';
import { withoutSecrets } from './secret-text.ts';

/** `logger.info({ topic, count }, 'published')`: context first, then what happened. */
export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly format: 'pretty' | 'json';
  /** Where lines go; standard error when absent, because standard output belongs to answers. */
  readonly destination?: Writable;
}

const secrets = ['password', 'authorization', 'sasl', 'token', 'secret'];

/**
 * A logger with `service` and `pid` on every line, errors with their code, fix, context and causes, and secrets
 * blotted out, in texts and addresses too. Lines written to a closed pipe are lost in silence: a log reader that leaves must not end the work.
 */
export function createLogger({ level, format, destination }: LoggerOptions): Logger {
  const lines: DestinationStream = destination ?? standardError();
  const clean: DestinationStream = { write: (line: string) => lines.write(withoutSecrets(line)) };
  const target: DestinationStream =
    format === 'pretty'
      ? prettyLines(clean, destination === undefined && process.stderr.isTTY === true)
      : clean;
  return pino(
    {
      level,
      base: { service: 'millrace', pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError, error: describeError },
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '***' },
    },
    target,
  );
}

// Synchronous, so that the line before a crash is there; pino’s own file stream survives full pipes (EAGAIN).
function standardError(): DestinationStream {
  const stream = fileDestination({ dest: 2, sync: true });
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return stream;
}

interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly cause?: unknown;
  readonly [detail: string]: unknown;
}

/** An error as data: its own fields (`code`, `fix`, `context`, …) beside name, message, stack and causes. */
function describeError(error: unknown, depth = 0): DescribedError | unknown {
  if (!(error instanceof Error)) return error;
  const details = Object.fromEntries(Object.entries(error).filter(([name]) => name !== 'name'));
  return {
    ...details,
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined || depth > 4 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

const colours: Readonly<Record<string, number>> = {
  fatal: 35,
  error: 31,
  warn: 33,
  info: 32,
  debug: 36,
  trace: 90,
};
const unshown = new Set(['level', 'time', 'msg', 'service', 'pid', 'err', 'error']);

/** Turns each JSON line into one line for a person; stacks follow indented, warnings and worse in colour. */
function prettyLines(lines: DestinationStream, coloured: boolean): DestinationStream {
  const paint = (code: number, text: string): string => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { write: (json: string) => lines.write(prettyLine(json, paint)) };
}

function prettyLine(json: string, paint: (code: number, text: string) => string): string {
  const line = JSON.parse(json) as Record<string, unknown>;
  const level = String(line.level);
  const context = Object.entries(line)
    .filter(([name]) => !unshown.has(name))
    .map(([name, value]) =>
      paint(90, `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
    );
  const error = (line.err ?? line.error) as Partial<DescribedError> | string | undefined;
  const head = [
    paint(90, String(line.time).slice(11, 23)),
    paint(colours[level] ?? 0, level.toUpperCase().padEnd(5)),
    line.msg ?? '',
    ...context,
  ];
  return `${head.join(' ').trimEnd()}\n${error === undefined ? '' : prettyError(error)}`;
}

function prettyError(error: Partial<DescribedError> | string): string {
  const text = typeof error === 'string' ? error : (error.stack ?? error.message ?? JSON.stringify(error));
  const fix = typeof error === 'object' && typeof error.fix === 'string' ? `\nfix: ${error.fix}` : '';
  return `${`${text}${fix}`.replace(/^/gm, '      ')}\n`;
}
