import type { Api } from './api.js';
import { apis } from './served.js';

/** docs/apis.md: what ApiVersions tells clients, for people. */
export function apisPage(notice: string): string {
  const rows = [...apis.values()]
    .toSorted((one, other) => one.key - other.key)
    .map(
      (api) =>
        `| ${api.key} | [${api.name}](../${fileOf(api)}) | ${api.minVersion}–${api.maxVersion} |`,
    );
  return `${[
    '# Kafka APIs',
    '',
    notice,
    '',
    'The APIs that Kopje serves, each with the versions that it handles; ApiVersions tells clients the same,',
    'except that Produce is listed from 0 on as Kafka 4 does (KAFKA-18659): librdkafka compresses only then.',
    'The file of each API begins with how it behaves and what is deliberately absent.',
    '',
    '| Key | API | Versions |',
    '| ---: | --- | --- |',
    ...rows,
  ].join('\n')}\n`;
}

/** Where an API is, by the rule that a tidy test holds the files to. */
function fileOf({ key, name }: Api): string {
  const kebab = name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
  return `engine/api/${String(key).padStart(2, '0')}-${kebab}.ts`;
}
