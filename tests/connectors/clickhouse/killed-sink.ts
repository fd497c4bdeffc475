// A sink that is killed: delivers a partition whose committed position lives in a file, from the arguments
// <directory> <records>, and ends when all of it is committed. Its parent kills it before that, again and again.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import { applyMigrations, readMigrations } from '../../../connectors/clickhouse/migrations.ts';
import type { Position } from '../../../connectors/log.ts';
import { deliverAll, Partition } from './partition.ts';
import { reading, Sink, silent } from './sink.ts';

const [directory = '', records = '0'] = process.argv.slice(2);
const positionFile = join(directory, 'position.json');

/** A partition whose commits survive a kill. */
class KeptPartition extends Partition {
  override get position(): Position | null {
    try {
      return JSON.parse(readFileSync(positionFile, 'utf8'));
    } catch {
      return null;
    }
  }
  override set position(position: Position | null) {
    writeFileSync(`${positionFile}.new`, JSON.stringify(position));
    renameSync(`${positionFile}.new`, positionFile);
  }
}

const clickhouse = await openEmbeddedClickhouse({ directory: join(directory, 'clickhouse') });
await applyMigrations(clickhouse, await readMigrations());
process.send?.('open');
const partition = new KeptPartition(
  'predictions',
  Array.from({ length: Number(records) }, (_, offset) => offset),
);
const sink = new Sink(clickhouse, () => clickhouse.close());
const delivery = sink.deliveryOf({
  observer: { ...silent, inserted: () => process.send?.('inserted') },
});
await deliverAll(partition, delivery, { ...reading, chunkRecords: 50 });
await sink.close();
process.disconnect();
