/** Names that the generated functions use themselves, or that the language keeps. */
const TAKEN = new Set(['r', 'w', 'm', 'n', 'i', 'tag', 'tags', 'version', 'flexible', 'default']);

/** `ClusterId` → `clusterId`. */
export function camelCase(name: string): string {
  return name[0]!.toLowerCase() + name.slice(1);
}

/** `FetchRequest` → `fetch-request`. */
export function kebabCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
}

/** `FetchRequest` → `FETCH_REQUEST`. */
export function constantCase(name: string): string {
  return kebabCase(name).replaceAll('-', '_').toUpperCase();
}

/** The local variable that holds a field. */
export function localName(field: string): string {
  return TAKEN.has(field) ? `${field}Value` : field;
}
