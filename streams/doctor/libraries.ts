// Native libraries, each tried in a process of its own: chdb, librdkafka.
import { installation } from '../../connectors/librdkafka/native.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Examination } from './finding.ts';
import { probe } from './probe.ts';

const timeoutMs = 20_000;

/** The end of a native error, without source places in front. */
export function shortened(why: string): string {
  const text = why.replace(/\s+/g, ' ').trim();
  return text.length > 120 ? `…${text.slice(-120)}` : text;
}

const lastLineOf = (text: string): string => shortened(text.trim().split('\n').at(-1) ?? '');

export const chdb = ({ clickhouse }: Configuration): Examination => ({
  name: 'chdb',
  timeoutMs,
  otherwise: clickhouse.url === null ? 'failed' : 'absent',
  fix: 'Run `npm install --include=optional` (Linux or macOS), or set CLICKHOUSE_URL.',
  examine: async (signal) => {
    const { lines, end, errors } = await probe(['chdb'], signal);
    const version = lines[0]?.version;
    if (version === undefined) throw new Error(`it does not load: ${end}. ${lastLineOf(errors)}`);
    return { status: 'ok', detail: `ClickHouse ${version} in process` };
  },
});

export const librdkafka = ({ kafka }: Configuration): Examination => ({
  name: 'librdkafka',
  timeoutMs,
  otherwise: kafka.client === 'librdkafka' && kafka.brokers.length > 0 ? 'failed' : 'absent',
  fix: `Only KAFKA_CLIENT=librdkafka needs it. Build it: ${installation}`,
  examine: async (signal) => {
    const { lines, end } = await probe(['librdkafka'], signal);
    const version = lines[0]?.version;
    if (version === undefined) throw new Error(`its native module is missing or not built (${end})`);
    const used = kafka.client === 'librdkafka' ? 'in use' : 'not in use: KAFKA_CLIENT is kafkajs';
    return { status: 'ok', detail: `version ${version}, ${used}` };
  },
});
