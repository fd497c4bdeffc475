// Makes the samples, the shifted samples and the reference sets from the collected data sets (see NOTICE.md).
// node --import tsx samples/make.ts --data <folder with goemotions/, lid/, …>. Same data, same bytes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';

interface Row {
  readonly id: string;
  readonly text: string;
  readonly source: string;
  readonly label: string;
}

interface Raw {
  readonly text: string;
  readonly label?: string;
  readonly src?: string;
  readonly role?: string;
  readonly ratings?: Readonly<Record<string, number>>;
}

/** The languages most written on the web and most spoken: they are the heavy part of the multilingual comments. */
const commonLanguages = 'en zh hi es fr ar bn pt ru ur id de ja tr vi ko it fa pl nl th uk ta sw ro'.split(
  ' ',
);
const commonShare = 130;
const otherShare = 22;
/** Rare in the samples, so that a stream of them is a change that anybody can see. */
const shiftedLanguages = 'cy ka mn kk eu pa lv mk hy et'.split(' ');

const addressPattern = /[\w.+-]+@[\w-]+\.\w+/;

const { values } = parseArgs({ options: { data: { type: 'string' } } });
if (values.data === undefined) throw new Error('Say where the data sets are: --data <folder>.');
const data = values.data;
const here = import.meta.dirname;
const used = new Set<string>();

/** Mulberry32: small, seeded and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function shuffled<T>(rows: readonly T[], seed: number): T[] {
  const random = randomFrom(seed);
  const out = [...rows];
  for (let last = out.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [out[last], out[other]] = [out[other] as T, out[last] as T];
  }
  return out;
}

/** What makes two texts the same for a model: case, width, marks and spaces aside. */
const normalised = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim();

function read(set: string, split: string, keep: (raw: Raw) => boolean = () => true): Row[] {
  const lines = gunzipSync(readFileSync(join(data, set, `${split}.jsonl.gz`)))
    .toString()
    .split('\n');
  const prefix = set === 'oasst1_en_validation' ? 'oasst' : `${set}-${split}`;
  const rows: Row[] = [];
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const raw = JSON.parse(line) as Raw;
    if (addressPattern.test(raw.text) || normalised(raw.text) === '' || !keep(raw)) continue;
    rows.push({
      id: `${prefix.replace('toxic_spans_', '')}-${String(index).padStart(6, '0')}`,
      text: raw.text,
      source: raw.src ?? set,
      label: raw.label ?? '',
    });
  }
  return rows;
}

/** The first `count` rows of a seeded order whose text nobody has taken yet. */
function take(rows: readonly Row[], count: number, seed: number, longFirst = false): Row[] {
  const order = shuffled(rows, seed);
  if (longFirst) order.sort((a, b) => Number(b.text.length >= 100) - Number(a.text.length >= 100));
  const taken: Row[] = [];
  for (const row of order) {
    if (taken.length === count) break;
    const text = normalised(row.text);
    if (used.has(text)) continue;
    used.add(text);
    taken.push(row);
  }
  if (taken.length < count) throw new Error(`Only ${taken.length} of ${count} rows like ${rows[0]?.id}.`);
  return taken;
}

/** Rows per language: a large share of the common ones, a small one of the others, never more than dev has. */
function languageShares(dev: readonly Row[]): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  for (const language of new Set(dev.map((row) => row.label))) {
    const available = new Set(dev.filter((row) => row.label === language).map((row) => normalised(row.text)))
      .size;
    const wanted = commonLanguages.includes(language) ? commonShare : otherShare;
    shares.set(language, Math.min(wanted, Math.max(1, available - 2)));
  }
  return shares;
}

function multilingual(rows: readonly Row[], shares: ReadonlyMap<string, number>, scale: number): Row[] {
  return [...shares].flatMap(([language, share]) =>
    take(
      rows.filter((row) => row.label === language),
      Math.round(share * scale),
      11,
    ),
  );
}

function write(path: string, rows: readonly Row[], seed: number): void {
  const lines = shuffled(rows, seed).map(({ id, text, source }) => JSON.stringify({ id, text, source }));
  const packed = gzipSync(`${lines.join('\n')}\n`, { level: 9 });
  packed[9] = 255; // The gzip header names the operating system: "unknown", so that every machine writes the same bytes.
  writeFileSync(path, packed);
  process.stdout.write(`${path}: ${rows.length} rows, ${packed.length} bytes\n`);
}

const outOfScope = (row: Row): boolean => row.label === 'oos';
const inScope = (row: Row): boolean => row.label !== 'oos';

const lidDev = read('lid', 'dev');
const shares = languageShares(lidDev);
const goemotionsHeldOut = [...read('goemotions', 'test'), ...read('goemotions', 'dev')];
const clincTest = read('clinc150', 'test');
const oasst = read('oasst1_en_validation', 'messages', ({ role, text, ratings }) => {
  const unwanted = Math.max(ratings?.spam ?? 0, ratings?.pii ?? 0, ratings?.lang_mismatch ?? 0);
  return role === 'prompter' && text.trim().split(/\s+/).length >= 3 && unwanted < 0.5;
});

const comments = [...take(goemotionsHeldOut, 8_000, 1), ...multilingual(lidDev, shares, 1)];
const prompts = [
  ...take(oasst, 470, 2),
  ...take(clincTest.filter(inScope), 1_066, 3),
  ...take(clincTest.filter(outOfScope), 64, 4),
];
const shifted = [
  ...shiftedLanguages.flatMap((language) =>
    take(
      lidDev.filter((row) => row.label === language),
      100,
      5,
      true,
    ),
  ),
  ...take(read('clinc150', 'dev'), 300, 6),
  ...take(read('toxic_spans_civilcomments', 'test'), 700, 7, true),
];
const clincTrain = read('clinc150', 'train');
const referenceComments = [
  ...take(read('goemotions', 'train'), 4_000, 8),
  ...multilingual(read('lid', 'train'), shares, 0.5),
];
const referencePrompts = [
  ...take(oasst, 264, 9),
  ...take(clincTrain.filter(inScope), 600, 10),
  ...take(clincTrain.filter(outOfScope), 36, 10),
];

const reference = join(here, '..', 'trainers', 'data', 'reference');
mkdirSync(reference, { recursive: true });
write(join(here, 'comments.jsonl.gz'), comments, 21);
write(join(here, 'prompts.jsonl.gz'), prompts, 22);
write(join(here, 'shifted.jsonl.gz'), shifted, 23);
write(join(reference, 'comments.jsonl.gz'), referenceComments, 24);
write(join(reference, 'prompts.jsonl.gz'), referencePrompts, 25);
