// Tar archives of a few named files (POSIX.1-1988 ustar), without owners and times: the same files, the same bytes.

const block = 512;

/** Where the fields of a header lie: offset and length. */
const field = {
  name: [0, 100],
  mode: [100, 8],
  owner: [108, 8],
  group: [116, 8],
  size: [124, 12],
  time: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
} as const;

const padded = (length: number): number => Math.ceil(length / block) * block;

/** An archive of files by path; paths take up to 100 bytes. */
export function writeTar(files: Iterable<readonly [path: string, bytes: Uint8Array]>): Buffer {
  const pieces: Uint8Array[] = [];
  for (const [path, bytes] of files) {
    pieces.push(headerOf(path, bytes.length), bytes, Buffer.alloc(padded(bytes.length) - bytes.length));
  }
  return Buffer.concat([...pieces, Buffer.alloc(2 * block)]);
}

function headerOf(path: string, size: number): Buffer {
  const header = Buffer.alloc(block);
  if (Buffer.byteLength(path) > field.name[1]) throw new RangeError(`${path} is too long for a tar archive`);
  const write = (text: string, [offset]: readonly [number, number]) => header.write(text, offset, 'utf8');
  const octal = (value: number, [, length]: readonly [number, number]): string =>
    `${value.toString(8).padStart(length - 1, '0')}\0`;
  write(path, field.name);
  write(octal(0o644, field.mode), field.mode);
  write(octal(0, field.owner), field.owner);
  write(octal(0, field.group), field.group);
  write(octal(size, field.size), field.size);
  write(octal(0, field.time), field.time);
  write('0', field.type);
  write('ustar\u000000', field.magic);
  write(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `, field.checksum);
  return header;
}

/** The sum of a header's bytes, those of the sum itself counted as spaces. */
function checksumOf(header: Uint8Array): number {
  const [from, length] = field.checksum;
  return header.reduce((sum, byte, at) => sum + (at >= from && at < from + length ? 0x20 : byte), 0);
}

/** The regular files of an archive, their paths as written. What `refuse` makes of a damaged archive is thrown. */
export function* readTar(
  archive: Buffer,
  refuse: (what: string) => Error,
): Generator<readonly [path: string, bytes: Buffer]> {
  for (let at = 0; ; ) {
    const header = archive.subarray(at, at + block);
    if (header.length < block) throw refuse('the archive breaks off');
    if (header.every((byte) => byte === 0)) return;
    const text = ([offset, length]: readonly [number, number]): string =>
      header
        .toString('latin1', offset, offset + length)
        .replace(/\0.*$/s, '')
        .trim();
    if (Number.parseInt(text(field.checksum), 8) !== checksumOf(header))
      throw refuse('it is no tar archive, or a damaged one');
    const size = Number.parseInt(text(field.size), 8);
    const end = at + block + size;
    if (!(size >= 0) || end > archive.length) throw refuse('the archive breaks off');
    // Folders are no files, and what other programs note about them is none either.
    if (['0', ''].includes(text(field.type))) yield [text(field.name), archive.subarray(at + block, end)];
    at += block + padded(size);
  }
}
