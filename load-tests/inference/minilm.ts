// An encoder of the shape of MiniLM-L6 (6 layers of 384, 12 heads, 22 million weights) with random weights and a
// tokenizer of one token a word: it costs what the real one costs, and nobody has to download it.
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { LoadableModel, ManifestOf } from '../../schemas/model-manifest.ts';
import { ModelProtoSchema, type NodeProto, type TensorProto } from '../../trainers/onnx/generated/onnx_pb.js';
import {
  bytesOf,
  integer,
  integers,
  modelBytes,
  node,
  tensor,
  tensorTypes,
  value,
} from '../../trainers/onnx/graph.ts';
import { createRandom } from '../../trainers/random.ts';
import { quantizeModel } from '../../trainers/transformer/quantization.ts';

const layers = 6;
const width = 384;
const heads = 12;
const inner = 1_536;
const vocabulary = 30_522;
const positionsMax = 512;
const firstWord = 1_000;
const labels = ['a', 'b', 'c'];

/** Words of the tokenizer. */
export const wordCount = vocabulary - firstWord;
export const wordAt = (index: number): string => `w${index}`;

/** The release: `task` is its name. */
export function minilm(task: string, precision: 'float32' | 'int8'): LoadableModel<'transformer'> {
  const float = modelBytes(new Encoder().graph());
  const bytes =
    precision === 'float32'
      ? float
      : toBinary(ModelProtoSchema, quantizeModel(fromBinary(ModelProtoSchema, float)));
  const manifest: ManifestOf<'transformer'> = {
    kind: 'transformer',
    task,
    version: '1.0.0',
    release: `${task}@1.0.0`,
    doc: 'The shape of MiniLM-L6, random weights.',
    labels,
    activation: 'softmax',
    purpose: 'classification',
    architecture: 'bert',
    maxTokens: 128,
    padId: 0,
    output: 'logits',
    precision,
    emptyLabel: 'a',
    files: { 'baseline.json': '0'.repeat(64) },
    data: [],
    figures: [],
    targets: [],
    limits: [],
    seed: 0,
    parameters: {},
  };
  const tokenizer = Buffer.from(JSON.stringify(tokenizerJson()));
  return {
    manifest,
    files: new Map([
      ['model.onnx', bytes],
      ['tokenizer.json', tokenizer],
    ]),
  };
}

function tokenizerJson(): unknown {
  const vocab: Record<string, number> = { '[PAD]': 0, '[UNK]': 100, '[CLS]': 101, '[SEP]': 102 };
  for (let at = 0; at < wordCount; at++) vocab[wordAt(at)] = firstWord + at;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[SEP]', 102], cls: ['[CLS]', 101] },
    decoder: null,
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

class Encoder {
  readonly #nodes: NodeProto[] = [];
  readonly #constants = new Map<string, TensorProto>();
  readonly #random = createRandom(11);
  #made = 0;

  graph() {
    const { INT64, FLOAT } = tensorTypes;
    const bias = this.#attentionBias();
    let hidden = this.#embeddings();
    for (let layer = 0; layer < layers; layer++) hidden = this.#layer(hidden, bias, `l${layer}`);
    const first = this.#op('Gather', [hidden, this.#whole('zero', 0)], [integer('axis', 1)]);
    const logits = this.#linear(first, 'classifier', width, labels.length);
    this.#nodes.push(node('Identity', [logits], 'logits'));
    return {
      name: 'minilm',
      node: this.#nodes,
      initializer: [...this.#constants.values()],
      input: ['input_ids', 'attention_mask'].map((name) => value(name, INT64, ['n', 'l'])),
      output: [value('logits', FLOAT, ['n', labels.length])],
    };
  }

  #embeddings(): string {
    const length = this.#op('Gather', [this.#op('Shape', ['input_ids']), this.#whole('one', 1)]);
    const places = this.#op('Range', [this.#whole('zero', 0), length, this.#whole('one', 1)]);
    const words = this.#op('Gather', [this.#weights('words', [vocabulary, width], 1), 'input_ids']);
    const at = this.#op('Gather', [this.#weights('positions', [positionsMax, width], 0.1), places]);
    return this.#norm(this.#op('Add', [words, at]), 'embeddings');
  }

  /** −10,000 for padding, 0 for tokens. */
  #attentionBias(): string {
    const mask = this.#op('Cast', ['attention_mask'], [integer('to', tensorTypes.FLOAT)]);
    const wide = this.#op('Unsqueeze', [mask, this.#list('axes12', [1, 2])]);
    const masked = this.#op('Sub', [this.#scalar('unit', 1), wide]);
    return this.#op('Mul', [masked, this.#scalar('far', -10_000)]);
  }

  #layer(hidden: string, bias: string, name: string): string {
    const part = (of: string, order: readonly number[]) => {
      const all = this.#linear(hidden, `${name}.${of}`, width, width);
      const split = this.#op('Reshape', [all, this.#list('split', [0, 0, heads, width / heads])]);
      return this.#op('Transpose', [split], [integers('perm', order)]);
    };
    const products = this.#op('MatMul', [part('query', [0, 2, 1, 3]), part('key', [0, 2, 3, 1])]);
    const scaled = this.#op('Div', [products, this.#scalar('root', Math.sqrt(width / heads))]);
    const shares = this.#op('Softmax', [this.#op('Add', [scaled, bias])], [integer('axis', -1)]);
    const mixed = this.#op('MatMul', [shares, part('value', [0, 2, 1, 3])]);
    const turned = this.#op('Transpose', [mixed], [integers('perm', [0, 2, 1, 3])]);
    const joined = this.#op('Reshape', [turned, this.#list('joined', [0, 0, width])]);
    const attended = this.#linear(joined, `${name}.output`, width, width);
    const middle = this.#norm(this.#op('Add', [attended, hidden]), `${name}.first`);
    const wide = this.#gelu(this.#linear(middle, `${name}.up`, width, inner));
    const narrow = this.#linear(wide, `${name}.down`, inner, width);
    return this.#norm(this.#op('Add', [narrow, middle]), `${name}.second`);
  }

  #gelu(input: string): string {
    const erf = this.#op('Erf', [this.#op('Div', [input, this.#scalar('root2', Math.SQRT2)])]);
    const product = this.#op('Mul', [input, this.#op('Add', [erf, this.#scalar('unit', 1)])]);
    return this.#op('Mul', [product, this.#scalar('half', 0.5)]);
  }

  #linear(input: string, name: string, from: number, to: number): string {
    const product = this.#op('MatMul', [input, this.#weights(`${name}.weight`, [from, to], 0.05)]);
    return this.#op('Add', [product, this.#weights(`${name}.bias`, [to], 0.02)]);
  }

  #norm(input: string, name: string): string {
    const ones = this.#constant(`${name}.scale`, [width], new Float32Array(width).fill(1));
    const zeros = this.#constant(`${name}.shift`, [width], new Float32Array(width));
    return this.#op('LayerNormalization', [input, ones, zeros], [integer('axis', -1)]);
  }

  #op(type: string, inputs: string[], attributes: Parameters<typeof node>[3] = []): string {
    this.#made++;
    const output = `${type}_${this.#made}`;
    this.#nodes.push(node(type, inputs, output, attributes));
    return output;
  }

  /** Even random numbers of that standard deviation. */
  #weights(name: string, dims: number[], deviation: number): string {
    const values = new Float32Array(dims.reduce((all, size) => all * size, 1));
    const reach = deviation * Math.sqrt(12);
    for (let at = 0; at < values.length; at++) values[at] = reach * (this.#random() - 0.5);
    return this.#constant(name, dims, values);
  }

  #constant(name: string, dims: number[], values: Float32Array): string {
    this.#constants.set(name, tensor(name, tensorTypes.FLOAT, dims, bytesOf(values)));
    return name;
  }

  #scalar(name: string, number: number): string {
    return this.#constant(name, [], Float32Array.of(number));
  }

  #whole(name: string, number: number): string {
    this.#constants.set(name, tensor(name, tensorTypes.INT64, [], bytesOf(BigInt64Array.of(BigInt(number)))));
    return name;
  }

  #list(name: string, numbers: readonly number[]): string {
    const values = BigInt64Array.from(numbers, BigInt);
    this.#constants.set(name, tensor(name, tensorTypes.INT64, [values.length], bytesOf(values)));
    return name;
  }
}
