// Sessions on devices: the proof of a provider, who stays on the processor, and turns on a device that allows one run.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { computes } from '../../../processors/inference/provider-proof.ts';
import {
  cpuDevice,
  deviceOf,
  freeTurnOf,
  type Opened,
  Turn,
} from '../../../processors/inference/providers.ts';
import { openSession } from '../../../processors/inference/session.ts';
import { goldenBytes } from './transformer/golden.ts';

describe('a session', () => {
  const release = 'bert@1.0.0';
  const bytes = goldenBytes('bert/model.onnx');

  it('on the processor computes what the proof asks', async () => {
    assert.equal(await computes(cpuDevice), true);
  });

  it('over weights in int8 stays on the processor, and says so', async () => {
    const told: Opened[] = [];
    const tell = (opened: Opened) => void told.push(opened);
    const device = deviceOf('tensorrt');
    const session = await openSession(bytes, { release, precision: 'int8' }, { device, tell });
    await session.release();
    assert.deepEqual(told, [{ release, wanted: 'tensorrt', provider: 'cpu', why: 'its weights are int8' }]);
  });

  it('that is refused everywhere is an error', async () => {
    const broken = Buffer.from('no model');
    for (const device of [cpuDevice, deviceOf('tensorrt')])
      await assert.rejects(openSession(broken, { release, precision: 'float32' }, { device }));
  });
});

describe('turns', () => {
  const never = () => new Promise<never>(() => {});
  const word = () => new Int32Array(cpuDevice.turn)[0];

  it('of one thread come one after another, failures too', async () => {
    const turn = new Turn(new SharedArrayBuffer(4), 0);
    const order: string[] = [];
    const run = (name: string) => async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${name} ends`);
      if (name === 'b') throw new Error('b failed');
      return name;
    };
    const runs = await Promise.allSettled(['a', 'b', 'c'].map((name) => turn.take(run(name))));
    assert.deepEqual(order, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    assert.deepEqual(
      runs.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
  });

  it('are shared by all devices of the process, and freed when their thread has ended in the middle', async () => {
    assert.equal(deviceOf('webgpu').turn, cpuDevice.turn);
    void new Turn(cpuDevice.turn, 7).take(never);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(word(), 8);
    freeTurnOf(6);
    assert.equal(word(), 8, 'another thread’s end frees nothing');
    freeTurnOf(7);
    assert.equal(await new Turn(cpuDevice.turn, 0).take(async () => 'free'), 'free');
    assert.equal(word(), 0);
  });
});
