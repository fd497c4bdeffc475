// Reports: self-contained, safe with whatever texts hold, the same bytes every time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barChart, heatMap, intervalChart, lineChart, scatterChart } from '../../../trainers/report/chart.ts';
import { dataTable, facts, figure, htmlPage, paragraph } from '../../../trainers/report/page.ts';

const axis = { name: 'share' };
const points = [
  [0, 0],
  [0.5, 0.9],
  [1, 1],
] as const;

const charts = () => [
  lineChart({
    title: 'Curve',
    x: axis,
    y: axis,
    series: [
      { name: 'ours', points },
      { name: 'chance', points, dashed: true },
    ],
  }),
  scatterChart({ title: 'Cloud', x: axis, y: axis, points, diagonal: true }),
  barChart({
    title: 'Bars',
    categories: ['one', 'two'],
    series: [{ name: 'rows', values: [3, 4] }],
    value: axis,
  }),
  barChart({
    title: 'Lying',
    horizontal: true,
    categories: ['one'],
    series: [{ name: 'rows', values: [3] }],
    value: axis,
  }),
  heatMap({
    title: 'Shades',
    rows: { name: 'holds', labels: ['yes', 'no'] },
    columns: { name: 'called', labels: ['yes', 'no'] },
    shares: [
      [1, 0],
      [0.5, 0.5],
    ],
    text: (held, called) => `cell ${held}${called}`,
  }),
  intervalChart({
    title: 'Intervals',
    value: axis,
    rows: [{ name: 'en', value: 0.8, low: 0.7, high: 0.9 }],
    reference: 0.5,
  }),
];

test('a page fetches nothing and its charts take the colours of the page', () => {
  const page = htmlPage({
    title: 'All charts',
    sections: [{ title: 'Charts', body: charts().map((chart) => figure(chart, 'what it shows')) }],
  });
  assert.doesNotMatch(page, /(?:src|href)="(?!#)|@import|url\((?!#)|<script|<link/);
  assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
  assert.match(page, /prefers-color-scheme:dark/);
  const drawn = page.match(/<svg role="img"/g);
  assert.equal(drawn?.length, charts().length);
  // Colours that dark mode would not turn. Clipping paths are drawn in no colour at all.
  const svgs = page
    .match(/<svg.*?<\/svg>/gs)!
    .join('')
    .replaceAll(/<clipPath.*?<\/clipPath>/gs, '');
  const fixed = [...svgs.matchAll(/(?:fill|stroke)="(#[0-9a-f]+|rgb[^"]*)"/g)].map(([, colour]) => colour);
  assert.deepEqual(new Set(fixed.filter((colour) => !/^(#000|#fff|rgb\(0,0,0\))$/.test(colour!))), new Set());
  for (const name of ['cell 01', 'chance', 'two']) assert.ok(svgs.includes(name), name);
});

test('the same chart is the same text, however many were drawn before', () => {
  const [first, second] = [charts(), charts()];
  assert.deepEqual(first, second);
  assert.equal(new Set(first.map(({ html }) => html)).size, first.length);
});

test('texts of strangers stay texts', () => {
  const evil = '<img src=x onerror="alert(1)">&\u0000\u001b';
  const page = htmlPage({
    title: evil,
    subtitle: evil,
    sections: [
      {
        title: evil,
        body: [
          paragraph(evil),
          facts([[evil, evil]]),
          dataTable([evil], [[evil]]),
          figure(
            barChart({ title: evil, categories: [evil], series: [{ name: evil, values: [1] }], value: axis }),
            evil,
          ),
        ],
      },
    ],
  });
  assert.ok(!page.includes('<img'));
  assert.ok(!page.includes('\u0000') && !page.includes('\u001b'));
  assert.ok(page.includes('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;\ufffd\ufffd'));
});

test('tables: numbers stand to the right, nothing is a dash', () => {
  const { html } = dataTable(
    ['name', 'n', 'share'],
    [
      ['a', 3, 0.123456],
      ['b', null, 1],
    ],
  );
  assert.match(html, /<td>a<\/td><td class="number">3<\/td><td class="number">0\.1235<\/td>/);
  assert.match(html, /<td class="number">–<\/td>/);
  assert.match(dataTable(['empty'], []).html, /<th>empty<\/th>/);
});
