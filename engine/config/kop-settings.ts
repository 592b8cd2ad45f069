/** KoP's settings that have no counterpart here: what becomes of each when its broker.conf is read. */

const tls = 'TLS and its key stores are not served yet: put a TLS proxy in front';
const sasl = 'clients are not authenticated yet';
const transactions = 'transactions are not served yet; those that KoP left are read';
const coordinator = 'Kopje answers by itself for every broker';

/** Older names of settings that there are. */
export const formerKopNames: ReadonlyMap<string, string> = new Map([
  ['listeners', 'kafkaListeners'],
  ['kopAllowedNamespaces', 'kafkaAllowedNamespaces'],
]);

/** Why each is passed over. */
export const otherKopSettings: ReadonlyMap<string, string> = new Map([
  ['kafkaListenerName', 'name the listeners in kafkaListeners and kafkaAdvertisedListeners'],
  ['kafkaProtocolMap', 'every listener is PLAINTEXT, whatever its name'],
  ['kafkaEnableMultiTenantMetadata', 'all groups are in kafkaMetadataTenant'],
  ['kafkaManageSystemNamespaces', 'the metadata namespace is always made and kept for ever'],
  ['kafkaCompressionType', 'batches keep the compression of their producers'],
  ['maxReadEntriesNum', 'what is read at once is bounded in bytes'],
  ['brokerLookupTimeoutMs', coordinator],
  ['failedAuthenticationDelayMs', sasl],
  ['groupIdZooKeeperPath', coordinator],
  ['numSendKafkaResponseThreads', 'workers says how many threads there are'],
  ['skipMessagesWithoutIndex', 'entries without an index are not served'],
  ['systemTopicRetentionSizeInMB', 'Kafka’s own topics are kept for ever'],
  ['offsetsTopicCompressionCodec', 'committed offsets are not compressed'],
  ['offsetsMessageTTL', 'committed offsets go by offsetsRetentionMinutes'],
  ['offsetCommitTimeoutMs', 'a commit is answered when Pulsar has it'],
  ['kopPrometheusStatsLatencyRolloverSeconds', 'metrics are at httpListener'],
  ['kopEnableGroupLevelConsumerMetrics', 'metrics are at httpListener'],
  ['kopSchemaRegistryEnable', 'there is no schema registry yet'],
  ['kopSchemaRegistryPort', 'there is no schema registry yet'],
  ['kopSchemaRegistryNamespace', 'there is no schema registry yet'],
  ['kopSchemaRegistryTopicName', 'there is no schema registry yet'],
  ['kopAuthorizationCacheRefreshMs', sasl],
  ['kopAuthorizationCacheMaxCountPerConnection', sasl],
  ['kopTlsEnabledWithBroker', 'use pulsar+ssl:// in backend'],
  ['kopOauth2AuthenticateCallbackHandler', sasl],
  ['kopOauth2ConfigFile', sasl],
  ['saslAllowedMechanisms', sasl],
  ['enableTransactionCoordinator', transactions],
  ['kafkaTransactionCoordinatorEnabled', transactions],
  ['kafkaTransactionProducerIdsStoredOnPulsar', transactions],
  ['kafkaTransactionRecoveryNumThreads', transactions],
  ['txnLogTopicNumPartitions', transactions],
  ['kafkaTxnLogTopicNumPartitions', transactions],
  ['kafkaTxnProducerStateTopicNumPartitions', transactions],
  ['kafkaTxnProducerStateTopicSnapshotIntervalSeconds', transactions],
  ['kafkaTxnPurgeAbortedTxnIntervalSeconds', transactions],
  ['txnAbortTimedOutTransactionCleanupIntervalMs', transactions],
  ['kafkaTxnAbortTimedOutTransactionCleanupIntervalMs', transactions],
  ['enableTransactionalIdExpiration', transactions],
  ['kafkaTransactionalIdExpirationEnable', transactions],
  ['transactionalIdExpirationMs', transactions],
  ['kafkaTransactionalIdExpirationMs', transactions],
  ['transactionsRemoveExpiredTransactionalIdCleanupIntervalMs', transactions],
  ['kafkaTransactionsRemoveExpiredTransactionalIdCleanupIntervalMs', transactions],
]);

/** KoP's, and nobody else's: a name that is not known is a mistake, not one of Pulsar's settings. */
export function isNameOfKop(name: string): boolean {
  return /^(kafka|kop)[A-Z]/.test(name);
}

/** Null for a setting that is not passed over. */
export function whyPassedOver(name: string): string | null {
  if (/^kopSsl[A-Z]/.test(name)) return tls;
  return otherKopSettings.get(name) ?? null;
}
