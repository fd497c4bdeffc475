// Compression codecs that kafkajs lacks, so that records of any producer can be read. Formats as Kafka has them:
// Snappy raw or in Xerial’s framing, LZ4 frames, Zstandard frames.
import { init, compress as zstdCompress, decompress as zstdDecompress } from '@bokuweb/zstd-wasm';
import kafkajs from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';
import { compress as snappyCompress, uncompress as snappyUncompress } from 'snappy';

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

const snappy: Codec = {
  compress: async ({ buffer }) => snappyCompress(buffer),
  decompress: async (buffer) => (isXerial(buffer) ? uncompressXerial(buffer) : uncompress(buffer)),
};

const lz4: Codec = {
  compress: ({ buffer }) => compressFrame(buffer),
  decompress: (buffer) => decompressFrame(buffer),
};

const zstd: Codec = {
  compress: async ({ buffer }) => Buffer.from(zstdCompress(buffer)),
  decompress: async (buffer) => Buffer.from(zstdDecompress(buffer)),
};

let registered: Promise<void> | undefined;

/** Registers the codecs with kafkajs, once in a process; the WebAssembly of zstd has to be loaded first. */
export function registerCodecs(): Promise<void> {
  registered ??= init().then(() => {
    kafkajs.CompressionCodecs[kafkajs.CompressionTypes.Snappy] = () => snappy;
    kafkajs.CompressionCodecs[kafkajs.CompressionTypes.LZ4] = () => lz4;
    kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => zstd;
  });
  return registered;
}

// Java producers write Snappy in the framing of xerial/snappy-java: 8 bytes of magic, two versions, then blocks
// of a 4-byte length each.
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const xerialHeaderBytes = 16;

const isXerial = (buffer: Buffer): boolean => buffer.subarray(0, xerialMagic.length).equals(xerialMagic);

const uncompress = async (block: Buffer): Promise<Buffer> => Buffer.from(await snappyUncompress(block));

async function uncompressXerial(buffer: Buffer): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for (let at = xerialHeaderBytes; at < buffer.length; ) {
    const length = buffer.readUInt32BE(at);
    blocks.push(await uncompress(buffer.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}
