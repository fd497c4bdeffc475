// A report as one self-contained HTML page: light and dark, printable, nothing fetched from anywhere.

/** A piece of the page whose text has been escaped already. */
export interface Html {
  readonly html: string;
}

export interface PageSection {
  readonly title: string;
  readonly body: readonly Html[];
}

export interface Page {
  readonly title: string;
  /** One sentence below the title. */
  readonly subtitle?: string;
  readonly sections: readonly PageSection[];
}

/** A value of a table: numbers stand to the right, null is a dash. */
export type Cell = string | number | null | Html;

/** The whole page, UTF-8. */
export function htmlPage({ title, subtitle, sections }: Page): string {
  const links = sections.map(
    (section) => `<a href="#${anchor(section.title)}">${escapeHtml(section.title)}</a>`,
  );
  const parts = sections.map(
    ({ title: heading, body }) =>
      `<section id="${anchor(heading)}"><h2>${escapeHtml(heading)}</h2>\n${body.map(({ html }) => html).join('\n')}\n</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1>${subtitle === undefined ? '' : `<p class="subtitle">${escapeHtml(subtitle)}</p>`}
<nav>${links.join('')}</nav></header>
<main>
${parts.join('\n')}
</main>
</body>
</html>
`;
}

export const paragraph = (text: string): Html => ({ html: `<p>${escapeHtml(text)}</p>` });

/** Short facts, name and value. */
export const facts = (pairs: readonly (readonly [name: string, value: string])[]): Html => ({
  html: `<dl>${pairs.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>`,
});

/** A table under a caption; texts wrap, numbers do not. */
export function dataTable(columns: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  const isNumber = columns.map(
    (_, column) =>
      rows.length > 0 && rows.every((row) => row[column] === null || typeof row[column] === 'number'),
  );
  const tag = (name: 'th' | 'td', column: number, content: string) =>
    `<${name}${isNumber[column] ? ' class="number"' : ''}>${content}</${name}>`;
  const head = columns.map((name, column) => tag('th', column, escapeHtml(name))).join('');
  const body = rows.map(
    (row) =>
      `<tr>${columns.map((_, column) => tag('td', column, cellHtml(row[column] ?? null))).join('')}</tr>`,
  );
  return {
    html: `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table></div>`,
  };
}

/** A chart with a caption that says what it shows. */
export const figure = (chart: Html, caption: string): Html => ({
  html: `<figure>${chart.html}<figcaption>${escapeHtml(caption)}</figcaption></figure>`,
});

/** Things side by side where the page is wide enough. */
export const row = (parts: readonly Html[]): Html => ({
  html: `<div class="row">${parts.map(({ html }) => html).join('\n')}</div>`,
});

function cellHtml(cell: Cell): string {
  if (cell === null) return '–';
  if (typeof cell === 'number') return Number.isInteger(cell) ? String(cell) : cell.toPrecision(4);
  return typeof cell === 'string' ? escapeHtml(cell) : cell.html;
}

/** Text as HTML shows it. */
export const escapeHtml = (text: string): string =>
  printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** Control characters, which HTML does not allow, become U+FFFD. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: texts under judgement hold whatever people sent
  text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '\ufffd');

const anchor = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '');

/** Charts take their colours from the same variables (chart.ts). */
const style = `
:root{color-scheme:light dark;--ground:#fff;--ink:#1d2733;--soft:#5b6876;--line:#d8dee5;--band:#f4f6f8;
--c0:#2264b0;--c1:#c8641b;--c2:#2b8a57;--c3:#a03f8f;--c4:#8a6d1d;--c5:#4c5fb8;--c6:#b33939;--c7:#3a8f9c}
@media (prefers-color-scheme:dark){:root{--ground:#14191f;--ink:#e3e8ee;--soft:#9aa7b4;--line:#34404c;--band:#1c232b;
--c0:#6aa8ec;--c1:#f0965a;--c2:#63c48f;--c3:#d98ccb;--c4:#d3b75c;--c5:#97a5f2;--c6:#ee8282;--c7:#74c7d3}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;padding:1.5rem;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0}h2{font-size:1.2rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--line)}
.subtitle,figcaption,dt{color:var(--soft)}.subtitle{margin:.3rem 0}
nav{display:flex;flex-wrap:wrap;gap:.3rem 1rem;font-size:.9rem}a{color:var(--c0)}
dl{display:flex;flex-wrap:wrap;gap:.6rem 2rem;margin:.5rem 0}dt{font-size:.8rem}dd{margin:0;font-weight:600}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;margin:.6rem 0}
th,td{text-align:left;padding:.25rem .7rem;border-bottom:1px solid var(--line);vertical-align:top;max-width:44rem;overflow-wrap:break-word}
th{background:var(--band);white-space:nowrap}.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
figure{margin:.6rem 0;min-width:0;flex:1 1 24rem}figcaption{font-size:.85rem}
svg{max-width:100%;height:auto;display:block}.row{display:flex;flex-wrap:wrap;gap:1rem}
@media print{body{max-width:none}nav{display:none}section{break-inside:avoid}}
`;
