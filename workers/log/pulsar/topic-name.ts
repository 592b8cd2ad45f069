/** Parts of `persistent://tenant/namespace/topic`. */
export interface PulsarTopicName {
  readonly tenant: string;
  readonly namespace: string;
  readonly local: string;
}

/** Throws for anything but a persistent topic's full name. */
export function parseTopicName(topic: string): PulsarTopicName {
  const [, tenant, namespace, local] = /^persistent:\/\/([^/]+)\/([^/]+)\/(.+)$/.exec(topic) ?? [];
  if (tenant === undefined || namespace === undefined || local === undefined) {
    throw new Error(`'${topic}' is no persistent://TENANT/NAMESPACE/TOPIC`);
  }
  return { tenant, namespace, local };
}

/** The topic in the metadata namespace that producer snapshots of all partitions are written to. */
export const snapshotTopicName = '__kopje_producers';
