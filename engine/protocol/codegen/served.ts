/** The APIs whose request and response are generated. */
const APIS = [
  'Produce',
  'Fetch',
  'ListOffsets',
  'Metadata',
  'OffsetCommit',
  'OffsetFetch',
  'FindCoordinator',
  'JoinGroup',
  'Heartbeat',
  'LeaveGroup',
  'SyncGroup',
  'DescribeGroups',
  'ListGroups',
  'ApiVersions',
  'CreateTopics',
  'DeleteTopics',
  'DeleteRecords',
  'InitProducerId',
  'OffsetForLeaderEpoch',
  'DescribeConfigs',
  'AlterConfigs',
  'DescribeLogDirs',
  'CreatePartitions',
  'DeleteGroups',
  'IncrementalAlterConfigs',
  'OffsetDelete',
  'DescribeCluster',
  'DescribeProducers',
  'ListConfigResources',
  'DescribeTopicPartitions',
] as const;

/** Headers, embedded consumer protocol, and the records of `__consumer_offsets`. */
const OTHERS = [
  'RequestHeader',
  'ResponseHeader',
  'ConsumerProtocolSubscription',
  'ConsumerProtocolAssignment',
  'OffsetCommitKey',
  'OffsetCommitValue',
  'GroupMetadataKey',
  'GroupMetadataValue',
] as const;

/** Names of the definitions to generate. */
export const SERVED: readonly string[] = [
  ...APIS.flatMap((api) => [`${api}Request`, `${api}Response`]),
  ...OTHERS,
];
