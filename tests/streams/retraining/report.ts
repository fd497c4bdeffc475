// A drift report as the drift job writes them, of the hour before it came in.

const hour = 3_600_000;

export const reportOf = (
  id: string,
  release: string,
  verdict: string,
  ingestTime: number,
  { job = 'window', kind = null as 'comment' | 'prompt' | null, tenant = 'default' } = {},
) => ({
  id,
  tenant,
  eventTime: ingestTime,
  ingestTime,
  source: 'test',
  traceparent: '',
  job,
  release,
  kind,
  windowStart: ingestTime - hour,
  windowEnd: ingestTime,
  samples: 900,
  baselineSamples: 1_000,
  verdict,
  dataScore: 0.4,
  predictionScore: null,
  expectedAccuracy: null,
  accuracy: null,
  labelled: null,
  statistics: [],
  slices: [],
  examples: [],
  recommendations: [],
  summary: 'label moved',
});
