// One run of `millrace publish`: lines are checked as the streams will check them, and those that hold are published.
import type { LogRecord } from '../../connectors/log.ts';
import type { CommandIo } from '../../connectors/occupancy/command-io.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { freeTextsOf, redactFields } from '../../processors/redaction/message-redaction.ts';
import { createRedaction, type Redact } from '../../processors/redaction/redaction.ts';
import { derivedId } from '../../schemas/identity.ts';
import type { Topic } from '../../schemas/topic.ts';
import { retry } from '../loop/retry.ts';
import type { Stack } from '../stack.ts';
import { count } from '../terminal.ts';

/** A line of input as the value of a record, or why it can be none. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly value: Buffer | { readonly code: string; readonly reason: string };
}

const batchRecords = 500;
const batchBytes = 1_048_576;
const shownRejectionsMax = 20;
/** What a log accepts when a topic does not say: Kafka’s own limit, in bytes. */
const recordBytesMaxDefault = 1_048_576;
/** Room for what a record holds beside its value, in bytes. */
const overheadBytes = 1_024;

export class Publication {
  readonly #io: CommandIo;
  readonly #stack: Stack;
  readonly #topic: Topic;
  readonly #freeTexts: readonly string[];
  readonly #redact: Redact;
  /** What `decode` calls a message that brings no id. */
  readonly #namelessId: string;
  #records: LogRecord[] = [];
  #bytes = 0;
  #accepted = 0;
  #rejected = 0;

  constructor(io: CommandIo, stack: Stack, topic: Topic) {
    this.#io = io;
    this.#stack = stack;
    this.#topic = topic;
    this.#freeTexts = freeTextsOf(topic);
    this.#redact = createRedaction(stack.configuration.redact);
    this.#namelessId = derivedId(topic.name, '0', '0');
  }

  get accepted(): number {
    return this.#accepted;
  }

  get rejected(): number {
    return this.#rejected;
  }

  /** Publishes the lines that are messages of the topic, and tells of the others on standard error. */
  async add(lines: readonly Line[]): Promise<void> {
    for (const { number, value } of lines) {
      const record = Buffer.isBuffer(value) ? this.#recordOf(value) : value;
      if ('code' in record) await this.#reject(number, record);
      else {
        this.#records.push(record);
        this.#bytes += record.value?.length ?? 0;
      }
      if (this.#records.length >= batchRecords || this.#bytes >= batchBytes) await this.#flush();
    }
    await this.#flush();
  }

  #recordOf(value: Buffer): LogRecord | { readonly code: string; readonly reason: string } {
    // What begins like a Confluent frame cannot come as a line: Avro contains newlines.
    if (value[0] === 0) return { code: 'malformed-json', reason: 'the line is binary' };
    const bytesMax = (this.#topic.recordBytesMax ?? recordBytesMaxDefault) - overheadBytes;
    if (value.length > bytesMax)
      return { code: 'too-long', reason: `the line is longer than ${bytesMax} bytes` };
    const record = { key: null, value, headers: {}, timestamp: Date.now(), offset: 0 };
    const message = this.#stack.wire.decode(this.#topic.name, 0, record);
    if (message instanceof Refusal) return message;
    // Without an id of its own a message is named after its place, which it does not have yet.
    const key = message.id === this.#namelessId && this.#topic.key === 'id' ? null : message[this.#topic.key];
    return { ...record, value: this.#redacted(value), key: key === null ? null : Buffer.from(String(key)) };
  }

  /** The line without personal data in its free texts; as it is when there is none. */
  #redacted(value: Buffer): Buffer {
    if (this.#stack.configuration.redact.length === 0) return value;
    const draft = JSON.parse(value.toString('utf8').replace(/^\ufeff/, '')) as Readonly<
      Record<string, unknown>
    >;
    const redacted = redactFields(draft, this.#freeTexts, this.#redact);
    return redacted === draft ? value : Buffer.from(JSON.stringify(redacted));
  }

  async #reject(line: number, { code, reason }: { readonly code: string; readonly reason: string }) {
    this.#rejected += 1;
    if (this.#rejected <= shownRejectionsMax)
      await this.#io.stderr.write(`line ${line}: ${code}: ${reason}\n`);
    else if (this.#rejected === shownRejectionsMax + 1)
      await this.#io.stderr.write('further rejected lines are only counted\n');
  }

  async #flush(): Promise<void> {
    const records = this.#records;
    if (records.length === 0) return;
    this.#records = [];
    this.#bytes = 0;
    await retry(() => this.#stack.log.publish([{ topic: this.#topic.name, records }]), {
      delayMs: 100,
      delayMaxMs: 5_000,
      signal: this.#io.signal,
      onRetry: (error, attempt) => void this.#io.stderr.write(`try ${attempt}: ${error.message}\n`),
    });
    this.#accepted += records.length;
    if (this.#io.columns) await this.#io.stderr.write(`\r${count(this.#accepted)} published`);
  }
}
