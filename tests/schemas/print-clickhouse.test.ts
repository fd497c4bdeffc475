// The printed tables: every kind of field becomes its column, and names that are SQL words are safe.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clickhouseColumns, printClickhouse, tableName } from '../../schemas/print/clickhouse.ts';
import { envelope, topic } from '../../schemas/topic.ts';
import { topics } from '../../schemas/topics.ts';

const doc = 'It’s a \\ `doc`.';
const everything = topic({
  name: 'every-thing',
  title: 'Everything',
  version: 1,
  doc: "It's everything.",
  key: 'id',
  fields: {
    ...envelope,
    flag: { type: 'flag', doc },
    count: { type: 'count', doc: 'A count.', unit: 'words', optional: true },
    float: { type: 'float', doc },
    double: { type: 'double', doc, optional: true },
    label: { type: 'label', doc, optional: true },
    bytes: { type: 'bytes', doc, optional: true },
    labels: { type: 'labels', doc, optional: true },
    texts: { type: 'texts', doc },
    floats: { type: 'floats', doc },
    named: { type: 'texts-by-name', doc, optional: true },
    numbers: { type: 'numbers-by-name', doc },
    hidden: { type: 'text', doc, stored: false },
    vector: { type: 'vector', doc, items: [{ name: 'first', unit: 'words', doc: 'The first.' }] },
    parts: {
      type: 'records',
      name: 'Part',
      doc,
      fields: {
        when: { type: 'time', doc },
        words: { type: 'labels', doc },
        maybe: { type: 'float', doc, optional: true },
      },
    },
    by: { type: 'label', doc },
  },
  orderBy: ['by', 'id'],
  producers: [],
  consumers: [],
});

const own = clickhouseColumns(everything).slice(Object.keys(envelope).length, -4);

describe('printed ClickHouse tables', () => {
  it('give every kind of field its column', () => {
    assert.deepEqual(
      own.map(({ name, type }) => [name, type]),
      [
        ['flag', 'Bool'],
        ['count', 'Nullable(UInt32)'],
        ['float', 'Float32'],
        ['double', 'Nullable(Float64)'],
        ['label', 'LowCardinality(Nullable(String))'],
        ['bytes', 'Nullable(String)'],
        ['labels', 'Array(LowCardinality(String))'],
        ['texts', 'Array(String)'],
        ['floats', 'Array(Float32)'],
        ['named', 'Map(String, String)'],
        ['numbers', 'Map(String, Float64)'],
        ['first', 'Float32'],
        ['parts.when', "Array(DateTime64(3, 'UTC'))"],
        ['parts.words', 'Array(Array(LowCardinality(String)))'],
        ['parts.maybe', 'Array(Nullable(Float32))'],
        ['by', 'LowCardinality(String)'],
      ],
    );
  });

  it('end with where the row came from', () => {
    assert.deepEqual(
      clickhouseColumns(everything)
        .slice(-4)
        .map(({ name, type }) => `${name} ${type}`),
      ['_topic LowCardinality(String)', '_partition UInt32', '_offset UInt64', "_time DateTime64(3, 'UTC')"],
    );
  });

  it('quote names and texts, and say the unit', () => {
    const printed = printClickhouse(everything);
    assert.match(printed, /^CREATE TABLE IF NOT EXISTS `every_thing` \(\n/);
    assert.ok(printed.includes("`flag` Bool COMMENT 'It’s a \\\\ `doc`.'"), printed);
    assert.ok(printed.includes("COMMENT 'A count. Unit: words.'"));
    assert.ok(printed.includes('ORDER BY (`by`, `id`)'));
    assert.ok(printed.endsWith("COMMENT 'It\\'s everything.';"));
  });

  it('have no two columns of one name', () => {
    for (const declared of topics) {
      const names = clickhouseColumns(declared).map(({ name }) => name);
      assert.equal(new Set(names).size, names.length, tableName(declared));
    }
  });
});
