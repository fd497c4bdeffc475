// The three questions the demo asks ClickHouse, and how their answers look.
import type { Stack } from '../stack.ts';
import { bar, table } from '../terminal.ts';

interface Question {
  readonly asks: string;
  readonly sql: string;
  readonly show: (rows: readonly Readonly<Record<string, unknown>>[]) => string;
}

const barColumns = 40;

const questions: readonly Question[] = [
  {
    asks: 'Which languages are toxic, and when?',
    sql: `SELECT formatDateTime(toStartOfMinute(eventTime), '%H:%i') AS minute, language, toUInt32(count()) AS comments,
       round(100 * avg(toxic), 1) AS toxicPercent
FROM scores WHERE kind = 'comment' GROUP BY minute, language HAVING comments >= 20
ORDER BY minute DESC, comments DESC LIMIT 2 BY minute LIMIT 12`,
    show: table,
  },
  {
    asks: 'What do people want of the assistant?',
    sql: `SELECT intent, toUInt32(count()) AS prompts, round(avg(quality), 1) AS quality, round(avg(complexity), 2) AS complexity
FROM scores WHERE kind = 'prompt' GROUP BY intent ORDER BY prompts DESC LIMIT 10`,
    show: table,
  },
  {
    asks: 'How good are the prompts?',
    sql: `SELECT toUInt8(intDiv(quality, 10) * 10) AS quality, toUInt32(count()) AS prompts
FROM scores WHERE kind = 'prompt' GROUP BY 1 ORDER BY 1`,
    show: histogram,
  },
];

function histogram(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const most = Math.max(...rows.map(({ prompts }) => Number(prompts)));
  return rows
    .map(({ quality, prompts }) => {
      const label = String(quality).padStart(3);
      return `${label}  ${bar(Number(prompts) / most, barColumns).padEnd(barColumns)}  ${prompts}\n`;
    })
    .join('');
}

/** Every question with its SQL and its answer, as text. */
export async function askAll({ clickhouse }: Stack): Promise<string> {
  const parts: string[] = [];
  for (const { asks, sql, show } of questions)
    parts.push(`\n${asks}\n${sql.replaceAll(/^/gm, '  ')}\n\n${show(await clickhouse.query(sql))}`);
  return parts.join('');
}
