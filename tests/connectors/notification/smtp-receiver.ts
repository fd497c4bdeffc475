// A strict local SMTP server: no line without CRLF, no mail without an envelope, no password in the clear.
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: string;
  readonly isSecure: boolean;
  readonly user: string | null;
}

export interface SmtpBehaviour {
  readonly security?: 'starttls' | 'tls' | 'none';
  readonly auth?: 'PLAIN' | 'LOGIN';
  /** Wanted as `user:password`. */
  readonly account?: string;
  /** Answers of its own to commands, by their first words; null: no answer at all. */
  readonly answers?: Readonly<Record<string, string | null>>;
}

export interface SmtpReceiver {
  readonly port: number;
  readonly mails: readonly Mail[];
  behaviour: SmtpBehaviour;
  close(): Promise<void>;
}

/** A server that takes nothing out of order: no line without CRLF, no mail without an envelope, no password in the clear. */
export async function smtpReceiver(behaviour: SmtpBehaviour = {}, tls?: Certificate): Promise<SmtpReceiver> {
  const mails: Mail[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((plain) => {
    sockets.add(plain);
    plain.on('error', () => {});
    const secure = (socket: Socket) => new TLSSocket(socket, { isServer: true, ...tls });
    const isSecure = receiver.behaviour.security === 'tls';
    const socket = isSecure ? secure(plain) : plain;
    new Conversation(socket, receiver.behaviour, { mails, secure, isSecure }).say('220 millrace.test ready');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: SmtpReceiver = {
    port: (server.address() as AddressInfo).port,
    mails,
    behaviour,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

interface Talk {
  readonly mails: Mail[];
  readonly secure: (socket: Socket) => TLSSocket;
  readonly isSecure: boolean;
}

/** One conversation, from the greeting, or from the handshake on, to its end. */
class Conversation {
  readonly #socket: Socket;
  readonly #behaviour: SmtpBehaviour;
  readonly #talk: Talk;
  #received = '';
  #text = '';
  #from: string | null = null;
  #to: string[] = [];
  #user: string | null = null;
  #isData = false;
  /** Takes the next line where that is no command. */
  #waits: ((line: string) => void) | null = null;

  constructor(socket: Socket, behaviour: SmtpBehaviour, talk: Talk) {
    this.#socket = socket;
    this.#behaviour = behaviour;
    this.#talk = talk;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => this.#hear(bytes));
  }

  say(line: string): void {
    this.#socket.write(`${line}\r\n`);
  }

  #hear(bytes: Buffer): void {
    this.#received += bytes.toString('utf8');
    for (let at = this.#received.indexOf('\n'); at >= 0; at = this.#received.indexOf('\n')) {
      const line = this.#received.slice(0, at);
      this.#received = this.#received.slice(at + 1);
      if (line.endsWith('\r')) this.#take(line.slice(0, -1));
      else this.#socket.end('500 lines end with CRLF\r\n');
    }
  }

  #take(line: string): void {
    const waiting = this.#waits;
    this.#waits = null;
    if (this.#isData) this.#data(line);
    else if (waiting) waiting(line);
    else this.#command(line);
  }

  #data(line: string): void {
    if (line !== '.') {
      this.#text += `${line.replace(/^\./, '')}\r\n`;
      return;
    }
    this.#isData = false;
    const { isSecure, mails } = this.#talk;
    mails.push({ from: this.#from!, to: this.#to, content: this.#text, isSecure, user: this.#user });
    [this.#from, this.#to, this.#text] = [null, [], ''];
    this.say('250 2.0.0 queued');
  }

  #command(line: string): void {
    const { answers = {}, account, security } = this.#behaviour;
    const own = Object.keys(answers).find((words) => line.startsWith(words));
    if (own !== undefined) {
      const answer = answers[own];
      if (answer) this.say(answer);
      return;
    }
    if (line.startsWith('EHLO ')) this.#hello();
    else if (line === 'QUIT') this.#socket.end('221 bye\r\n');
    else if (line === 'STARTTLS' && security === 'starttls' && !this.#talk.isSecure) this.#secure();
    else if (line.startsWith('AUTH ')) this.#auth(line);
    else if (account !== undefined && this.#user === null) this.say('530 5.7.0 log in first');
    else this.#envelope(line);
  }

  #hello(): void {
    const { security = 'none', auth } = this.#behaviour;
    const { isSecure } = this.#talk;
    const lines = [
      'millrace.test',
      ...(security === 'starttls' && !isSecure ? ['STARTTLS'] : []),
      ...(auth && (isSecure || security === 'none') ? [`AUTH ${auth}`] : []),
      '8BITMIME',
    ];
    for (const [index, line] of lines.entries())
      this.say(`250${index < lines.length - 1 ? '-' : ' '}${line}`);
  }

  #secure(): void {
    const socket = this.#socket;
    socket.removeAllListeners('data');
    socket.write('220 go on\r\n', () => {
      new Conversation(this.#talk.secure(socket), this.#behaviour, { ...this.#talk, isSecure: true });
    });
  }

  #auth(line: string): void {
    if (line.startsWith('AUTH PLAIN ')) {
      const [, name = '', password = ''] = decoded(line.slice(11)).split('\0');
      this.#login(name, password);
      return;
    }
    this.say('334 VXNlcm5hbWU6');
    this.#waits = (name) => {
      this.say('334 UGFzc3dvcmQ6');
      this.#waits = (password) => this.#login(decoded(name), decoded(password));
    };
  }

  #login(name: string, password: string): void {
    const isRight = `${name}:${password}` === this.#behaviour.account;
    if (isRight) this.#user = name;
    this.say(isRight ? '235 welcome' : '535 5.7.8 wrong user or password');
  }

  #envelope(line: string): void {
    const [, sender] = /^MAIL FROM:<([^<>\s]+)>$/.exec(line) ?? [];
    const [, recipient] = /^RCPT TO:<([^<>\s]+)>$/.exec(line) ?? [];
    if (sender !== undefined) {
      this.#from = sender;
      this.say('250 sender fine');
    } else if (recipient !== undefined && this.#from !== null) {
      this.#to.push(recipient);
      this.say('250 recipient fine');
    } else if (line === 'DATA' && this.#to.length > 0) {
      this.#isData = true;
      this.say('354 go on');
    } else this.say('503 bad sequence of commands');
  }
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString();
