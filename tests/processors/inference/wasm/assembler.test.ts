// Text in, code out that runs; what the assembler does not know it says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assemble } from '../../../../processors/inference/wasm/assembler.ts';

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

test('a loop over memory, constants of every size, and a call', () => {
  const code = assemble(`
    ;; Writes from × factor + 70000 to every number of [$from, $to).
    (func $fill (param $from i32) (param $to i32) (param $factor i32)
      (block $done
        (loop $next
          (br_if $done (i32.eqz (i32.lt_u (local.get $from) (local.get $to))))
          (i32.store (local.get $from)
            (i32.add (i32.mul (local.get $from) (local.get $factor)) (i32.const 70000)))
          (local.set $from (i32.add (local.get $from) (i32.const 4)))
          (br $next))))
    (func $twice (local $half i32)
      (local.set $half (i32.const 64))
      (call $fill (i32.const 0) (local.get $half) (i32.const -3))
      (call $fill (local.get $half) (i32.const 128) (i32.const -65)))
  `);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { kernel: { memory } });
  (exports as { twice(): void }).twice();
  const expected = Array.from({ length: 33 }, (_, at) =>
    at < 32 ? 70_000 + 4 * at * (at < 16 ? -3 : -65) : 0,
  );
  assert.deepEqual([...new Int32Array(memory.buffer, 0, 33)], expected);
});

test('unknown instructions, locals and labels are named', () => {
  assert.throws(() => assemble('(func $f (i64.nop))'), /knows no i64\.nop/);
  assert.throws(() => assemble('(func $f (local.set $x (i32.const 1)))'), /nothing is named \$x/);
  assert.throws(() => assemble('(func $f (br $out))'), /nothing is named \$out/);
});
