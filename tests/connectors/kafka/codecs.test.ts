// Compression codecs registered with kafkajs.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import kafkajs, { type CompressionTypes } from 'kafkajs';
import { compress } from 'snappy';
import { registerCodecs } from '../../../connectors/kafka/codecs.ts';

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}
type Registered = Exclude<CompressionTypes, CompressionTypes.None>;

async function codec(type: Registered): Promise<Codec> {
  await registerCodecs();
  return kafkajs.CompressionCodecs[type]() as Codec;
}

const { Snappy, LZ4, ZSTD } = kafkajs.CompressionTypes;
const texts = [
  Buffer.alloc(0),
  Buffer.from('one'),
  Buffer.alloc(3_000_000, 'text that repeats '),
  randomBytes(70_000),
];

describe('codecs', () => {
  for (const [name, type] of Object.entries({ Snappy, LZ4, ZSTD }) as [string, Registered][])
    it(`${name} returns what it was given`, async () => {
      const { compress, decompress } = await codec(type);
      for (const text of texts) assert.deepEqual(await decompress(await compress({ buffer: text })), text);
    });

  it('reads Snappy as Java producers frame it', async () => {
    const { decompress } = await codec(Snappy);
    const blocks = [Buffer.from('first block, '), Buffer.alloc(50_000, 'second')];
    const header = Buffer.from('82534e41505059000000000100000001', 'hex');
    const framed = await Promise.all(
      blocks.map(async (block) => {
        const body = Buffer.from(await compress(block));
        const length = Buffer.alloc(4);
        length.writeUInt32BE(body.length);
        return Buffer.concat([length, body]);
      }),
    );
    assert.deepEqual(await decompress(Buffer.concat([header, ...framed])), Buffer.concat(blocks));
  });
});
