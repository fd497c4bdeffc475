// Tokenizers: the same ids as the Python library, for every text of the golden corpus (tests/golden/transformer/make.py).
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  createTokenizer,
  type TransformerTokenizer,
} from '../../../../processors/inference/transformer/tokenizer.ts';
import { golden, goldenFile } from './golden.ts';

interface Framed {
  readonly max: number;
  readonly texts: readonly string[];
  readonly ids: readonly number[];
  readonly types: readonly number[];
}

interface Encodings {
  readonly ids: readonly (readonly number[])[];
  readonly framed: readonly Framed[];
}

const kinds = {
  bert: 'word-piece',
  distilbert: 'word-piece',
  roberta: 'byte-pairs',
  'xlm-roberta': 'unigram',
  'deberta-v3': 'unigram',
} as const;
type Name = keyof typeof kinds;

const tokenizerOf = (name: Name) =>
  createTokenizer(goldenFile(`${name}/tokenizer.json`), goldenFile(`${name}/tokenizer_config.json`));

describe('the golden corpus', () => {
  let texts: readonly string[];
  let encodings: Readonly<Record<Name | 'accented' | 'spaced', Encodings>>;
  before(() => {
    texts = golden('texts.json.gz') as readonly string[];
    encodings = golden('encodings.json.gz') as Readonly<Record<Name | 'accented' | 'spaced', Encodings>>;
  });

  const sameIds = (tokenizer: TransformerTokenizer, expected: Encodings) => {
    assert.ok(texts.length > 2500);
    // Twice: what comes out of the word cache is what went in.
    for (let round = 0; round < 2; round++) {
      texts.forEach((text, at) => {
        assert.deepEqual(tokenizer.contentIds(text), expected.ids[at], JSON.stringify(text.slice(0, 300)));
      });
    }
  };

  for (const name of Object.keys(kinds) as Name[]) {
    test(`${name}: every text has Python’s ids, by our own tokenizer`, () => {
      const tokenizer = tokenizerOf(name);
      assert.equal(tokenizer.kind, kinds[name]);
      sameIds(tokenizer, encodings[name]);
    });

    test(`${name}: one text and two are framed and cut as in Python`, () => {
      const tokenizer = tokenizerOf(name);
      assert.ok(encodings[name].framed.length > 200);
      for (const { max, texts: given, ids, types } of encodings[name].framed) {
        const encoded = tokenizer.encode(given[0]!, given[1], max);
        assert.deepEqual(encoded.ids, ids, JSON.stringify([max, given]));
        assert.deepEqual(encoded.typeIds, types, JSON.stringify([max, given]));
      }
    });
  }

  test('accents stay where the file says so', () => {
    const json = structuredClone(goldenFile('bert/tokenizer.json')) as {
      normalizer: Record<string, unknown>;
    };
    json.normalizer.strip_accents = false;
    sameIds(createTokenizer(json, {}), encodings.accented);
  });

  test('DeBERTa’s normalizer as transformers 5 writes it is ours too', () => {
    const json = structuredClone(goldenFile('deberta-v3/tokenizer.json')) as Record<string, unknown>;
    const spaces = { type: 'Replace', pattern: { Regex: '\\s{2,}|[\\n\\r\\t]' }, content: ' ' };
    const strip = { type: 'Strip', strip_left: false, strip_right: true };
    json.normalizer = { type: 'Sequence', normalizers: [spaces, { type: 'NFC' }, strip] };
    const tokenizer = createTokenizer(json, {});
    assert.equal(tokenizer.kind, 'unigram');
    sameIds(tokenizer, encodings.spaced);
  });
});

test('every character is to us what it is to the Python library', () => {
  const runs = golden('code-points.json.gz') as Record<
    'cased' | 'uncased',
    readonly [number, readonly number[]][]
  >;
  for (const [name, expected] of Object.entries(runs)) {
    const tokenizer = createTokenizer(
      {
        normalizer: { type: 'BertNormalizer', lowercase: name === 'uncased' },
        pre_tokenizer: { type: 'BertPreTokenizer' },
        model: { type: 'WordPiece', vocab: { '[UNK]': 0, a: 1, b: 2, ab: 3 } },
      },
      {},
    );
    assert.ok(expected.length > 250, String(expected.length));
    for (const [at, [first, ids]] of expected.entries()) {
      const next = expected[at + 1]?.[0] ?? 0xe0200;
      for (let code = first; code < next; code++) {
        if ((code >= 0xd800 && code <= 0xdfff) || (code >= 0x20000 && code < 0xe0000)) continue;
        const found = tokenizer.contentIds(`a${String.fromCodePoint(code)}b`);
        if (found.join() !== ids.join()) assert.deepEqual(found, ids, `${name} U+${code.toString(16)}`);
      }
    }
  }
});

test('a pipeline that is none of ours is the library’s, and framed by us', () => {
  const json = structuredClone(goldenFile('bert/tokenizer.json')) as Record<string, unknown>;
  json.normalizer = { type: 'Sequence', normalizers: [{ type: 'Lowercase' }] };
  const [library, own] = [createTokenizer(json, {}), tokenizerOf('bert')];
  assert.deepEqual([library.kind, own.kind], ['library', 'word-piece']);
  for (const text of ['Plain words, and an end.', 'one [MASK] two', '']) {
    assert.deepEqual(library.encode(text, 'second text', 9), own.encode(text, 'second text', 9));
  }
});

test('more words than the cache holds, and words without end, change nothing', () => {
  for (const name of ['bert', 'roberta', 'xlm-roberta'] as const) {
    const tokenizer = tokenizerOf(name);
    const text = 'these words are cut as they were before';
    const before = tokenizer.contentIds(text);
    for (let at = 0; at < 80_000; at++) tokenizer.contentIds(` w${at.toString(36)}x`);
    assert.deepEqual(tokenizer.contentIds(text), before);
    // Quadratic work would take minutes here.
    const started = performance.now();
    assert.ok(tokenizer.contentIds('ab'.repeat(100_000)).length > 0);
    assert.ok(performance.now() - started < 5_000, name);
  }
});

test('what is no tokenizer is refused', () => {
  assert.throws(() => createTokenizer({}, {}));
  const json = structuredClone(goldenFile('bert/tokenizer.json')) as Record<string, { type: string }>;
  assert.throws(
    () => createTokenizer({ ...json, model: { ...json.model, type: 'WordLevel' } }, {}),
    /WordLevel/,
  );
  assert.throws(
    () => createTokenizer({ ...json, post_processor: { type: 'Odd' } }, {}),
    /post-processor Odd/,
  );
});
