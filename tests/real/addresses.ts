// Where the real servers of these tests are; without an address the tests fail, so that nobody mistakes silence for success.
import assert from 'node:assert/strict';

function address(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set; start the server and set it (npm run kafka -- up --registry).`);
  return value;
}

export const kafkaBrokers = (): string[] => address('KAFKA_BROKERS').split(',');
export const registryUrl = (): string => address('SCHEMA_REGISTRY_URL');
export const redisUrl = (): string => address('REDIS_URL');
