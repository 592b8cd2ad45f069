import type { Kind } from './kinds.js';

/** One setting: everything that the loader, `kopje config` and docs/settings.md say about it. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  /** A function where it depends on the machine, or on what keeps the records. */
  readonly default: NoInfer<T> | ((backend: string) => NoInfer<T>);
  /** What the default is in words, where it is computed. */
  readonly defaultText?: string;
  readonly unit?: 'ms' | 'minutes' | 'bytes';
  /** Whose name it is. */
  readonly origin: 'Kafka' | 'KoP' | 'Pulsar' | 'Kopje';
  /** The name of Kafka's broker config with this meaning. */
  readonly kafkaName?: string;
  /** False: accepted and shown, but nothing obeys it yet. */
  readonly hasEffect?: false;
  /** True: `kopje config` does not print its value. */
  readonly isSecret?: true;
  readonly summary: string;
}

/** Keeps the value's type while checking the rest. */
export function setting<T>(definition: Setting<T>): Setting<T> {
  return definition;
}

export function defaultOf<T>(definition: Setting<T>, backend: string): T {
  const value = definition.default;
  return typeof value === 'function' ? (value as (backend: string) => T)(backend) : value;
}
