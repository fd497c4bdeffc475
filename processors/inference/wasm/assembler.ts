// Assembles WebAssembly from its text form, as far as the kernels here use it: functions over one imported memory, with
// every instruction written in parentheses around its operands. Kernels stay readable, and no tool builds them.

type Expression = string | readonly Expression[];

const numberTypes: Readonly<Record<string, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

/** Instructions that take operands only; those of vectors have a prefix. */
const plain: Readonly<Record<string, readonly number[]>> = {
  'i32.eqz': [0x45],
  'i32.lt_u': [0x49],
  'i32.add': [0x6a],
  'i32.mul': [0x6c],
  'i32.and': [0x71],
  'i32.shl': [0x74],
  'i32.shr_u': [0x76],
  'f32.add': [0x92],
  'f32.mul': [0x94],
  'f32.convert_i32_u': [0xb3],
  'i32x4.splat': [0xfd, 17],
  'f32x4.splat': [0xfd, 19],
  'i16x8.extend_low_i8x16_s': [0xfd, 135, 1],
  'i32x4.extend_low_i16x8_s': [0xfd, 167, 1],
  'f32x4.add': [0xfd, 228, 1],
  'f32x4.mul': [0xfd, 230, 1],
  'f32x4.convert_i32x4_s': [0xfd, 250, 1],
};

/** Instructions that read or write memory where their first operand says. */
const memory: Readonly<Record<string, readonly number[]>> = {
  'i32.load': [0x28],
  'f32.load': [0x2a],
  'i32.store': [0x36],
  'f32.store': [0x38],
  'v128.load': [0xfd, 0],
  'v128.store': [0xfd, 11],
  'v128.load32_zero': [0xfd, 92],
};

const ofLocals: Readonly<Record<string, number>> = {
  'local.get': 0x20,
  'local.set': 0x21,
  'local.tee': 0x22,
};
const branches: Readonly<Record<string, number>> = { br: 0x0c, br_if: 0x0d };
const blocks: Readonly<Record<string, number>> = { block: 0x02, loop: 0x03 };
const end = 0x0b;
const noResult = 0x40;

interface Func {
  readonly name: string;
  readonly params: readonly Local[];
  readonly locals: readonly Local[];
  readonly body: readonly Expression[];
}

interface Local {
  readonly name: string;
  readonly type: number;
}

/** A module of the functions of `text`, exported by their names, over the memory imported as `kernel.memory`. */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const funcs = parse(text).map(readFunc);
  const types = funcs.map(({ params }) => [0x60, ...vector(params.map(({ type }) => [type])), 0]);
  const indices = funcs.map((_, index) => unsigned(index));
  const exports = funcs.map(({ name }, index) => [...word(name.slice(1)), 0, ...unsigned(index)]);
  const bodies = funcs.map((func) => bodyOf(func, funcs));
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, [[...word('kernel'), ...word('memory'), 2, 0, 0]]),
    ...section(3, indices),
    ...section(7, exports),
    ...section(10, bodies),
  ]);
}

/** Words and lists of them; `;;` begins a comment. */
function parse(text: string): readonly Expression[] {
  const tokens = text.replaceAll(/;;.*/g, '').match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const readList = (): Expression[] => {
    const items: Expression[] = [];
    for (; at < tokens.length && tokens[at] !== ')'; at++) {
      if (tokens[at] !== '(') items.push(tokens[at]!);
      else {
        at++;
        items.push(readList());
      }
    }
    return items;
  };
  return readList();
}

/** `(func $name (param $a i32) … (local $b f32) … instructions)`. */
function readFunc(expression: Expression): Func {
  const [, name, ...rest] = expression as readonly Expression[];
  const declared = (kind: string): Local[] =>
    rest
      .filter((item) => item[0] === kind)
      .map((item) => ({ name: item[1] as string, type: numberTypes[item[2] as string]! }));
  return {
    name: name as string,
    params: declared('param'),
    locals: declared('local'),
    body: rest.filter((item) => item[0] !== 'param' && item[0] !== 'local'),
  };
}

function bodyOf({ params, locals, body }: Func, funcs: readonly Func[]): number[] {
  const names = [...params, ...locals].map(({ name }) => name);
  const write = (expression: Expression, labels: readonly string[]): number[] => {
    const [name, ...operands] = expression as readonly [string, ...Expression[]];
    const values = (from: number) => operands.slice(from).flatMap((operand) => write(operand, labels));
    const first = operands[0] as string;
    if (plain[name]) return [...values(0), ...plain[name]];
    // Bytes, unaligned: the alignment is a hint that no processor of today needs.
    if (memory[name]) return [...values(0), ...memory[name], 0, 0];
    if (ofLocals[name])
      return [...values(1), ofLocals[name], ...unsigned(found(names.indexOf(first), first))];
    if (name === 'i32.const') return [0x41, ...signed(Number(first))];
    if (name === 'call') {
      const index = funcs.findIndex((func) => func.name === first);
      return [...values(1), 0x10, ...unsigned(found(index, first))];
    }
    if (branches[name]) {
      const depth = found(labels.indexOf(first), first);
      return [...values(1), branches[name], ...unsigned(depth)];
    }
    if (!blocks[name]) throw new Error(`the assembler knows no ${name}`);
    const inner = [first, ...labels];
    return [blocks[name], noResult, ...operands.slice(1).flatMap((operand) => write(operand, inner)), end];
  };
  const code = [
    ...vector(locals.map(({ type }) => [1, type])),
    ...body.flatMap((expression) => write(expression, [])),
    end,
  ];
  return [...unsigned(code.length), ...code];
}

function found(place: number, name: string): number {
  if (place < 0) throw new Error(`nothing is named ${name}`);
  return place;
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = vector(items);
  return [id, ...unsigned(content.length), ...content];
}

const vector = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
];

const word = (text: string): number[] => vector([...Buffer.from(text)].map((byte) => [byte]));

/** LEB128 of a number from 0 on. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** LEB128 of a 32-bit number. */
function signed(value: number): number[] {
  return value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}
