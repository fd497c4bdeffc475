// Settings of how answers are made: what models run on, which answers are kept, and who answers when a model cannot.
import { z } from 'zod';
import { choice, type Kind, setting, text } from './setting.ts';

/** What answers in a model’s place, by task: `toxicity=toxicity@1.0.0,sentiment=rules` in a variable, a mapping in YAML. */
const insteadByTask: Kind<Readonly<Record<string, string>>> = {
  wanted: 'task=release or task=rules pairs',
  schema: z.record(
    z.string().regex(/^[a-z][a-z0-9-]*$/),
    z.string().regex(/^(rules|[a-z][a-z0-9-]*@(\d+\.\d+\.\d+|[a-z][a-z0-9-]*))$/),
  ),
  fromText: (given) => {
    const pairs = given.split(',').filter((entry) => entry.trim() !== '');
    return Object.fromEntries(
      pairs.map((entry) => {
        const [task = '', instead = ''] = entry.split('=').map((part) => part.trim());
        return [task, instead];
      }),
    );
  },
  emptyIsNone: true,
};

/** The part of the section `inference` that is about the engine. */
export const engine = {
  provider: setting({
    variable: 'MILLRACE_INFERENCE_PROVIDER',
    kind: choice('auto', 'cuda', 'tensorrt', 'webgpu', 'cpu'),
    default: 'auto',
    doc: 'What transformers run on; small models always run on the processor. `auto`: CUDA where it works, else WebGPU where there is a graphics processor, else the processor. `millrace doctor` says what works here.',
  }),
  cudaDirectory: setting({
    variable: 'MILLRACE_CUDA_DIRECTORY',
    kind: text,
    default: '.millrace/cuda',
    doc: 'Where `millrace doctor --install-cuda` puts the CUDA libraries, 2.4 GB.',
  }),
  answerCache: setting({
    variable: 'MILLRACE_ANSWER_CACHE',
    kind: choice('requests', 'all', 'off'),
    default: 'requests',
    doc: 'Whose answers are kept for texts that come again: those of requests, or of streams too (in the process only, which pays where most texts repeat), or nobody’s.',
  }),
  fallbacks: setting({
    variable: 'MILLRACE_FALLBACKS',
    kind: insteadByTask,
    default: {},
    doc: 'What answers when a task’s model fails or is late: another release, or `rules`: `toxicity=toxicity@1.0.0,sentiment=rules`. The answer names it as its release.',
  }),
};
