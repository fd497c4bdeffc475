// Graphics processors as nvidia-smi and the kernel describe them, and none where there is none.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { parseNvidia, readGpus } from '../../connectors/gpu.ts';

const root = mkdtempSync(path.join(tmpdir(), 'millrace-gpu-'));
after(() => rmSync(root, { recursive: true }));

describe('what nvidia-smi says', () => {
  it('is read line by line, and what it does not know is null', () => {
    const readings = parseNvidia('NVIDIA H200, 63, 1024, 143771\nNVIDIA H200 MIG 1g, [N/A], 12, [N/A]\n\n');
    assert.deepEqual(readings, [
      {
        name: 'NVIDIA H200',
        utilisation: 0.63,
        memoryUsedBytes: 1_024 * 2 ** 20,
        memoryBytes: 143_771 * 2 ** 20,
      },
      { name: 'NVIDIA H200 MIG 1g', utilisation: null, memoryUsedBytes: 12 * 2 ** 20, memoryBytes: null },
    ]);
    assert.deepEqual(parseNvidia(''), []);
  });
});

describe('readings', () => {
  it('come from the program and from the kernel’s files', async () => {
    const nvidiaSmi = path.join(root, 'nvidia-smi');
    writeFileSync(nvidiaSmi, '#!/bin/sh\necho "Some GPU, 7, 1, 2 $1" | sed "s/ --query-gpu=.*//"\n');
    chmodSync(nvidiaSmi, 0o755);
    const cards = path.join(root, 'drm');
    mkdirSync(path.join(cards, 'card0', 'device'), { recursive: true });
    mkdirSync(path.join(cards, 'card0-HDMI-A-1', 'device'), { recursive: true });
    mkdirSync(path.join(cards, 'card1', 'device'), { recursive: true });
    writeFileSync(path.join(cards, 'card0', 'device', 'gpu_busy_percent'), '93\n');
    writeFileSync(path.join(cards, 'card0', 'device', 'mem_info_vram_used'), '10\n');
    assert.deepEqual(await readGpus({ nvidiaSmi, cards }), [
      { name: 'Some GPU', utilisation: 0.07, memoryUsedBytes: 2 ** 20, memoryBytes: 2 ** 21 },
      { name: 'card0', utilisation: 0.93, memoryUsedBytes: 10, memoryBytes: null },
    ]);
  });

  it('are none where neither is there', async () => {
    const nowhere = path.join(root, 'nowhere');
    assert.deepEqual(await readGpus({ nvidiaSmi: nowhere, cards: nowhere }), []);
  });
});
