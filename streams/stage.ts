// A stream's processor over records: decode, refuse what is no message, process the rest, keep every place.
import type { Batch, StoredRecord } from '../connectors/log.ts';
import { Refusal } from '../connectors/wire/refusal.ts';
import type { Wire } from '../connectors/wire/wire.ts';
import { invalid, type Outcome, type Process } from '../schemas/outcome.ts';
import type { Message } from '../schemas/topic.ts';

/** `read` makes the processor's input of a message and the topic it came from. */
export function decodeThen<In, Out>(
  wire: Wire,
  read: (message: Message, topic: string) => In,
  process: Process<In, Out>,
): (batch: Batch, records: readonly StoredRecord[]) => Promise<readonly Outcome<Out>[]> {
  return async (batch, records) => {
    await wire.prepare(batch.topic, records);
    const outcomes = new Array<Outcome<Out>>(records.length);
    const inputs: In[] = [];
    const places: number[] = [];
    for (let place = 0; place < records.length; place++) {
      const message = wire.decode(batch.topic, batch.partition, records[place]!);
      if (message instanceof Refusal) {
        outcomes[place] = invalid(message.code, message.reason);
        continue;
      }
      inputs.push(read(message, batch.topic));
      places.push(place);
    }
    const processed = inputs.length > 0 ? await process(inputs) : [];
    for (let index = 0; index < places.length; index++) outcomes[places[index]!] = processed[index]!;
    return outcomes;
  };
}
