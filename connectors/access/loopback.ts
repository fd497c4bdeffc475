// Whether an address can be reached from this machine only.
import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** True for 127.0.0.0/8, ::1 (brackets allowed) and the name `localhost`; false for any other name: nobody knows where it leads. */
export function isLoopback(host: string): boolean {
  const known = answers.get(host);
  if (known !== undefined) return known;
  const answer = looksLocal(host);
  if (answers.size < answersMax) answers.set(host, answer);
  return answer;
}

/** Every request asks about its Host header, which is nearly always the same. */
const answers = new Map<string, boolean>();
const answersMax = 256;

function looksLocal(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (bare === 'localhost') return true;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1] ?? bare;
  const family = isIP(mapped);
  return family !== 0 && loopback.check(mapped, family === 4 ? 'ipv4' : 'ipv6');
}

/** The host of a Host header, without its port. */
export const hostOf = (header: string): string => header.replace(/:\d*$/, '');
