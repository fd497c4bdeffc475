// First records of a route: made up, answered by nobody, thrown away. The compiler learns from them what real ones
// will be like, so that the first seconds of a route are as fast as the later ones. It happens while the stream joins
// its group.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Marked } from '../../connectors/delivery.ts';
import type { LogRecord, StoredRecord } from '../../connectors/log.ts';
import { BatchBuilder } from '../../connectors/record-batch/builder.ts';
import { decodeBatch } from '../../connectors/record-batch/decode.ts';
import { readHeader } from '../../connectors/record-batch/header.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import type { Outcome } from '../../schemas/outcome.ts';
import type { RouteSettings } from '../configuration/route-settings.ts';
import type { RouteEngine, Source } from './route-process.ts';

const recordsPerTurn = 256;
const turnsMax = 24;
/** Whatever was reached by then has to do. */
const warmMsMax = 250;

/** The names of the fields that a route reads. */
type Fields = Pick<RouteSettings, 'text' | 'id'>;

type Answer = (from: Source, records: readonly StoredRecord[]) => Promise<readonly Outcome<Marked>[]>;

/** Sends made-up records from bytes to bytes, a few at a time; what goes wrong with them is nobody’s concern. */
export async function warmUp(answer: Answer, fields: Fields): Promise<void> {
  const until = performance.now() + warmMsMax;
  for (let turn = 0; turn < turnsMax && performance.now() < until; turn++) {
    try {
      await sendThrough(answer, fields, turn);
    } catch {
      return;
    }
    await nextTurn();
  }
}

async function sendThrough(answer: Answer, fields: Fields, turn: number): Promise<void> {
  const incoming = encoded(madeUpRecords(fields, turn));
  const records: StoredRecord[] = [];
  decodeBatch(incoming, 0, readHeader(incoming, 0)!, records);
  const outcomes = await answer({ topic: 'warm-up', partition: 0 }, records);
  encoded(
    outcomes.flatMap((outcome) => (outcome.kind === 'ok' ? outcome.outputs : [])).map(({ record }) => record),
  );
}

function encoded(records: readonly LogRecord[]): Buffer {
  const builder = new BatchBuilder();
  for (const record of records) builder.add(record, Number.POSITIVE_INFINITY);
  return builder.encode();
}

const words = ['a', 'of', 'this', 'comment', 'Something', 'un2even', 'CAPITALS', 'longer-than', 'others,'];
const rarerWords = ['façade', 'Ünlü', 'слово', '文字', '🙂'];

function madeUpRecords({ text, id }: Fields, turn: number): LogRecord[] {
  return Array.from({ length: recordsPerTurn }, (_, number) => {
    const seed = turn * recordsPerTurn + number;
    const made = Array.from(
      { length: 3 + ((seed * 7) % 37) },
      (_, at) => words[(seed + at * at) % words.length]!,
    );
    if (seed % 16 === 0) made.push(rarerWords[(seed >> 4) % rarerWords.length]!);
    const value = { [id]: `warm-${seed}`, [text]: made.join(' '), at: seed };
    return {
      key: Buffer.from(`warm-${seed}`),
      value: Buffer.from(JSON.stringify(value)),
      headers: {},
      timestamp: seed,
    };
  });
}

/** An engine that answers at once, with whatever values: what a model costs is measured elsewhere. */
export function idleEngine(serving: ModelManifest): RouteEngine {
  const values = (texts: number) =>
    new Float32Array(texts * serving.labels.length).map((_, at) => ((at * 31) % 97) / 97);
  return {
    manifests: [serving],
    predict: async (_tasks, texts) => [{ ...serving, probabilities: values(texts.length) }],
    predictTokens: async (_task, rows) => values(rows.ends.length),
  };
}
