// Settings of where models are kept and where their making is logged: S3 and MLflow, by the variables both use everywhere.
import { z } from 'zod';
import { type Kind, setting, text, textOrNone, urlOrNone } from './setting.ts';

/** A folder, or `s3://bucket/prefix`. */
export const folderOrBucket: Kind<string> = {
  ...text,
  wanted: 'a folder, or `s3://bucket/prefix`',
  schema: z
    .string()
    .min(1)
    .refine(
      (given) =>
        !/^[a-z][a-z0-9+.-]*:\/\//i.test(given) ||
        /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/.*)?$/.test(given),
    ),
};

export const s3 = {
  endpoint: setting({
    variable: 'AWS_ENDPOINT_URL',
    kind: urlOrNone('http', 'https'),
    default: null,
    doc: 'An S3-compatible server (MinIO, Ceph, R2, …). None: AWS itself.',
  }),
  region: setting({
    variable: 'AWS_REGION',
    kind: text,
    default: 'us-east-1',
    doc: 'Region of the bucket.',
  }),
  accessKeyId: setting({
    variable: 'AWS_ACCESS_KEY_ID',
    kind: textOrNone,
    default: null,
    doc: 'Who asks; needed when models lie in a bucket.',
  }),
  secretAccessKey: setting({
    variable: 'AWS_SECRET_ACCESS_KEY',
    kind: textOrNone,
    default: null,
    secret: true,
    doc: 'What the requests are signed with.',
  }),
  sessionToken: setting({
    variable: 'AWS_SESSION_TOKEN',
    kind: textOrNone,
    default: null,
    secret: true,
    doc: 'Belongs to keys that expire.',
  }),
};

export const mlflow = {
  trackingUri: setting({
    variable: 'MLFLOW_TRACKING_URI',
    kind: urlOrNone('http', 'https'),
    default: null,
    doc: 'MLflow server that training runs are logged to as well. None: they are logged in the data directory alone.',
  }),
  experiment: setting({
    variable: 'MLFLOW_EXPERIMENT_NAME',
    kind: text,
    default: 'millrace',
    doc: 'Experiment of those runs; made when there is none.',
  }),
  username: setting({
    variable: 'MLFLOW_TRACKING_USERNAME',
    kind: textOrNone,
    default: null,
    doc: 'User of the server.',
  }),
  password: setting({
    variable: 'MLFLOW_TRACKING_PASSWORD',
    kind: textOrNone,
    default: null,
    secret: true,
    doc: 'Password of that user.',
  }),
  token: setting({
    variable: 'MLFLOW_TRACKING_TOKEN',
    kind: textOrNone,
    default: null,
    secret: true,
    doc: 'A token instead of user and password.',
  }),
};
