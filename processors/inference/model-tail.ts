// The last part of a model's graph, which its kernel leaves to ONNX Runtime: matrix products and exponentials are its
// own to round, so what a kernel feeds it comes out as from the whole graph, to the bit.
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { OnnxFile } from './onnx-file.ts';
import { openCpuSession } from './session.ts';

/** What a model says of texts: raw scores, or probabilities. */
export type TailOutput = 'logits' | 'probabilities';

export class ModelTail {
  readonly #session: InferenceSession;
  readonly #input: string;
  readonly #width: number;

  private constructor(session: InferenceSession, input: string, width: number) {
    this.#session = session;
    this.#input = input;
    this.#width = width;
  }

  /** Everything behind the value `input`, which has `width` numbers a text. */
  static async open(file: OnnxFile, input: string, width: number): Promise<ModelTail> {
    const session = await openCpuSession(file.tailBehind(input, width));
    return new ModelTail(session, input, width);
  }

  /** One row for each row of `values`. */
  async run(values: Float32Array, output: TailOutput): Promise<Float32Array> {
    const rows = values.length / this.#width;
    const feeds = { [this.#input]: new Tensor('float32', values, [rows, this.#width]) };
    const results = await this.#session.run(feeds, [output]);
    return results[output]!.data as Float32Array;
  }

  close(): Promise<void> {
    return this.#session.release();
  }
}
