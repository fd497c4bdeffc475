// What people see: tables, bars, counts. Programs read `--json` instead.

/** Rows as aligned columns; numbers to the right. */
export function table(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) return '(no rows)\n';
  const cells = rows.map((row) => names.map((name) => cellText(row[name])));
  const widths = names.map((name, column) =>
    Math.max(width(name), ...cells.map((row) => width(row[column]!))),
  );
  const isNumber = names.map((name) =>
    rows.every((row) => typeof row[name] === 'number' || row[name] === null),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, column) => pad(text, widths[column]!, isNumber[column]!))
      .join('  ')
      .trimEnd();
  const rule = widths.map((columns) => '─'.repeat(columns)).join('  ');
  return `${[line(names), rule, ...cells.map(line)].join('\n')}\n`;
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number' && !Number.isInteger(value)) return value.toPrecision(4);
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const flat = text.replaceAll(/\s+/g, ' ');
  return flat.length > 80 ? `${flat.slice(0, 79)}…` : flat;
}

/** Columns a text takes: wide East Asian characters and emoji take two. */
const width = (text: string): number => {
  let columns = 0;
  for (const character of text)
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        character,
      )
        ? 2
        : 1;
  return columns;
};

const pad = (text: string, columns: number, isNumber: boolean): string => {
  const space = ' '.repeat(Math.max(0, columns - width(text)));
  return isNumber ? space + text : text + space;
};

/** A bar of `columns` at most, in eighths of a character. */
export function bar(share: number, columns: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * columns * 8);
  const rest = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8]!;
  return '█'.repeat(Math.floor(eighths / 8)) + rest;
}

/** 12345 → “12,345”. */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');
