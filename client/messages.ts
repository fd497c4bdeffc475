// What the door is asked and what it answers. A test holds these types equal to the schemas that the door checks by.

/** A comment or a prompt. */
export type Kind = 'comment' | 'prompt';

export interface AnalyzeItem {
  /** Made where it is absent. */
  readonly id?: string | undefined;
  readonly text: string;
  readonly tenant?: string | undefined;
  readonly kind?: Kind | undefined;
}

/** Exactly one of `text`, `texts` and `items` is wanted. */
export interface AnalyzeRequest {
  readonly text?: string | undefined;
  readonly texts?: readonly string[] | undefined;
  readonly items?: readonly AnalyzeItem[] | undefined;
  readonly kind?: Kind | undefined;
  /** Tasks to answer, such as `toxicity`; those configured for the kind where absent. */
  readonly tasks?: readonly string[] | undefined;
}

/** One model’s answer. */
export interface Result {
  readonly label: string;
  readonly confidence: number;
  /** Leading labels with their probabilities. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** Which model answered, `task@version`. */
  readonly release: string;
}

/** The one answer about a text; what nobody answered is left out. */
export interface Scored {
  readonly id: string;
  readonly language?: string | undefined;
  readonly languageConfidence?: number | undefined;
  readonly sentiment?: string | undefined;
  readonly sentimentConfidence?: number | undefined;
  readonly emotion?: string | undefined;
  readonly emotionConfidence?: number | undefined;
  readonly toxicity?: number | undefined;
  readonly toxic?: boolean | undefined;
  readonly intent?: string | undefined;
  readonly intentConfidence?: number | undefined;
  readonly complexity?: number | undefined;
  readonly quality?: number | undefined;
  readonly clarity?: number | undefined;
  readonly specificity?: number | undefined;
  readonly structure?: number | undefined;
  readonly context?: number | undefined;
}

export interface AnalyzedItem {
  readonly id: string;
  readonly kind: Kind;
  readonly score?: Scored | undefined;
  /** By task. */
  readonly results?: Readonly<Record<string, Result>> | undefined;
  /** Why this text has no score. */
  readonly error?: { readonly code: string; readonly detail: string } | undefined;
}

export interface AnalyzeAnswer {
  /** In the order of the request. */
  readonly items: readonly AnalyzedItem[];
  readonly releases: readonly string[];
  readonly timings: {
    readonly totalMs: number;
    readonly featuresMs: number;
    readonly modelMs: number;
    readonly scoringMs: number;
  };
}

interface Envelope {
  readonly id?: string | undefined;
  readonly tenant?: string | undefined;
  /** Milliseconds since 1970 or ISO 8601; now where absent. */
  readonly eventTime?: number | string | undefined;
  readonly source?: string | undefined;
}

export interface Comment extends Envelope {
  readonly text: string;
  readonly author?: string | undefined;
  readonly thread?: string | undefined;
}

export interface Prompt extends Envelope {
  readonly text: string;
  readonly user?: string | undefined;
  readonly session?: string | undefined;
}

export interface Feedback extends Envelope {
  /** Id of the comment or prompt it is about. */
  readonly messageId: string;
  readonly task: string;
  /** The right answer. */
  readonly label?: string | undefined;
  /** The right score, in points. */
  readonly value?: number | undefined;
  readonly agrees?: boolean | undefined;
  readonly by?: string | undefined;
}

/** The messages are durable in the log; ids in the order of the request. */
export interface Accepted {
  readonly accepted: number;
  readonly ids: readonly string[];
}

/** A score as stored, with all fields of the topic `scores`. */
export interface StoredScore {
  readonly id: string;
  readonly messageId: string;
  readonly tenant: string;
  readonly kind: Kind;
  readonly [field: string]: unknown;
}

/** Why a request was refused: RFC 9457 problem details. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** Stable, for programs. */
  readonly code: string;
  readonly detail: string;
  readonly requestId?: string | undefined;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[] | undefined;
}

/** What /v1/stream is asked to leave out. */
export interface StreamFilter {
  readonly topic?: 'scores' | 'alerts';
  readonly tenant?: string;
  readonly kind?: Kind;
  readonly language?: string;
  readonly sentiment?: string;
  readonly emotion?: string;
  readonly intent?: string;
  readonly toxic?: boolean;
  readonly minToxicity?: number;
  readonly maxQuality?: number;
  readonly severity?: string;
}
