// Installing the CUDA provider with a real pip, out of small wheels that stand for the large ones.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { cudaLibrariesBelow, providerLibraries } from '../../connectors/onnx-runtime.ts';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import { type CudaInstallation, installCuda } from '../../streams/doctor/cuda.ts';

/** A Python with pip; .ci/run makes one. */
const python = process.env.PYTHON ?? 'python3';
const root = mkdtempSync(path.join(tmpdir(), 'millrace-cuda-'));
after(() => rmSync(root, { recursive: true }));

/** Packs a wheel with RECORD; `sum` overrides what is written for its first file. */
const packer = `
import base64, hashlib, json, sys, zipfile
out, name, version, files, needs, sum = json.loads(sys.argv[1])
info = f'{name}-{version}.dist-info'
files = {**files, f'{info}/METADATA': f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n' + ''.join(f'Requires-Dist: {n}\\n' for n in needs),
         f'{info}/WHEEL': 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: false\\nTag: py3-none-manylinux_2_27_x86_64\\n'}
digest = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()
lines = [f'{f},sha256={sum if sum and i == 0 else digest(t)},{len(t)}' for i, (f, t) in enumerate(files.items())]
with zipfile.ZipFile(f'{out}/{name}-{version}-py3-none-manylinux_2_27_x86_64.whl', 'w') as wheel:
    for f, t in files.items(): wheel.writestr(f, t)
    wheel.writestr(f'{info}/RECORD', '\\n'.join([*lines, f'{info}/RECORD,,']) + '\\n')
`;
const index = path.join(root, 'index');
function wheel(name: string, version: string, files: object, needs: readonly string[] = [], sum = ''): void {
  mkdirSync(index, { recursive: true });
  execFileSync(python, ['-c', packer, JSON.stringify([index, name, version, files, needs, sum])]);
}

const provider = Object.fromEntries(
  providerLibraries.map((name) => [`onnxruntime/capi/${name}`, `1 ${name}`]),
);
const needs = ['nvidia-cudart~=13.0; extra == "cuda"', 'nvidia-cudnn~=9.0; extra == "cudnn"', 'numpy>=1'];

let count = 0;
function installation(): CudaInstallation & { readonly lines: string[] } {
  const folder = path.join(root, `runtime-${count}`);
  mkdirSync(folder);
  const lines: string[] = [];
  return {
    runtime: { version: '9.9.9', folder },
    directory: path.join(root, `cuda-${count++}`),
    platform: 'linux-x64',
    python,
    tell: (line) => void lines.push(line),
    lines,
  };
}

describe('installing CUDA', { timeout: 580_000 }, () => {
  const packed = path.join(root, 'packed');
  before(() => {
    wheel('onnxruntime_gpu', '9.9.9', provider, needs);
    wheel('nvidia_cudart', '13.1', { 'nvidia/cu13/lib/libcudart.so.13': 'rt' });
    wheel('nvidia_cudnn', '9.1', { 'nvidia/cudnn/lib/libcudnn.so.9': 'nn' }, ['nvidia-cublas']);
    wheel('nvidia_cublas', '13.2', { 'nvidia/cu13/lib/libcublas.so.13': 'blas' });
    renameSync(index, packed);
  });
  beforeEach(() => {
    rmSync(index, { recursive: true, force: true });
    cpSync(packed, index, { recursive: true });
    process.env.PIP_NO_INDEX = '1';
    process.env.PIP_FIND_LINKS = index;
  });
  after(() => {
    delete process.env.PIP_NO_INDEX;
    delete process.env.PIP_FIND_LINKS;
  });

  it('links the provider, unpacks what it wants with what that wants, and leaves no archives', async () => {
    const place = installation();
    await installCuda(place);
    for (const name of providerLibraries)
      assert.equal(readFileSync(path.join(place.runtime.folder, name), 'utf8'), `1 ${name}`);
    assert.deepEqual(
      cudaLibrariesBelow(place.directory).map((file) => path.basename(file)),
      ['libcudart.so.13', 'libcublas.so.13', 'libcudnn.so.9'],
    );
    assert.equal(existsSync(path.join(place.directory, 'wheels')), false);
    assert.ok(place.lines.some((line) => line.startsWith('it wants nvidia-cudart~=13.0, nvidia-cudnn~=9.0')));
  });

  it('does nothing twice, and puts links back that npm took away', async () => {
    const place = installation();
    await installCuda(place);
    rmSync(index, { recursive: true });
    rmSync(path.join(place.runtime.folder, providerLibraries[1]!));
    await installCuda(place);
    assert.ok(place.lines.includes('the libraries are there already'));
    assert.match(
      readlinkSync(path.join(place.runtime.folder, providerLibraries[1]!)),
      /onnxruntime_gpu-9\.9\.9/,
    );
  });

  it('goes on where it stopped', async () => {
    const place = installation();
    rmSync(path.join(index, 'nvidia_cublas-13.2-py3-none-manylinux_2_27_x86_64.whl'));
    const failure = (error: unknown) => error instanceof Retryable && error.code === 'pip-download';
    await assert.rejects(installCuda(place), failure);
    assert.equal(
      existsSync(path.join(place.runtime.folder, providerLibraries[0]!)),
      false,
      'nothing half done',
    );
    wheel('nvidia_cublas', '13.2', { 'nvidia/cu13/lib/libcublas.so.13': 'blas' });
    rmSync(path.join(index, 'onnxruntime_gpu-9.9.9-py3-none-manylinux_2_27_x86_64.whl'));
    process.env.PIP_FIND_LINKS = `${index} ${path.join(place.directory, 'wheels')}`;
    await installCuda(place);
    assert.equal(cudaLibrariesBelow(place.directory).length, 3);
  });

  it('takes the libraries of another version in place of the old ones', async () => {
    const place = installation();
    await installCuda(place);
    wheel('onnxruntime_gpu', '9.9.10', provider, []);
    await installCuda({ ...place, runtime: { ...place.runtime, version: '9.9.10' } });
    assert.match(
      readlinkSync(path.join(place.runtime.folder, providerLibraries[0]!)),
      /onnxruntime_gpu-9\.9\.10/,
    );
    assert.deepEqual(cudaLibrariesBelow(place.directory), []);
  });

  it('refuses a wheel whose file is not what its RECORD says, and fetches it anew', async () => {
    const place = installation();
    const wrong = 'A'.repeat(43);
    wheel('nvidia_cublas', '13.2', { 'nvidia/cu13/lib/libcublas.so.13': 'blas' }, [], wrong);
    await assert.rejects(
      installCuda(place),
      /nvidia_cublas-13\.2.*damaged: nvidia\/cu13\/lib\/libcublas\.so\.13/,
    );
    wheel('nvidia_cublas', '13.2', { 'nvidia/cu13/lib/libcublas.so.13': 'blas' });
    await installCuda(place);
    assert.equal(cudaLibrariesBelow(place.directory).length, 3);
  });

  it('says what is missing: pip, the platform', async () => {
    const is = (code: string) => (error: unknown) => error instanceof Misconfigured && error.code === code;
    await assert.rejects(installCuda({ ...installation(), python: 'no-such-python' }), is('no-pip'));
    await assert.rejects(installCuda({ ...installation(), platform: 'darwin-arm64' }), is('cuda-platform'));
  });

  it('leaves a library alone that somebody put there by hand', async () => {
    const place = installation();
    const file = path.join(place.runtime.folder, providerLibraries[0]!);
    writeFileSync(file, 'mine');
    await installCuda(place);
    assert.equal(readFileSync(file, 'utf8'), 'mine');
  });
});
