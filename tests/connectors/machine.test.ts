// Processors and memory under control groups, read from folders as the kernel writes them, and on this very machine.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { availableCores, readMemory } from '../../connectors/machine.ts';

const root = mkdtempSync(path.join(tmpdir(), 'millrace-machine-'));
after(() => rmSync(root, { recursive: true }));

let count = 0;
/** Folders of a machine: files below `groups` and `proc` with their text. */
function machine(files: Readonly<Record<string, string>>) {
  const folder = path.join(root, String(count++));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  return { groups: path.join(folder, 'groups'), proc: path.join(folder, 'proc') };
}

const meminfo = 'MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     400 kB\n';

describe('processors', () => {
  it('are those of the machine where no group says less', () => {
    assert.equal(availableCores(machine({})), availableParallelism());
    const unlimited = { 'proc/self/cgroup': '0::/a\n', 'groups/a/cpu.max': 'max 100000\n' };
    assert.equal(availableCores(machine(unlimited)), availableParallelism());
  });

  it('are what the tightest group above allows, in whole ones, at least one', () => {
    const nested = (own: string, above: string) =>
      machine({
        'proc/self/cgroup': '0::/pod/container\n',
        'groups/pod/container/cpu.max': own,
        'groups/pod/cpu.max': above,
      });
    assert.equal(availableCores(nested('max 100000', '100000 100000')), 1);
    assert.equal(availableCores(nested('190000 100000', 'max 100000')), 1);
    assert.equal(availableCores(nested('20000 100000', '400000 100000')), 1);
    assert.ok(availableCores(nested('9900000 100000', 'max 100000')) === availableParallelism());
  });

  it('follow the old control groups too', () => {
    const old = machine({
      'proc/self/cgroup': '4:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n',
      'groups/cpu/docker/x/cpu.cfs_quota_us': '100000',
      'groups/cpu/docker/x/cpu.cfs_period_us': '100000',
    });
    assert.equal(availableCores(old), 1);
    const none = machine({
      'proc/self/cgroup': '4:cpu,cpuacct:/\n',
      'groups/cpu/cpu.cfs_quota_us': '-1',
      'groups/cpu/cpu.cfs_period_us': '100000',
    });
    assert.equal(availableCores(none), availableParallelism());
  });
});

describe('memory', () => {
  it('is that of the machine without a limit', () => {
    assert.deepEqual(readMemory(machine({ 'proc/meminfo': meminfo })), {
      usedBytes: 600 * 1_024,
      limitBytes: 1_000 * 1_024,
    });
  });

  it('is that of the fullest group, without what is only cached', () => {
    const limited = machine({
      'proc/meminfo': meminfo,
      'proc/self/cgroup': '0::/pod/container\n',
      'groups/pod/container/memory.max': 'max\n',
      'groups/pod/memory.max': '1000000\n',
      'groups/pod/memory.current': '900000\n',
      'groups/pod/memory.stat': 'anon 700000\ninactive_file 200000\nactive_file 0\n',
    });
    assert.deepEqual(readMemory(limited), { usedBytes: 700_000, limitBytes: 1_000_000 });
  });

  it('is limited by old groups where they say so, not by their mark for “none”', () => {
    const files = {
      'proc/meminfo': meminfo,
      'proc/self/cgroup': '3:memory:/x\n',
      'groups/memory/x/memory.usage_in_bytes': '800000',
      'groups/memory/x/memory.stat': 'total_inactive_file 50000\n',
    };
    const limited = machine({ ...files, 'groups/memory/x/memory.limit_in_bytes': '1000000' });
    assert.deepEqual(readMemory(limited), { usedBytes: 750_000, limitBytes: 1_000_000 });
    const none = machine({ ...files, 'groups/memory/x/memory.limit_in_bytes': '9223372036854771712' });
    assert.equal(readMemory(none).limitBytes, 1_000 * 1_024);
  });

  it('of this machine is read too', () => {
    const { usedBytes, limitBytes } = readMemory();
    assert.ok(usedBytes > 0 && usedBytes <= limitBytes && limitBytes <= totalmem());
    assert.ok(availableCores() >= 1 && availableCores() <= availableParallelism());
  });
});
