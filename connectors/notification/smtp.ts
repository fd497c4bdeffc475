// One mail over SMTP (RFC 5321): greeting, STARTTLS (RFC 3207), AUTH PLAIN or LOGIN (RFC 4954), envelope, data.
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { Retryable } from '../../schemas/errors.ts';
import { NotificationRefused } from './channel.ts';

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** `starttls`: TLS after the greeting, or nothing is sent; `tls`: from the first byte; `none`: never. */
  readonly security: 'starttls' | 'tls' | 'none';
  readonly username: string | null;
  readonly password: string | null;
  /** PEM authorities that the server’s certificate is checked against; null: those that Node trusts. */
  readonly ca: string | null;
  /** For every answer of the server, in milliseconds. */
  readonly timeoutMs: number;
}

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
  /** The mail, lines ended by CRLF. */
  readonly content: string;
}

/** An answer of the server. */
interface Reply {
  readonly code: number;
  readonly lines: readonly string[];
}

/** Longest answer that is read, in characters. */
const replyMax = 65_536;

/**
 * Sends one mail. Throws `NotificationRefused` for answers that are final (5xx), `Retryable` for all else; a recipient
 * that is refused while others are not is left out, unless none is left. Gives those left out, with the answers.
 */
export async function sendMail(
  server: SmtpServer,
  envelope: Envelope,
  signal: AbortSignal,
): Promise<readonly string[]> {
  signal.throwIfAborted();
  const conversation = await Conversation.open(server, signal);
  try {
    await conversation.introduce();
    return await conversation.deliver(envelope);
  } finally {
    conversation.end();
  }
}

class Conversation {
  readonly #server: SmtpServer;
  readonly #signal: AbortSignal;
  #socket: Socket;
  #received = '';
  #extensions: readonly string[] = [];

  private constructor(server: SmtpServer, socket: Socket, signal: AbortSignal) {
    this.#server = server;
    this.#signal = signal;
    this.#socket = socket;
    this.#listen();
  }

  static async open(server: SmtpServer, signal: AbortSignal): Promise<Conversation> {
    const { host, port, security } = server;
    const socket =
      security === 'tls' ? connectTls({ host, port, ...tlsOptions(server) }) : connect(port, host);
    const conversation = new Conversation(server, socket, signal);
    await conversation.#expect('the greeting', 220);
    return conversation;
  }

  async introduce(): Promise<void> {
    await this.#hello();
    const { security, username, password } = this.#server;
    if (security === 'starttls') await this.#secure();
    if (username !== null && password !== null) await this.#login(username, password);
  }

  async deliver({ from, to, content }: Envelope): Promise<readonly string[]> {
    await this.#say(`MAIL FROM:<${from}>`, 250);
    const refused: string[] = [];
    for (const recipient of to) {
      const { code, lines } = await this.#ask(`RCPT TO:<${recipient}>`);
      if (code >= 400 && code < 500) throw unwell(`RCPT TO ${recipient}`, { code, lines });
      if (code >= 500) refused.push(`${recipient}: ${code} ${lines.join(' ')}`);
    }
    if (refused.length === to.length)
      throw new NotificationRefused(`email: every recipient is refused: ${refused.join('; ')}`);
    await this.#say('DATA', 354);
    // A line that is a single dot would end the mail: dots at the beginning of lines are doubled.
    const stuffed = content.replaceAll(/^\./gm, '..').replace(/(\r\n)?$/, '\r\n');
    await this.#say(`${stuffed}.`, 250);
    return refused;
  }

  end(): void {
    this.#socket.write('QUIT\r\n', () => this.#socket.destroy());
    this.#socket.setTimeout(1_000, () => this.#socket.destroy());
  }

  async #hello(): Promise<void> {
    const name = hostname();
    const { lines } = await this.#say(`EHLO ${/^[A-Za-z0-9.-]+$/.test(name) ? name : 'localhost'}`, 250);
    this.#extensions = lines.slice(1).map((line) => line.toUpperCase());
  }

  async #secure(): Promise<void> {
    if (!this.#extensions.includes('STARTTLS'))
      throw new NotificationRefused('email: the server offers no STARTTLS, and mail is not sent unprotected');
    await this.#say('STARTTLS', 220);
    // What came before the handshake was not protected, and counts for nothing (CVE-2011-0411).
    if (this.#received !== '') throw new NotificationRefused('email: the server spoke before TLS began');
    const plain = this.#socket;
    plain.off('data', this.#hear);
    this.#socket = connectTls({ socket: plain, host: this.#server.host, ...tlsOptions(this.#server) });
    this.#listen();
    await this.#timely('TLS', once(this.#socket, 'secureConnect', { signal: this.#signal }));
    await this.#hello();
  }

  async #login(username: string, password: string): Promise<void> {
    const offered = this.#extensions.find((line) => /^AUTH[ =]/.test(line))?.split(/[ =]/) ?? [];
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    if (offered.includes('PLAIN')) await this.#say(`AUTH PLAIN ${base64(`\0${username}\0${password}`)}`, 235);
    else if (offered.includes('LOGIN')) {
      await this.#say('AUTH LOGIN', 334);
      await this.#say(base64(username), 334);
      await this.#say(base64(password), 235);
    } else throw new NotificationRefused('email: the server offers neither AUTH PLAIN nor AUTH LOGIN');
  }

  async #say(line: string, wanted: number): Promise<Reply> {
    // Neither passwords nor whole mails belong into messages.
    const what = /^(AUTH|MAIL|DATA|EHLO|STARTTLS)\b/.exec(line)?.[0] ?? 'the answer';
    this.#socket.write(`${line}\r\n`);
    return this.#expect(what, wanted);
  }

  async #ask(line: string): Promise<Reply> {
    this.#socket.write(`${line}\r\n`);
    return this.#reply(line);
  }

  async #expect(what: string, wanted: number): Promise<Reply> {
    const reply = await this.#reply(what);
    if (reply.code === wanted) return reply;
    if (reply.code >= 500)
      throw new NotificationRefused(`email: ${what}: ${reply.code} ${reply.lines.join(' ')}`);
    throw unwell(what, reply);
  }

  async #reply(what: string): Promise<Reply> {
    for (;;) {
      const reply = this.#take();
      if (reply) return reply;
      if (this.#received.length > replyMax) throw unreachable(`${what}: an endless answer`);
      if (this.#socket.destroyed) throw unreachable(`${what}: the connection ended`);
      await this.#timely(what, once(this.#socket, 'heard', { signal: this.#signal }));
    }
  }

  /** A whole answer of what was received: lines `250-…` and a last one `250 …`. */
  #take(): Reply | null {
    const [whole, code = ''] = /^(?:\d{3}-[^\n]*\n)*(\d{3})(?: [^\n]*)?\n/.exec(this.#received) ?? [];
    if (whole === undefined) return null;
    this.#received = this.#received.slice(whole.length);
    return {
      code: Number(code),
      lines: whole
        .trimEnd()
        .split(/\r?\n/)
        .map((line) => line.slice(4)),
    };
  }

  readonly #hear = (bytes: Buffer): void => {
    this.#received += bytes.toString('utf8');
    this.#socket.emit('heard');
  };

  #listen(): void {
    const socket = this.#socket;
    socket.on('data', this.#hear);
    // Also between two answers, when nobody waits: the next one finds the connection ended.
    socket.on('error', () => {});
    socket.on('close', () => socket.emit('heard'));
  }

  async #timely(what: string, work: Promise<unknown>): Promise<void> {
    const { timeoutMs } = this.#server;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unreachable(`${what}: no answer within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      await Promise.race([work, late]);
    } catch (error) {
      this.#socket.destroy();
      if (error instanceof Retryable) throw error;
      throw unreachable(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      clearTimeout(timer);
      work.catch(() => {});
    }
  }
}

// A name for SNI, which addresses have none of.
const tlsOptions = ({ host, ca }: SmtpServer) => ({
  ...(isIP(host) ? {} : { servername: host }),
  ...(ca === null ? {} : { ca }),
});

const unwell = (what: string, { code, lines }: Reply): Retryable =>
  new Retryable(`email: ${what}: ${code} ${lines.join(' ')}`, { code: `notification-${code}` });

const unreachable = (what: string): Retryable =>
  new Retryable(`email: ${what}`, { code: 'notification-unreachable' });
