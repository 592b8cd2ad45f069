/**
 * Every error code that Kafka can answer to the APIs that Kopje serves, as far as a client can bring it
 * about with one node, no authorizer and no quotas: each with the scenario that provokes it. A run
 * fails if a broker did not answer a code where it is listed, or answered one that is not listed.
 */

/** By the API's name: the error, and a scenario or a reason. */
export type ErrorTable = {
  readonly [api: string]: { readonly [error: string]: string };
};

/** Both brokers answer these, in the scenario that is named. */
export const provoked: ErrorTable = {
  Produce: {
    CORRUPT_MESSAGE: 'produce/batches',
    INVALID_PRODUCER_EPOCH: 'produce/idempotent',
    INVALID_RECORD: 'produce/batches',
    INVALID_REQUIRED_ACKS: 'produce/addresses',
    INVALID_TIMESTAMP: 'produce/topic configs',
    INVALID_TOPIC_EXCEPTION: 'metadata/internal topics',
    MESSAGE_TOO_LARGE: 'produce/topic configs',
    OUT_OF_ORDER_SEQUENCE_NUMBER: 'produce/idempotent',
    RECORD_LIST_TOO_LARGE: 'produce/limits of a topic',
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'produce/transactional',
    UNKNOWN_TOPIC_ID: 'produce/addresses',
    UNKNOWN_TOPIC_OR_PARTITION: 'produce/addresses',
    UNSUPPORTED_COMPRESSION_TYPE: 'produce/zstd',
  },
  Fetch: {
    FENCED_LEADER_EPOCH: 'restart/what is left of clients',
    FETCH_SESSION_ID_NOT_FOUND: 'fetch/sessions',
    FETCH_SESSION_TOPIC_ID_ERROR: 'fetch/sessions of names and of ids',
    INCONSISTENT_TOPIC_ID: 'fetch/sessions of a deleted topic',
    INVALID_FETCH_SESSION_EPOCH: 'fetch/sessions',
    OFFSET_OUT_OF_RANGE: 'fetch/offsets',
    UNKNOWN_LEADER_EPOCH: 'fetch/offsets',
    UNKNOWN_TOPIC_ID: 'fetch/requests',
    UNKNOWN_TOPIC_OR_PARTITION: 'fetch/offsets',
  },
  ListOffsets: {
    FENCED_LEADER_EPOCH: 'requests/damaged about topics',
    INVALID_REQUEST: 'list-offsets/times',
    UNKNOWN_LEADER_EPOCH: 'list-offsets/times',
    UNKNOWN_TOPIC_OR_PARTITION: 'list-offsets/times',
    UNSUPPORTED_VERSION: 'list-offsets/times',
  },
  Metadata: {
    INVALID_REQUEST: 'metadata/topics',
    INVALID_TOPIC_EXCEPTION: 'metadata/topics',
    UNKNOWN_TOPIC_ID: 'metadata/topics',
    UNKNOWN_TOPIC_OR_PARTITION: 'metadata/topics',
  },
  OffsetCommit: {
    FENCED_INSTANCE_ID: 'groups/fenced static members',
    GROUP_ID_NOT_FOUND: 'offset-commit/unknown groups and large commits',
    ILLEGAL_GENERATION: 'offset-commit/members',
    OFFSET_METADATA_TOO_LARGE: 'offset-commit/requests',
    REBALANCE_IN_PROGRESS: 'offset-commit/members',
    UNKNOWN_MEMBER_ID: 'offset-commit/members',
    UNKNOWN_TOPIC_ID: 'offset-commit/requests',
    UNKNOWN_TOPIC_OR_PARTITION: 'offset-commit/requests',
  },
  OffsetFetch: { UNKNOWN_TOPIC_ID: 'offset-fetch/requests' },
  FindCoordinator: { INVALID_REQUEST: 'find-coordinator/keys' },
  JoinGroup: {
    FENCED_INSTANCE_ID: 'join-group/static members',
    GROUP_MAX_SIZE_REACHED: 'restart/what is left of clients',
    INCONSISTENT_GROUP_PROTOCOL: 'join-group/refusals',
    INVALID_GROUP_ID: 'join-group/refusals',
    INVALID_SESSION_TIMEOUT: 'join-group/refusals',
    MEMBER_ID_REQUIRED: 'join-group/life of a group',
    UNKNOWN_MEMBER_ID: 'join-group/refusals',
  },
  Heartbeat: {
    FENCED_INSTANCE_ID: 'groups/fenced static members',
    ILLEGAL_GENERATION: 'join-group/life of a group',
    INVALID_GROUP_ID: 'join-group/life of a group',
    REBALANCE_IN_PROGRESS: 'groups/while they rebalance',
    UNKNOWN_MEMBER_ID: 'join-group/life of a group',
  },
  LeaveGroup: {
    FENCED_INSTANCE_ID: 'join-group/static members',
    INVALID_GROUP_ID: 'groups/without a name',
    UNKNOWN_MEMBER_ID: 'join-group/life of a group',
  },
  SyncGroup: {
    FENCED_INSTANCE_ID: 'groups/fenced static members',
    ILLEGAL_GENERATION: 'join-group/life of a group',
    INCONSISTENT_GROUP_PROTOCOL: 'join-group/life of a group',
    INVALID_GROUP_ID: 'groups/without a name',
    REBALANCE_IN_PROGRESS: 'groups/while they rebalance',
    UNKNOWN_MEMBER_ID: 'join-group/life of a group',
  },
  DescribeGroups: { GROUP_ID_NOT_FOUND: 'list-groups/filters' },
  ApiVersions: {
    INVALID_REQUEST: 'api-versions/names of clients',
    UNSUPPORTED_VERSION: 'api-versions/unknown versions',
  },
  CreateTopics: {
    INVALID_CONFIG: 'create-topics/requests',
    INVALID_PARTITIONS: 'create-topics/requests',
    INVALID_REPLICATION_FACTOR: 'create-topics/requests',
    INVALID_REPLICA_ASSIGNMENT: 'create-topics/requests',
    INVALID_REQUEST: 'create-topics/requests',
    INVALID_TOPIC_EXCEPTION: 'create-topics/requests',
    POLICY_VIOLATION: 'create-topics/requests',
    TOPIC_ALREADY_EXISTS: 'create-topics/requests',
  },
  DeleteTopics: {
    INVALID_REQUEST: 'delete-topics/requests',
    UNKNOWN_TOPIC_ID: 'delete-topics/requests',
    UNKNOWN_TOPIC_OR_PARTITION: 'delete-topics/requests',
  },
  DeleteRecords: {
    INVALID_TOPIC_EXCEPTION: 'admin/internal topics',
    OFFSET_OUT_OF_RANGE: 'delete-records/requests',
    POLICY_VIOLATION: 'delete-records/requests',
    UNKNOWN_TOPIC_OR_PARTITION: 'delete-records/requests',
  },
  InitProducerId: { INVALID_REQUEST: 'init-producer-id/identities' },
  OffsetForLeaderEpoch: {
    FENCED_LEADER_EPOCH: 'requests/damaged about topics',
    UNKNOWN_LEADER_EPOCH: 'offset-for-leader-epoch/epochs',
    UNKNOWN_TOPIC_OR_PARTITION: 'offset-for-leader-epoch/epochs',
  },
  DescribeConfigs: {
    INVALID_REQUEST: 'describe-configs/topics',
    INVALID_TOPIC_EXCEPTION: 'describe-configs/topics',
    UNKNOWN_TOPIC_OR_PARTITION: 'describe-configs/topics',
  },
  AlterConfigs: {
    INVALID_CONFIG: 'alter-configs/topics',
    INVALID_REQUEST: 'alter-configs/topics',
    INVALID_TOPIC_EXCEPTION: 'admin/names that cannot be',
    UNKNOWN_TOPIC_OR_PARTITION: 'alter-configs/topics',
  },
  CreatePartitions: {
    INVALID_PARTITIONS: 'create-partitions/requests',
    INVALID_REPLICA_ASSIGNMENT: 'create-partitions/requests',
    INVALID_REQUEST: 'create-partitions/requests',
    UNKNOWN_TOPIC_OR_PARTITION: 'create-partitions/requests',
  },
  DeleteGroups: {
    GROUP_ID_NOT_FOUND: 'list-groups/filters',
    NON_EMPTY_GROUP: 'groups/that are in use',
  },
  IncrementalAlterConfigs: {
    INVALID_CONFIG: 'incremental-alter-configs/topics',
    INVALID_REQUEST: 'incremental-alter-configs/topics',
    INVALID_TOPIC_EXCEPTION: 'admin/names that cannot be',
    UNKNOWN_TOPIC_OR_PARTITION: 'incremental-alter-configs/topics',
  },
  OffsetDelete: {
    GROUP_ID_NOT_FOUND: 'offset-delete/requests',
    GROUP_SUBSCRIBED_TO_TOPIC: 'groups/that are in use',
    INVALID_GROUP_ID: 'offset-delete/requests',
    NON_EMPTY_GROUP: 'groups/that are in use',
    UNKNOWN_TOPIC_OR_PARTITION: 'offset-delete/requests',
  },
  DescribeCluster: {
    MISMATCHED_ENDPOINT_TYPE: 'describe-cluster/requests',
    UNSUPPORTED_ENDPOINT_TYPE: 'describe-cluster/requests',
  },
  DescribeProducers: {
    INVALID_TOPIC_EXCEPTION: 'describe-log-dirs/requests',
    UNKNOWN_TOPIC_OR_PARTITION: 'describe-log-dirs/requests',
  },
  ListConfigResources: { UNSUPPORTED_VERSION: 'list-config-resources/types' },
  DescribeTopicPartitions: {
    INVALID_REQUEST: 'describe-topic-partitions/pages',
    INVALID_TOPIC_EXCEPTION: 'describe-topic-partitions/pages',
    UNKNOWN_TOPIC_OR_PARTITION: 'describe-topic-partitions/pages',
  },
};

const noTransactions = 'Kopje serves no transactions yet and refuses them all alike';
const surprised = 'Kafka fails over a value that it does not expect; intended.ts has each case';
const late = 'Kafka gives up at once with a timeout of 0; Kopje has done it by then';

/** Only Kafka answers these. */
export const kafkaOnly: ErrorTable = {
  Produce: {
    INVALID_PRODUCER_ID_MAPPING: noTransactions,
    INVALID_REQUEST: noTransactions,
    NOT_ENOUGH_REPLICAS: 'what Kafka makes of a transaction whose coordinator is not ready yet',
    UNKNOWN_SERVER_ERROR: surprised,
  },
  Fetch: {
    NOT_LEADER_OR_FOLLOWER: 'Kafka knows its followers; Kopje has none and serves whoever asks',
    UNKNOWN_SERVER_ERROR: surprised,
  },
  ListOffsets: { UNKNOWN_SERVER_ERROR: surprised },
  Metadata: { UNKNOWN_SERVER_ERROR: surprised },
  OffsetCommit: { UNKNOWN_SERVER_ERROR: surprised },
  CreateTopics: { REQUEST_TIMED_OUT: late },
  DeleteTopics: { REQUEST_TIMED_OUT: late },
  CreatePartitions: { REQUEST_TIMED_OUT: late },
  IncrementalAlterConfigs: { UNKNOWN_SERVER_ERROR: surprised },
};

/** Only Kopje answers these. */
export const kopjeOnly: ErrorTable = {
  Produce: { INVALID_TXN_STATE: noTransactions },
  FindCoordinator: { TRANSACTIONAL_ID_AUTHORIZATION_FAILED: noTransactions },
  InitProducerId: { TRANSACTIONAL_ID_AUTHORIZATION_FAILED: noTransactions },
  OffsetCommit: { INVALID_COMMIT_OFFSET_SIZE: 'Kafka says UNKNOWN_SERVER_ERROR of a huge commit' },
};

/** What a broker answers for a moment while it makes a topic or a coordinator: chance decides. */
export const passing: ReadonlySet<string> = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR',
]);

/** Codes that are in Kafka's source for these APIs, and why no scenario provokes them. */
export const unprovoked: { readonly [reason: string]: readonly string[] } = {
  'neither broker is given an authorizer': [
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
  ],
  'neither broker is given quotas or policies': ['THROTTLING_QUOTA_EXCEEDED'],
  'needs delete.topic.enable=false, which Kopje does not have': ['TOPIC_DELETION_DISABLED'],
  'passes too soon to be met on purpose': [...passing],
  'needs a failing disk; test/disks has it for Kopje': ['KAFKA_STORAGE_ERROR', 'LOG_DIR_NOT_FOUND'],
  'needs several nodes: a replica that is behind, or a leader that moves': [
    'NOT_ENOUGH_REPLICAS',
    'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
    'OFFSET_NOT_AVAILABLE',
    'NOT_CONTROLLER',
    'REASSIGNMENT_IN_PROGRESS',
    'BROKER_NOT_AVAILABLE',
    'REPLICA_NOT_AVAILABLE',
  ],
  'needs transactions, which Kopje does not serve yet': [
    'INVALID_TXN_STATE',
    'INVALID_TRANSACTION_TIMEOUT',
    'CONCURRENT_TRANSACTIONS',
    'PRODUCER_FENCED',
    'TRANSACTION_ABORTABLE',
    'TRANSACTION_COORDINATOR_FENCED',
    'UNSTABLE_OFFSET_COMMIT',
  ],
  'needs groups of KIP-848, which Kopje does not serve yet': [
    'STALE_MEMBER_EPOCH',
    'FENCED_MEMBER_EPOCH',
    'UNRELEASED_INSTANCE_ID',
  ],
  'needs tiered storage': ['OFFSET_MOVED_TO_TIERED_STORAGE'],
  'Kafka 4 answers them no longer': [
    'UNKNOWN_PRODUCER_ID',
    'DUPLICATE_SEQUENCE_NUMBER',
    'UNSUPPORTED_FOR_MESSAGE_FORMAT',
    'INVALID_FETCH_SIZE',
  ],
};
