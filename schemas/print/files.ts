// Everything that is printed from the declarations, by path under schemas/generated/.
import { topics } from '../topics.ts';
import { printAsyncApi } from './asyncapi.ts';
import { printAvro } from './avro.ts';
import { printClickhouse } from './clickhouse.ts';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

export function printedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const topic of topics) files.set(`avro/${topic.name}.avsc`, json(printAvro(topic)));
  files.set('clickhouse.sql', `${topics.map(printClickhouse).join('\n\n')}\n`);
  files.set('asyncapi.json', json(printAsyncApi(topics)));
  return files;
}
