/** Kinds of the settings that say where Pulsar is and what of it is served. */
import { parseServiceUrl } from '../../workers/log/pulsar/service-url.js';
import { describe, type Kind, textList } from './kinds.js';

/** One word, or Pulsar's service URL. */
export function serviceUrlOr(word: string): Kind<string> {
  const range = `${word}, pulsar://HOST:PORT, pulsar+ssl://HOST:PORT`;
  return {
    type: 'text',
    range,
    format: (value) => value,
    parse(raw) {
      if (raw === word) return { value: word };
      if (typeof raw !== 'string' || !raw.startsWith('pulsar')) {
        return { problem: `must be one of ${range}, not ${describe(raw)}` };
      }
      try {
        parseServiceUrl(raw);
        return { value: raw };
      } catch (error) {
        return { problem: `is wrong: ${(error as Error).message}` };
      }
    },
  };
}

/** `http://HOST:PORT`, `https://…`, or empty. */
export const optionalUrl: Kind<string> = {
  type: 'text',
  range: 'http://HOST:PORT, https://HOST:PORT, or empty',
  format: (value) => value,
  parse(raw) {
    if (raw === null || raw === '') return { value: '' };
    const isUrl = typeof raw === 'string' && /^https?:\/\/[^\s/?#]+\/?$/.test(raw);
    if (isUrl && URL.canParse(raw)) return { value: raw.replace(/\/$/, '') };
    return { problem: `must be ${optionalUrl.range}, not ${describe(raw)}` };
  },
};

/** `tenant/namespace`, as many as there are, each once. */
export const namespaceList: Kind<readonly string[]> = {
  type: 'list',
  range: 'tenant/namespace, …',
  format: (value) => value.join(','),
  parse(raw) {
    const items = raw === null ? [] : textList(raw);
    const wrong = items?.find((item) => !/^[\w.:=-]+\/[\w.:=-]+$/.test(item));
    if (items === null || wrong !== undefined) {
      return { problem: `must be a list of tenant/namespace, not ${describe(wrong ?? raw)}` };
    }
    return { value: [...new Set(items)] };
  },
};
