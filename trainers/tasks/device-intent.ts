// What a person wants of a device at home: the 64 intents of HWU64.
import { textOf } from '../data-sets/rows.ts';
import type { DataSet, Role, Task } from '../task.ts';

const labels =
  'alarm_query alarm_remove alarm_set audio_volume_down audio_volume_mute audio_volume_up calendar_query calendar_remove calendar_set cooking_recipe datetime_convert datetime_query email_addcontact email_query email_querycontact email_sendemail general_affirm general_commandstop general_confirm general_dontcare general_explain general_joke general_negate general_praise general_quirky general_repeat iot_cleaning iot_coffee iot_hue_lightchange iot_hue_lightdim iot_hue_lightoff iot_hue_lighton iot_hue_lightup iot_wemo_off iot_wemo_on lists_createoradd lists_query lists_remove music_likeness music_query music_settings news_query play_audiobook play_game play_music play_podcasts play_radio qa_currency qa_definition qa_factoid qa_maths qa_stock recommendation_events recommendation_locations recommendation_movies social_post social_query takeaway_order takeaway_query transport_query transport_taxi transport_ticket transport_traffic weather_query'.split(
    ' ',
  );

const hwu = (file: string, role: Role): DataSet => ({
  file: `hwu64/${file}`,
  role,
  licence: 'CC-BY-4.0',
  source: 'Liu et al. 2019, xliuhw/NLU-Evaluation-Data@f6071b496b17, first of ten folds',
  shipped: true,
  examples: (row) => [{ text: textOf(row), labels: [String(row.label)] }],
});

export const deviceIntent: Task = {
  task: 'device-intent',
  version: '1.0.0',
  doc: 'Tells which of 64 things a person wants of a device at home (HWU64): alarms, lights, music, lists, questions.',
  labels,
  activation: 'softmax',
  emptyLabel: 'und',
  training: { kind: 'linear', parameters: { wordBuckets: 65_536, characterBuckets: 65_536 } },
  balancePower: 1,
  calibrationShare: 0.05,
  dataSets: [hwu('train', 'train'), hwu('test', 'test')],
  reference: ['prompts'],
  targets: [
    'Seed target: intent 95 %. Missed by about six points.',
    'BERT about 92 (recalled). Prototypes: 89.0; to strive for: 90. The test set is the first of ten folds: with 1,076 rows a point is within chance.',
  ],
  limits: [
    'English only, short commands. Every query gets one of the 64 intents, whatever it is about.',
    'The “general” intents (affirm, confirm, negate, quirky) and the “qa” ones are broad and close to each other.',
  ],
};
