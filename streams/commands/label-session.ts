// Labelling at a terminal: one text at a time, a key and Enter for what it is. A label is published when the next message
// is answered, or at the end, so that it can be undone until then.
import type { CommandIo } from '../../connectors/occupancy/command-io.ts';
import type { LabelsAnswer } from '../../schemas/requests.ts';
import { readLines } from '../lines.ts';
import { untilAborted } from './input.ts';

type Item = LabelsAnswer['items'][number];

/** What the session asks of the system. */
export interface SessionPorts {
  /** The next messages, without those that were skipped. */
  next(skip: readonly string[]): Promise<LabelsAnswer>;
  publish(item: Item, label: string): Promise<void>;
}

export interface SessionCounts {
  readonly labelled: number;
  readonly skipped: number;
}

/** Keys of labels; s, u and q are taken. */
const keys = [...'123456789abcdefghijklmnoprtvwxyz'];
const lineBytesMax = 1_024;

export class LabelSession {
  readonly #io: CommandIo;
  readonly #ports: SessionPorts;
  #answer: LabelsAnswer | null = null;
  #queue: Item[] = [];
  #past: { readonly item: Item; readonly label: string | null } | null = null;
  #skipped: string[] = [];
  #counts = { labelled: 0, skipped: 0 };

  constructor(io: CommandIo, ports: SessionPorts) {
    this.#io = io;
    this.#ports = ports;
  }

  /** Goes on until the person quits, the input ends or nothing is left. What was answered is published, also on Ctrl-C. */
  async run(): Promise<SessionCounts> {
    try {
      if (!(await this.#show())) return this.#counts;
      for await (const line of readLines(untilAborted(this.#io.stdin, this.#io.signal), lineBytesMax))
        if (!(await this.#take(line.toString('utf8').trim()))) break;
    } finally {
      await this.#settle();
    }
    return this.#counts;
  }

  /** Does what a line says; false when it is over. */
  async #take(word: string): Promise<boolean> {
    if (word === 'q') return false;
    if (word === 'u') await this.#undo();
    else if (word === 's') await this.#answerWith(null);
    else {
      const label = this.#labelOf(word);
      if (label !== null) await this.#answerWith(label);
      else await this.#io.stderr.write(`“${word.slice(0, 40)}” is no key and no label.\n`);
    }
    return this.#show();
  }

  /** The label of a key, or that begins so as no other does. */
  #labelOf(word: string): string | null {
    const labels = this.#answer?.labels ?? [];
    const byKey = word.length === 1 ? labels[keys.indexOf(word)] : undefined;
    if (byKey !== undefined) return byKey;
    if (word === '') return null;
    const begun = labels.filter((label) => label === word || label.startsWith(word));
    return begun.find((label) => label === word) ?? (begun.length === 1 ? begun[0]! : null);
  }

  async #answerWith(label: string | null): Promise<void> {
    await this.#settle();
    const item = this.#queue.shift()!;
    this.#past = { item, label };
  }

  async #undo(): Promise<void> {
    if (this.#past === null) {
      await this.#io.stderr.write('There is nothing to undo.\n');
      return;
    }
    this.#queue.unshift(this.#past.item);
    this.#past = null;
  }

  /** Publishes the label that could still be undone. */
  async #settle(): Promise<void> {
    const past = this.#past;
    if (past === null) return;
    if (past.label === null) {
      this.#skipped.push(past.item.messageId);
      this.#counts.skipped += 1;
    } else {
      await this.#ports.publish(past.item, past.label);
      this.#counts.labelled += 1;
    }
    this.#past = null;
  }

  /** Shows the next message; false when there is none. */
  async #show(): Promise<boolean> {
    if (this.#queue.length === 0) {
      await this.#settle();
      this.#answer = await this.#ports.next(this.#skipped.splice(0));
      this.#queue = [...this.#answer.items];
    }
    const [item] = this.#queue;
    if (item === undefined || this.#answer === null) {
      await this.#io.stderr.write('Nothing is left to label for now.\n');
      return false;
    }
    const choices = this.#answer.labels.map((label, index) => `[${keys[index] ?? ''}] ${label}`);
    const commands = ['[s] skip', ...(this.#past ? ['[u] undo'] : []), '[q] quit'];
    const why = item.reasons.length > 0 ? ` (${item.reasons.join(', ')})` : '';
    await this.#io.stdout.write(
      `\n${printable(item.text)}\n\n${choices.join('  ')}\n${commands.join('  ')}${why}\n> `,
    );
    return true;
  }
}

/** A text without what would drive the terminal: escape sequences, and marks that turn the direction of writing. */
const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}]/gu, (mark) => (mark === '\n' || mark === '\u200d' ? mark : ' '));
