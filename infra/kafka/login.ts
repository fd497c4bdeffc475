// What a broker that wants a login needs: a certificate authority and certificates made on the spot, one user.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Misconfigured } from '../../schemas/errors.ts';

const username = 'millrace';
const validDays = '3650';

/** A broker’s login: where its certificates are and who its user is. */
export interface Login {
  /** Folder with `ca.pem`, `keystore.pem` (the broker’s), `client.pem` and `client.key`. */
  readonly folder: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Makes the certificates and the password under `data`, or takes those of an earlier start. Throws `Misconfigured`
 * when a broker without a login has its storage there: a user is made when storage is formatted.
 */
export async function prepareLogin(data: string): Promise<Login> {
  const folder = join(data, 'login');
  const passwordFile = join(folder, 'password');
  if (!existsSync(passwordFile)) {
    if (existsSync(join(data, 'logs')))
      throw new Misconfigured(`${data} is the folder of a broker without a login.`, {
        code: 'format-failed',
        fix: 'Choose another folder with --data, or remove what is in this one.',
      });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await makeCertificates(folder);
    await writeFile(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
  }
  return { folder, username, password: await readFile(passwordFile, 'utf8') };
}

async function makeCertificates(folder: string): Promise<void> {
  const subject = ['-subj', '/CN=millrace-local-authority'];
  openssl(folder, ['req', '-x509', ...newKey('ca'), ...subject, '-days', validDays, '-out', 'ca.pem']);
  await makeCertificate(folder, 'broker', 'subjectAltName=IP:127.0.0.1,DNS:localhost');
  await makeCertificate(folder, 'client', 'extendedKeyUsage=clientAuth');
  const pieces = await Promise.all(['broker.key', 'broker.pem'].map((name) => readFile(join(folder, name))));
  await writeFile(join(folder, 'keystore.pem'), Buffer.concat(pieces), { mode: 0o600 });
}

async function makeCertificate(folder: string, name: string, extension: string): Promise<void> {
  await writeFile(join(folder, `${name}.ext`), `${extension}\n`);
  openssl(folder, ['req', ...newKey(name), '-subj', `/CN=${name}`, '-out', `${name}.csr`]);
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', validDays];
  const files = ['-in', `${name}.csr`, '-extfile', `${name}.ext`, '-out', `${name}.pem`];
  openssl(folder, ['x509', '-req', ...signing, ...files]);
}

const newKey = (name: string): string[] => [
  ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
  ...['-keyout', `${name}.key`],
];

function openssl(folder: string, args: readonly string[]): void {
  const { error, status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  if (!error && status === 0) return;
  throw new Misconfigured(
    error ? 'There is no `openssl` on the PATH.' : `openssl could not make a certificate:\n${stderr}`,
    {
      code: 'openssl-failed',
      fix: 'Install OpenSSL 3, for example: apt-get install openssl',
      cause: error,
    },
  );
}

/** Arguments for the storage tool that make the user known to both SCRAM mechanisms. */
export const scramUsers = ({ username: name, password }: Login): string[] =>
  ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${name},password=${password}]`,
  ]);

/**
 * Listeners of a broker with a login: SASL over TLS at `port`, and certificates of both sides at `port + 2`. The
 * broker speaks to itself by the first of them.
 */
export const loginProperties = (
  port: number,
  { folder, username: name, password }: Login,
): string => `listeners=LOGIN://127.0.0.1:${port},MUTUAL://127.0.0.1:${port + 2},CONTROLLER://127.0.0.1:${port + 1}
advertised.listeners=LOGIN://127.0.0.1:${port},MUTUAL://127.0.0.1:${port + 2}
listener.security.protocol.map=LOGIN:SASL_SSL,MUTUAL:SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=LOGIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="${name}" password="${password}" user_${name}="${password}";
listener.name.login.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.login.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.mutual.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location=${join(folder, 'keystore.pem')}
ssl.truststore.type=PEM
ssl.truststore.location=${join(folder, 'ca.pem')}
`;

/** The variables with which Millrace logs in. */
export const loginVariables = ({ folder, username: name, password }: Login): string[] => [
  'KAFKA_TLS=true',
  `KAFKA_TLS_CA_FILE=${join(folder, 'ca.pem')}`,
  'KAFKA_SASL_MECHANISM=scram-sha-512',
  `KAFKA_SASL_USERNAME=${name}`,
  `KAFKA_SASL_PASSWORD=${password}`,
];
