// The files of a TLS connection to the brokers: authority, certificate, key. Read and checked before any socket opens.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SettingValues } from './settings.ts';

/** One file that cannot be used. */
interface BadFile {
  readonly key: string;
  readonly what: string;
}

interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

type KafkaSettings = SettingValues['kafka'];

/** Content of the files that are named. Throws when one cannot be read: `badTlsFiles` has looked before. */
export function readTlsFiles({ tlsCaFile, tlsCertFile, tlsKeyFile }: KafkaSettings): TlsFiles {
  return {
    ...(tlsCaFile === null ? {} : { ca: readFileSync(tlsCaFile, 'utf8') }),
    ...(tlsCertFile === null ? {} : { cert: readFileSync(tlsCertFile, 'utf8') }),
    ...(tlsKeyFile === null ? {} : { key: readFileSync(tlsKeyFile, 'utf8') }),
  };
}

/** The named files that are missing, unreadable, not what they should be, or do not belong together. */
export function badTlsFiles(settings: KafkaSettings): readonly BadFile[] {
  const { tlsCaFile, tlsCertFile, tlsKeyFile } = settings;
  const bad = [
    problemOf('kafka.tlsCaFile', tlsCaFile, 'certificate', (text) => new X509Certificate(text)),
    problemOf('kafka.tlsCertFile', tlsCertFile, 'certificate', (text) => new X509Certificate(text)),
    problemOf('kafka.tlsKeyFile', tlsKeyFile, 'private key', (text) => createPrivateKey(text)),
  ].filter((found) => found !== null);
  if (bad.length > 0 || tlsCertFile === null || tlsKeyFile === null) return bad;
  const certificate = new X509Certificate(readFileSync(tlsCertFile));
  if (certificate.checkPrivateKey(createPrivateKey(readFileSync(tlsKeyFile)))) return [];
  return [{ key: 'kafka.tlsKeyFile', what: `the key in ${tlsKeyFile} is not that of ${tlsCertFile}` }];
}

function problemOf(
  key: string,
  file: string | null,
  what: string,
  parse: (text: string) => unknown,
): BadFile | null {
  if (file === null) return null;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { key, what: `cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? 'failed'}` };
  }
  try {
    parse(text);
    return null;
  } catch {
    // The parser’s message may quote the file, which may hold a key.
    return { key, what: `${file} holds no ${what} in PEM form that can be read without a passphrase` };
  }
}
