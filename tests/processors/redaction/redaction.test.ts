// What is taken out of texts, what is left in, and that neither takes long.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRedaction, type Redactable, redactable } from '../../../processors/redaction/redaction.ts';

const all = createRedaction(redactable);

/** Text, and what has to become of it. */
const replaced: readonly (readonly [Redactable, string, string])[] = [
  ['email', 'write to jane.doe+news@example.co.uk, please', 'write to [email], please'],
  ['email', 'Mail: <JANE@EXAMPLE.COM>.', 'Mail: <[email]>.'],
  ['email', 'mailto:a@b.io?subject=x', 'mailto:[email]?subject=x'],
  ['email', 'schreib an jürgen@münchen.de!', 'schreib an [email]!'],
  ['email', 'пиши на иван@почта.рф сейчас', 'пиши на [email] сейчас'],
  ['email', '联系我wang@example.cn谢谢', '联系我[email]谢谢'],
  ['email', 'メールはtaro＠example.jpまで', 'メールは[email]まで'],
  ['email', 'ส่งมาที่somchai@example.co.thนะ', 'ส่งมาที่[email]นะ'],
  ['email', 'a@b.co,c@d.co;e@f.co', '[email],[email];[email]'],
  ['phone', 'call +49 30 901820 now', 'call [phone] now'],
  ['phone', 'Tel. 0049 30 901820', 'Tel. [phone]'],
  ['phone', '+44 (0)20 7946 0958', '[phone]'],
  ['phone', 'ring (415) 555-0132.', 'ring [phone].'],
  ['phone', '415-555-0132 or 415.555.0132', '[phone] or [phone]'],
  ['phone', '1-800-555-0199', '[phone]'],
  ['phone', '030 1234567 ist besetzt', '[phone] ist besetzt'],
  ['phone', 'ruf 0171/1234567 an', 'ruf [phone] an'],
  ['phone', 'mon 06 12 34 56 78', 'mon [phone]'],
  ['phone', '06-12-34-56-78 svp', '[phone] svp'],
  ['phone', '020 7946 0958', '[phone]'],
  ['phone', 'liga (11) 91234-5678', 'liga [phone]'],
  ['phone', 'फोन 98765 43210', 'फोन [phone]'],
  ['phone', '电话13812345678谢谢', '电话[phone]谢谢'],
  ['phone', 'tel: 612 345 678', 'tel: [phone]'],
  ['phone', 'هاتف +٩٦٦ ٥٠ ١٢٣ ٤٥٦٧', 'هاتف [phone]'],
  ['phone', '０９０－１２３４－５６７８です', '[phone]です'],
  ['phone', '+1 650 253 0000', '[phone]'],
  ['card', 'card 4111 1111 1111 1111 exp 12/27', 'card [card] exp 12/27'],
  ['card', '5555555555554444', '[card]'],
  ['card', '3782-822463-10005', '[card]'],
  ['card', 'paid 2 4111-1111-1111-1111', 'paid 2 [card]'],
  ['card', '6011 0009 9013 9424', '[card]'],
  ['card', '4111 1111 1111 1111', '[card]'],
  ['ip', 'from 192.168.1.100:8080', 'from [ip]:8080'],
  ['ip', 'ping 8.8.8.8.', 'ping [ip].'],
  ['ip', 'at 2001:db8::ff00:42:8329 today', 'at [ip] today'],
  ['ip', '[2001:0db8:0000:0000:0000:ff00:0042:8329]:443', '[[ip]]:443'],
  ['ip', 'fe80::1 and ::ffff:10.0.0.1', '[ip] and [ip]'],
];

/** Texts that hold nothing of the kind, each of which has misled something. */
const kept: readonly string[] = [
  'in 2024 and 1999, from 1914-1918',
  'on 2024-05-12 at 12:34:56, or 12.05.2024 10:15',
  '2026-11-21T17:15:24.123Z',
  'epoch 1700000000 and 1700000000000 and 1700000000000000',
  'it costs $1,234,567.89 or 1.234.567,89 € or 12 500 000 Kč',
  'version 1.2.3.4, v10.0.0.1, node 20.19.43, 3.14159265358979',
  'release 26.7.2.1 of 04/05/2023',
  'room 101, 42 people, 3 x 250 g, 100%',
  'score 0.123456789 and 0.9876543210123',
  'ISBN 978-3-16-148410-0',
  'IBAN DE89 3704 0044 0532 0130 00',
  'order #20240512001, ticket ABC-1234567',
  '4111 1111 1111 1112 has a wrong check digit',
  'std::cafe::bar and a::b',
  '999.1.1.1 and 1.2.3 and 256.256.256.256',
  '@jane and #tag, a @ b, x@y, foo@bar',
  'git@github:repo and user@localhost',
  '10:30-11:45, 7-8 pm, 20-25 °C',
  'scored 5-4-3-2-1 in 90 min',
  'https://example.com/status/0301234567890',
  'sha 3f2504e04f8911d39a0c0305e82c3301',
  '12345678901234567890123456789012345678901234567890',
  'größer als 1000 und kleiner als 2000',
];

describe('redaction', () => {
  it('replaces each kind in many languages', () => {
    for (const [kind, text, expected] of replaced) {
      assert.equal(all(text), expected, text);
      assert.equal(createRedaction([kind])(text), expected, `${kind} alone: ${text}`);
    }
  });

  it('leaves everything else as it is', () => {
    for (const text of kept) assert.equal(all(text), text);
  });

  it('replaces only what it is asked to, counts it, and finds nothing in its own words', () => {
    const text = 'a@b.co from 10.1.2.3 with 4111111111111111, 415-555-0132 and c@d.co';
    const counts: Partial<Record<Redactable, number>> = {};
    const redacted = createRedaction(redactable, (kind, found) => {
      counts[kind] = (counts[kind] ?? 0) + found;
    })(text);
    assert.equal(redacted, '[email] from [ip] with [card], [phone] and [email]');
    assert.deepEqual(counts, { email: 2, card: 1, ip: 1, phone: 1 });
    assert.equal(all(redacted), redacted);
    assert.equal(createRedaction(['ip'])(text), text.replace('10.1.2.3', '[ip]'));
    assert.equal(createRedaction([])(text), text);
  });

  it('comes to an end on a megabyte made to be slow', { timeout: 300_000 }, () => {
    const patterns = [
      '@',
      'a@',
      'a.',
      '1',
      '1 ',
      '0',
      '01 ',
      '+1',
      '(',
      '+(',
      '1.',
      '1.1.',
      ':',
      'a:',
      '1:',
      '-',
    ];
    patterns.push('4111 ', 'a@a.', '((1', '030 ', '1-', '/1', 'tel 1', '0 ( ', '٠', 'version ', '1.1.1.1');
    for (const pattern of patterns) {
      const text = `${pattern.repeat(Math.ceil(1_048_576 / pattern.length))}x`;
      // Quadratic work would be a million times a million steps: hours.
      assert.ok(all(text).endsWith('x'), pattern);
    }
  });
});
