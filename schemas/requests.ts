// What the HTTP door is asked and what it answers, declared once: types, validation and OpenAPI follow from it.
import { z } from 'zod';
import { kinds } from './features.ts';

/** Texts, messages or entries of one request. */
export const itemsMax = 1_000;
const textMax = 65_536;

const id = z
  .string()
  .min(1)
  .max(256)
  .describe('Identity; made where it is absent. The same id again is the same message.');
const text = z.string().max(textMax).describe('The text as written.');
const tenant = z
  .string()
  .min(1)
  .max(128)
  .describe('Tenant; the caller’s own where absent. Only callers with the scope `admin` may name another.');
const eventTime = z
  .union([z.int().min(0), z.iso.datetime({ offset: true })])
  .describe('When it happened: milliseconds since 1970 or ISO 8601. Now where absent.');
const source = z.string().min(1).max(128).describe('Which system it comes from; `http` where absent.');

const envelope = {
  id: id.optional(),
  tenant: tenant.optional(),
  eventTime: eventTime.optional(),
  source: source.optional(),
};

const analyzeItem = z.strictObject({
  id: id.optional(),
  text,
  tenant: tenant.optional(),
  kind: z.enum(kinds).optional().describe('A comment, where absent.'),
});

/** `text`, `texts` and `items` exclude each other: the door checks that one of them is there. */
export const analyzeRequest = z.strictObject({
  text: text.optional().describe('One text. Exactly one of `text`, `texts` and `items` is wanted.'),
  texts: z.array(text).min(1).max(itemsMax).optional().describe('Several texts.'),
  items: z.array(analyzeItem).min(1).max(itemsMax).optional().describe('Several texts with ids or kinds.'),
  kind: z.enum(kinds).optional().describe('Kind of `text` and `texts`; `comment` where absent.'),
  tasks: z
    .array(z.string().min(1).max(128))
    .min(1)
    .max(32)
    .optional()
    .describe('Tasks to answer, such as `toxicity`; those configured for the kind where absent.'),
});
export type AnalyzeRequest = z.infer<typeof analyzeRequest>;
export type AnalyzeItem = z.infer<typeof analyzeItem>;

const timings = z.strictObject({
  totalMs: z.number().describe('In the door, without the network.'),
  featuresMs: z.number(),
  modelMs: z.number().describe('All models, waiting for a free thread included.'),
  scoringMs: z.number(),
});

const result = z.strictObject({
  label: z.string(),
  confidence: z.number().describe('Calibrated probability of the label.'),
  probabilities: z.record(z.string(), z.number()).describe('Leading labels with their probabilities.'),
  release: z.string().describe('Which model answered, `task@version`.'),
});

/** Fields of a score that hold the answer; those that nobody answered are left out. */
const scored = z.strictObject({
  id: z.string().describe('Id of the score; `GET /v1/scores/{id}` finds it once it is stored.'),
  language: z.string().optional(),
  languageConfidence: z.number().optional(),
  sentiment: z.string().optional(),
  sentimentConfidence: z.number().optional(),
  emotion: z.string().optional(),
  emotionConfidence: z.number().optional(),
  toxicity: z.number().optional(),
  toxic: z.boolean().optional(),
  intent: z.string().optional(),
  intentConfidence: z.number().optional(),
  complexity: z.number().optional(),
  quality: z.number().optional(),
  clarity: z.number().optional(),
  specificity: z.number().optional(),
  structure: z.number().optional(),
  context: z.number().optional(),
});

const analyzedItem = z.strictObject({
  id: z.string(),
  kind: z.enum(kinds),
  score: scored.optional(),
  results: z.record(z.string(), result).optional().describe('By task.'),
  error: z
    .strictObject({ code: z.string(), detail: z.string() })
    .optional()
    .describe('Why this text has no score. A request of which no text has one is answered with 422.'),
});
export type AnalyzedItem = z.infer<typeof analyzedItem>;

export const analyzeAnswer = z.strictObject({
  items: z.array(analyzedItem).describe('In the order of the request.'),
  releases: z.array(z.string()).describe('Every model and rule set that had a say.'),
  timings,
});
export type AnalyzeAnswer = z.infer<typeof analyzeAnswer>;

const comment = z.strictObject({
  ...envelope,
  text,
  author: z.string().max(256).optional().describe('Pseudonymous author.'),
  thread: z.string().max(1_024).optional().describe('What the comment was written under.'),
});
const prompt = z.strictObject({
  ...envelope,
  text,
  user: z.string().max(256).optional().describe('Pseudonymous user.'),
  session: z.string().max(256).optional().describe('Conversation the prompt belongs to.'),
});
const feedback = z.strictObject({
  ...envelope,
  messageId: z.string().min(1).max(256).describe('Id of the comment or prompt it is about.'),
  task: z.string().min(1).max(128).describe('Which answer it is about, such as `toxicity`.'),
  label: z.string().min(1).max(256).optional().describe('The right answer.'),
  value: z.number().min(0).max(100).optional().describe('The right score, in points.'),
  agrees: z.boolean().optional().describe('Thumbs up or down.'),
  by: z.string().min(1).max(128).optional().describe('Who said so: `user`, `reviewer`, `system`.'),
});

/** What an asynchronous route takes, by topic: one of these, an array of them, or `{"items": […]}`. */
export const postable = { comments: comment, prompts: prompt, feedback } as const;
export type PostedTopic = keyof typeof postable;
export type PostedFeedback = z.infer<typeof feedback>;
export type Posted = z.infer<typeof comment> | z.infer<typeof prompt> | z.infer<typeof feedback>;

export const acceptedAnswer = z.strictObject({
  accepted: z.int(),
  ids: z.array(z.string()).describe('In the order of the request. All of them are durable in the log.'),
});

export const storedScore = z
  .looseObject({ id: z.string(), messageId: z.string(), tenant: z.string(), kind: z.enum(kinds) })
  .describe('A score as stored: the fields of the topic `scores`; times in milliseconds since 1970.');

/** A query parameter that may be there once or several times. */
const several = (item: z.ZodString) => z.union([item, z.array(item).max(100)]);

export const labelsQuery = z.strictObject({
  task: z.string().min(1).max(128).describe('Task to label for, such as `toxicity`.'),
  count: z
    .string()
    .regex(/^([1-9]\d?|100)$/)
    .optional()
    .describe('Messages wanted, 1 to 100; 10 where absent.'),
  skip: several(z.string().min(1).max(256))
    .optional()
    .describe('Ids of messages that the caller does not want to see again for now.'),
});
export type LabelsQuery = z.infer<typeof labelsQuery>;

const labelBudget = z.strictObject({
  perDay: z.int().describe('Labels of the task that a labeller is asked for a day (UTC).'),
  used: z.int().describe('Messages that the caller labelled today.'),
  left: z.int(),
});
export type LabelBudget = z.infer<typeof labelBudget>;

export const labelsAnswer = z.strictObject({
  task: z.string(),
  labels: z.array(z.string()).describe('Labels of the task, in the order of its model.'),
  source: z.string().describe('What feedback has to name as its `source` to count for the caller.'),
  budget: labelBudget,
  items: z
    .array(
      z.strictObject({
        messageId: z.string(),
        tenant: z.string(),
        kind: z.enum(kinds),
        text: z.string(),
        value: z.number().describe('How much a label is thought to teach, 0–1.'),
        reasons: z.array(z.enum(['uncertain', 'disputed', 'drifted'])),
      }),
    )
    .describe(
      'The most valuable first. Nobody else gets them for some minutes. What the model says is not told.',
    ),
});
export type LabelsAnswer = z.infer<typeof labelsAnswer>;

export const problemAnswer = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable, for programs.'),
    detail: z.string(),
    requestId: z.string().optional(),
    errors: z
      .array(
        z.strictObject({ pointer: z.string().describe('JSON pointer into the body.'), detail: z.string() }),
      )
      .optional(),
  })
  .describe('RFC 9457 problem details.');

const tensorParameters = z.looseObject({
  binary_data_size: z.int().min(0).optional(),
  binary_data: z.boolean().optional(),
});
const tensorData: z.ZodType = z.array(z.unknown());

/** Open Inference Protocol v2, what this server reads of it. Unknown parameters are passed over, as the protocol wants. */
export const inferRequest = z.looseObject({
  id: z.string().max(256).optional(),
  parameters: z.looseObject({ binary_data_output: z.boolean().optional() }).optional(),
  inputs: z
    .array(
      z.looseObject({
        name: z.string(),
        shape: z.array(z.int().min(0)).min(1).max(2),
        datatype: z.string(),
        parameters: tensorParameters.optional(),
        data: tensorData.optional().describe('JSON strings; absent where the tensor follows in binary.'),
      }),
    )
    .min(1)
    .max(2),
  outputs: z
    .array(z.looseObject({ name: z.string(), parameters: tensorParameters.optional() }))
    .max(8)
    .optional(),
});
export type InferRequest = z.infer<typeof inferRequest>;

export const inferAnswer = z.strictObject({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  outputs: z.array(
    z.strictObject({
      name: z.string(),
      datatype: z.string(),
      shape: z.array(z.int()),
      parameters: tensorParameters.optional(),
      data: z.array(z.union([z.number(), z.string()])).optional(),
    }),
  ),
});

const tensor = z.strictObject({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) });
export const modelAnswer = z.strictObject({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(tensor),
  outputs: z.array(tensor),
  parameters: z
    .strictObject({ labels: z.array(z.string()) })
    .describe('Labels of the columns of `probabilities`.'),
});

export type JsonSchema = Readonly<Record<string, unknown>>;

/** JSON schema (draft 7, which OpenAPI 3.1 and ajv both read) of a declaration above. */
export function jsonSchemaOf(declaration: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(declaration, { target: 'draft-7', io: 'input' });
  return schema;
}
