// Stored traffic as the models got it: records of a window, decoded and with features by the stream’s own processors.
// Reads without a group and commits nothing.
import type { StoredRecord } from '../../connectors/log.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { createFeatures, type Source } from '../../processors/features/features.ts';
import type { Comment } from '../../schemas/comment.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Features, Kind } from '../../schemas/features.ts';
import type { Prompt } from '../../schemas/prompt.ts';
import { cutChunks } from '../loop/chunks.ts';
import type { Stack } from '../stack.ts';
import type { Window } from './window.ts';

const limits = { recordsMax: 512, bytesMax: 1_048_576 };

/** A message that models can be asked about. */
export interface Asked {
  readonly record: StoredRecord;
  readonly features: Features;
}

/** Messages of one partition, in order. */
export interface Traffic {
  readonly partition: number;
  readonly asked: readonly Asked[];
  /** Records of the window that are no messages: the stream made dead letters of them. */
  readonly refused: number;
}

export interface TrafficOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (read: number, total: number) => void;
}

/** What kind of message a topic carries. Throws `Misconfigured` for a topic that no model reads. */
export function kindOf(topic: string): Kind {
  if (topic === 'comments') return 'comment';
  if (topic === 'prompts') return 'prompt';
  throw new Misconfigured(`no model reads ${topic}`, {
    code: 'bad-argument',
    fix: 'Give --topic comments or --topic prompts.',
  });
}

/** The window’s messages, a chunk at a time. Throws the signal’s reason when it is aborted. */
export async function* readTraffic(
  { log, wire }: Pick<Stack, 'log' | 'wire'>,
  window: Window,
  { signal, onProgress }: TrafficOptions,
): AsyncGenerator<Traffic, void, void> {
  const { topic, from, to, since, until } = window;
  const kind = kindOf(topic);
  const process = createFeatures();
  const total = [...to].reduce((sum, [partition, end]) => sum + end - from.get(partition)!, 0);
  let read = 0;
  for await (const { partition, records } of log.read(topic, { from, to, signal })) {
    const wanted = records.filter(({ timestamp }) => timestamp >= since && timestamp < until);
    for (const chunk of cutChunks(wanted, limits)) {
      await wire.prepare(topic, chunk);
      const places: StoredRecord[] = [];
      const sources: Source[] = [];
      for (const record of chunk) {
        const message = wire.decode(topic, partition, record);
        if (message instanceof Refusal) continue;
        places.push(record);
        sources.push({ kind, message: message as Comment | Prompt });
      }
      const asked = (await process(sources)).flatMap((outcome, index): Asked[] =>
        outcome.kind === 'ok' ? [{ record: places[index]!, features: outcome.outputs[0]! }] : [],
      );
      signal.throwIfAborted();
      yield { partition, asked, refused: chunk.length - asked.length };
    }
    read += records.length;
    onProgress(read, total);
  }
  signal.throwIfAborted();
}
