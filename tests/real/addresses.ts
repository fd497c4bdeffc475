// Where the real servers of these tests are; without an address the tests fail, so that nobody mistakes silence for success.
import assert from 'node:assert/strict';

function address(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set; start the server and set it (.ci/run shows how).`);
  return value;
}

export const kafkaBrokers = (): string[] => address('KAFKA_BROKERS').split(',');
export const registryUrl = (): string => address('SCHEMA_REGISTRY_URL');
export const redisUrl = (): string => address('REDIS_URL');
export const s3Endpoint = (): string => address('S3_ENDPOINT');
export const mlflowUrl = (): string => address('MLFLOW_URL');
/** A Python that has `tritonclient[http]`. */
export const tritonPython = (): string => address('TRITON_PYTHON');
