// What a prompt asks for.
import { type Row, textOf } from '../data-sets/rows.ts';
import type { DataSet, Role, Task } from '../task.ts';
import { writtenPrompts } from './written-prompts.ts';

const labels =
  'advice_planning_chat brainstorming classification coding context_qa_extraction math_reasoning question_answering rewriting_translation summarization task_command writing'.split(
    ' ',
  );

const split = (names: string): ReadonlySet<string> => new Set(names.split(' '));

/** What CLINC150’s intents are in our terms; those not named are questions, or say nothing (`oos`, yes, no). */
const clincIntents: readonly (readonly [label: string, intents: ReadonlySet<string>])[] = [
  ['rewriting_translation', split('translate')],
  ['math_reasoning', split('calculator measurement_conversion')],
  [
    'advice_planning_chat',
    split(
      'meal_suggestion travel_suggestion restaurant_suggestion improve_credit_score greeting goodbye thank_you who_made_you what_is_your_name how_old_are_you are_you_a_bot where_are_you_from do_you_have_pets what_are_your_hobbies who_do_you_work_for what_can_i_ask_you meaning_of_life tell_joke',
    ),
  ],
  [
    'task_command',
    split(
      'transfer timer pto_request change_language change_user_name flip_coin shopping_list_update restaurant_reservation freeze_account rollover_401k next_song pay_bill new_card todo_list_update reminder_update reminder change_speed calendar_update uber schedule_maintenance travel_notification sync_device roll_dice report_lost_card make_call alarm change_accent schedule_meeting change_volume pin_change report_fraud smart_home book_hotel whisper_mode cancel reset_settings book_flight text share_location redeem_rewards play_music update_playlist cancel_reservation change_ai_name car_rental order order_checks find_phone direct_deposit insurance_change credit_limit_change damaged_card',
    ),
  ],
];
const ignored = split('oos yes no maybe repeat');

function clincLabel(row: Row): string | null {
  const intent = String(row.label);
  if (ignored.has(intent)) return null;
  return clincIntents.find(([, intents]) => intents.has(intent))?.[0] ?? 'question_answering';
}

const clinc = (file: string, role: Role): DataSet => ({
  file: `clinc150/${file}`,
  role,
  licence: 'CC-BY-3.0',
  source: 'clinc/oos-eval@828f8093932c, intents mapped to ours',
  shipped: true,
  examples: (row) => {
    const label = clincLabel(row);
    return label === null ? [] : [{ text: textOf(row), labels: [label], weight: 0.5 }];
  },
});

const prompts = (file: string, role: Role): DataSet => ({
  file: `prompt_intent10/${file}`,
  role,
  licence: 'CC-BY-SA-3.0 (Dolly), MIT (GSM8K)',
  source:
    'Databricks Dolly 15k, through TurkuNLP/dolly-fi@66d3b31ec6c2 and nayohan/dolly-15k-analysis@5797d87c90c8; openai/grade-school-math@3101c7d50724',
  shipped: true,
  examples: (row) => [{ text: textOf(row), labels: [String(row.label)] }],
});

export const promptIntent: Task = {
  task: 'prompt-intent',
  version: '1.0.0',
  doc: 'Tells what an English prompt asks for: ten kinds of request, and commands to a device or service.',
  labels,
  activation: 'softmax',
  emptyLabel: 'question_answering',
  training: {
    kind: 'ngram',
    parameters: {
      words: 2,
      charactersMin: 2,
      charactersMax: 5,
      leadingWords: 6,
      wordBuckets: 32_768,
      characterBuckets: 65_536,
      idsMax: 300,
      dimensions: 'linear',
      epochs: 4,
      learningRate: 0.1,
      dropout: 0.5,
    },
  },
  balancePower: 0.5,
  written: writtenPrompts,
  calibrationShare: 0.05,
  dataSets: [
    prompts('train', 'train'),
    clinc('train', 'train'),
    prompts('test_dolly', 'test'),
    clinc('dev', 'test'),
    {
      file: 'prompt_intent10/test_autoj',
      role: 'test',
      licence: 'none stated',
      source: 'GAIR-NLP/auto-j@2ae17a3965d9, scenarios mapped to ours',
      shipped: false,
      examples: (row) => [{ text: textOf(row), labels: [String(row.label)] }],
    },
  ],
  reference: ['prompts'],
  targets: [
    'Prototypes on autoj (real prompts, ten kinds): 39/31 (accuracy/macro-F1) from rows that may ship, 67/60 with rows that may not; to strive for: 60.',
  ],
  limits: [
    'English only.',
    'No rows of real prompts that may ship exist for coding, rewriting and most advice: those are learned from sentences written for it, and autoj says how far that carries.',
    'In Dolly and GSM8K the source is part of the signal: figures on test_dolly flatter.',
    'The first fifteen words or so decide: what a long prompt carries behind its request must not drown it.',
  ],
};
