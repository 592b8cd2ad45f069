/** Values of Kafka's configs: the types of its ConfigDef, with its checks and its messages. */

export type ConfigType =
  | 'boolean'
  | 'string'
  | 'int'
  | 'long'
  | 'double'
  | 'list'
  /** A list of `partition:broker`, or `*`. */
  | 'replicas';

/** DescribeConfigs v3's type numbers (KIP-569). */
export const configTypeCodes: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  long: 5,
  double: 6,
  list: 7,
  replicas: 7,
};

/** What values a config takes. */
export interface ConfigDomain {
  readonly name: string;
  readonly type: ConfigType;
  readonly min?: number;
  readonly max?: number;
  /** A number outside [min, max] that is allowed as well. */
  readonly special?: number;
  /** The words allowed in a string or a list. */
  readonly words?: readonly string[];
}

/** Thrown for a value that Kafka refuses; the message is Kafka's (INVALID_CONFIG). */
export class InvalidConfig extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvalidConfig';
  }
}

const int32 = { min: -(2n ** 31n), max: 2n ** 31n - 1n };
const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** Checks a value as Kafka does and returns it as Kafka would print it. Throws InvalidConfig. */
export function parseConfigValue(domain: ConfigDomain, written: string): string {
  const value = written.trim();
  switch (domain.type) {
    case 'boolean':
      if (!/^(true|false)$/i.test(value)) {
        throw refusal(domain, written, 'Expected value to be either true or false');
      }
      return value.toLowerCase();
    case 'int':
    case 'long':
      return parseWhole(domain, value);
    case 'double':
      return parseDouble(domain, value);
    case 'string':
      return checkWord(domain, value);
    case 'list':
      return parseList(domain, value)
        .map((item) => checkWord(domain, item))
        .join(',');
    case 'replicas':
      return parseReplicas(domain, value);
  }
}

function refusal({ name }: ConfigDomain, value: string, reason: string): InvalidConfig {
  return new InvalidConfig(`Invalid value ${value} for configuration ${name}: ${reason}`);
}

function parseWhole(domain: ConfigDomain, value: string): string {
  const bounds = domain.type === 'int' ? int32 : int64;
  const number = /^[+-]?\d+$/.test(value) ? BigInt(value.replace('+', '')) : null;
  if (number === null || number < bounds.min || number > bounds.max) {
    throw refusal(domain, value, `Not a number of type ${domain.type.toUpperCase()}`);
  }
  // Comparing across bigint and number is exact.
  checkRange(domain, number, String(number));
  return String(number);
}

function parseDouble(domain: ConfigDomain, value: string): string {
  const number = value === '' ? Number.NaN : Number(value);
  if (Number.isNaN(number)) throw refusal(domain, value, 'Not a number of type DOUBLE');
  const printed = Number.isInteger(number) ? number.toFixed(1) : String(number);
  checkRange(domain, number, printed);
  return printed;
}

function checkRange(domain: ConfigDomain, number: number | bigint, printed: string): void {
  const { min, max, special } = domain;
  const isOutside = (min !== undefined && number < min) || (max !== undefined && number > max);
  if (!isOutside) return;
  if (special !== undefined) {
    if (Number(number) === special) return;
    const reason = `Value must be between ${min} and ${max} or equal to ${special}`;
    throw refusal(domain, printed, reason);
  }
  const reason =
    min !== undefined && number < min
      ? `Value must be at least ${min}`
      : `Value must be no more than ${max}`;
  throw refusal(domain, printed, reason);
}

function checkWord(domain: ConfigDomain, word: string): string {
  if (domain.words === undefined || domain.words.includes(word)) return word;
  throw refusal(domain, word, `String must be one of: ${domain.words.join(', ')}`);
}

function parseList(domain: ConfigDomain, value: string): string[] {
  if (value === '') return [];
  const items = value.split(/\s*,\s*/);
  if (items.includes('')) {
    throw new InvalidConfig(`Configuration '${domain.name}' values must not be empty.`);
  }
  return items;
}

function parseReplicas(domain: ConfigDomain, value: string): string {
  // Kafka's own splitting passes over commas at the end.
  const items = parseList(domain, value.replace(/[\s,]+$/, ''));
  const isWildcard = items.length === 1 && items[0] === '*';
  if (!isWildcard && !items.every((item) => /^\d+:\d+$/.test(item))) {
    const reason =
      `${domain.name} must be the literal '*' or a list of replicas in the following format: ` +
      '[partitionId]:[brokerId],[partitionId]:[brokerId],...';
    throw refusal(domain, `[${items.join(', ')}]`, reason);
  }
  return items.join(',');
}
