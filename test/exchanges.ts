/** Every API that is served, ready for `RawClient.ask`. */
import {
  alterConfigsRequestVersions,
  encodeAlterConfigsRequest,
} from '../engine/protocol/kafka/messages/alter-configs-request.js';
import { decodeAlterConfigsResponse } from '../engine/protocol/kafka/messages/alter-configs-response.js';
import {
  apiVersionsRequestVersions,
  encodeApiVersionsRequest,
} from '../engine/protocol/kafka/messages/api-versions-request.js';
import { decodeApiVersionsResponse } from '../engine/protocol/kafka/messages/api-versions-response.js';
import {
  createPartitionsRequestVersions,
  encodeCreatePartitionsRequest,
} from '../engine/protocol/kafka/messages/create-partitions-request.js';
import { decodeCreatePartitionsResponse } from '../engine/protocol/kafka/messages/create-partitions-response.js';
import {
  createTopicsRequestVersions,
  encodeCreateTopicsRequest,
} from '../engine/protocol/kafka/messages/create-topics-request.js';
import { decodeCreateTopicsResponse } from '../engine/protocol/kafka/messages/create-topics-response.js';
import {
  deleteGroupsRequestVersions,
  encodeDeleteGroupsRequest,
} from '../engine/protocol/kafka/messages/delete-groups-request.js';
import { decodeDeleteGroupsResponse } from '../engine/protocol/kafka/messages/delete-groups-response.js';
import {
  deleteRecordsRequestVersions,
  encodeDeleteRecordsRequest,
} from '../engine/protocol/kafka/messages/delete-records-request.js';
import { decodeDeleteRecordsResponse } from '../engine/protocol/kafka/messages/delete-records-response.js';
import {
  deleteTopicsRequestVersions,
  encodeDeleteTopicsRequest,
} from '../engine/protocol/kafka/messages/delete-topics-request.js';
import { decodeDeleteTopicsResponse } from '../engine/protocol/kafka/messages/delete-topics-response.js';
import {
  describeClusterRequestVersions,
  encodeDescribeClusterRequest,
} from '../engine/protocol/kafka/messages/describe-cluster-request.js';
import { decodeDescribeClusterResponse } from '../engine/protocol/kafka/messages/describe-cluster-response.js';
import {
  describeConfigsRequestVersions,
  encodeDescribeConfigsRequest,
} from '../engine/protocol/kafka/messages/describe-configs-request.js';
import { decodeDescribeConfigsResponse } from '../engine/protocol/kafka/messages/describe-configs-response.js';
import {
  describeGroupsRequestVersions,
  encodeDescribeGroupsRequest,
} from '../engine/protocol/kafka/messages/describe-groups-request.js';
import { decodeDescribeGroupsResponse } from '../engine/protocol/kafka/messages/describe-groups-response.js';
import {
  describeLogDirsRequestVersions,
  encodeDescribeLogDirsRequest,
} from '../engine/protocol/kafka/messages/describe-log-dirs-request.js';
import { decodeDescribeLogDirsResponse } from '../engine/protocol/kafka/messages/describe-log-dirs-response.js';
import {
  describeProducersRequestVersions,
  encodeDescribeProducersRequest,
} from '../engine/protocol/kafka/messages/describe-producers-request.js';
import { decodeDescribeProducersResponse } from '../engine/protocol/kafka/messages/describe-producers-response.js';
import {
  describeTopicPartitionsRequestVersions,
  encodeDescribeTopicPartitionsRequest,
} from '../engine/protocol/kafka/messages/describe-topic-partitions-request.js';
import { decodeDescribeTopicPartitionsResponse } from '../engine/protocol/kafka/messages/describe-topic-partitions-response.js';
import {
  encodeFetchRequest,
  fetchRequestVersions,
} from '../engine/protocol/kafka/messages/fetch-request.js';
import { decodeFetchResponse } from '../engine/protocol/kafka/messages/fetch-response.js';
import {
  encodeFindCoordinatorRequest,
  findCoordinatorRequestVersions,
} from '../engine/protocol/kafka/messages/find-coordinator-request.js';
import { decodeFindCoordinatorResponse } from '../engine/protocol/kafka/messages/find-coordinator-response.js';
import {
  encodeHeartbeatRequest,
  heartbeatRequestVersions,
} from '../engine/protocol/kafka/messages/heartbeat-request.js';
import { decodeHeartbeatResponse } from '../engine/protocol/kafka/messages/heartbeat-response.js';
import {
  encodeIncrementalAlterConfigsRequest,
  incrementalAlterConfigsRequestVersions,
} from '../engine/protocol/kafka/messages/incremental-alter-configs-request.js';
import { decodeIncrementalAlterConfigsResponse } from '../engine/protocol/kafka/messages/incremental-alter-configs-response.js';
import {
  encodeInitProducerIdRequest,
  initProducerIdRequestVersions,
} from '../engine/protocol/kafka/messages/init-producer-id-request.js';
import { decodeInitProducerIdResponse } from '../engine/protocol/kafka/messages/init-producer-id-response.js';
import {
  encodeJoinGroupRequest,
  joinGroupRequestVersions,
} from '../engine/protocol/kafka/messages/join-group-request.js';
import { decodeJoinGroupResponse } from '../engine/protocol/kafka/messages/join-group-response.js';
import {
  encodeLeaveGroupRequest,
  leaveGroupRequestVersions,
} from '../engine/protocol/kafka/messages/leave-group-request.js';
import { decodeLeaveGroupResponse } from '../engine/protocol/kafka/messages/leave-group-response.js';
import {
  encodeListConfigResourcesRequest,
  listConfigResourcesRequestVersions,
} from '../engine/protocol/kafka/messages/list-config-resources-request.js';
import { decodeListConfigResourcesResponse } from '../engine/protocol/kafka/messages/list-config-resources-response.js';
import {
  encodeListGroupsRequest,
  listGroupsRequestVersions,
} from '../engine/protocol/kafka/messages/list-groups-request.js';
import { decodeListGroupsResponse } from '../engine/protocol/kafka/messages/list-groups-response.js';
import {
  encodeListOffsetsRequest,
  listOffsetsRequestVersions,
} from '../engine/protocol/kafka/messages/list-offsets-request.js';
import { decodeListOffsetsResponse } from '../engine/protocol/kafka/messages/list-offsets-response.js';
import {
  encodeMetadataRequest,
  metadataRequestVersions,
} from '../engine/protocol/kafka/messages/metadata-request.js';
import { decodeMetadataResponse } from '../engine/protocol/kafka/messages/metadata-response.js';
import {
  encodeOffsetCommitRequest,
  offsetCommitRequestVersions,
} from '../engine/protocol/kafka/messages/offset-commit-request.js';
import { decodeOffsetCommitResponse } from '../engine/protocol/kafka/messages/offset-commit-response.js';
import {
  encodeOffsetDeleteRequest,
  offsetDeleteRequestVersions,
} from '../engine/protocol/kafka/messages/offset-delete-request.js';
import { decodeOffsetDeleteResponse } from '../engine/protocol/kafka/messages/offset-delete-response.js';
import {
  encodeOffsetFetchRequest,
  offsetFetchRequestVersions,
} from '../engine/protocol/kafka/messages/offset-fetch-request.js';
import { decodeOffsetFetchResponse } from '../engine/protocol/kafka/messages/offset-fetch-response.js';
import {
  encodeOffsetForLeaderEpochRequest,
  offsetForLeaderEpochRequestVersions,
} from '../engine/protocol/kafka/messages/offset-for-leader-epoch-request.js';
import { decodeOffsetForLeaderEpochResponse } from '../engine/protocol/kafka/messages/offset-for-leader-epoch-response.js';
import {
  encodeProduceRequest,
  produceRequestVersions,
} from '../engine/protocol/kafka/messages/produce-request.js';
import { decodeProduceResponse } from '../engine/protocol/kafka/messages/produce-response.js';
import {
  encodeSyncGroupRequest,
  syncGroupRequestVersions,
} from '../engine/protocol/kafka/messages/sync-group-request.js';
import { decodeSyncGroupResponse } from '../engine/protocol/kafka/messages/sync-group-response.js';

export const alterConfigsExchange = {
  ...alterConfigsRequestVersions,
  encode: encodeAlterConfigsRequest,
  decode: decodeAlterConfigsResponse,
};

export const apiVersionsExchange = {
  ...apiVersionsRequestVersions,
  encode: encodeApiVersionsRequest,
  decode: decodeApiVersionsResponse,
};

export const createPartitionsExchange = {
  ...createPartitionsRequestVersions,
  encode: encodeCreatePartitionsRequest,
  decode: decodeCreatePartitionsResponse,
};

export const createTopicsExchange = {
  ...createTopicsRequestVersions,
  encode: encodeCreateTopicsRequest,
  decode: decodeCreateTopicsResponse,
};

export const deleteGroupsExchange = {
  ...deleteGroupsRequestVersions,
  encode: encodeDeleteGroupsRequest,
  decode: decodeDeleteGroupsResponse,
};

export const deleteRecordsExchange = {
  ...deleteRecordsRequestVersions,
  encode: encodeDeleteRecordsRequest,
  decode: decodeDeleteRecordsResponse,
};

export const deleteTopicsExchange = {
  ...deleteTopicsRequestVersions,
  encode: encodeDeleteTopicsRequest,
  decode: decodeDeleteTopicsResponse,
};

export const describeClusterExchange = {
  ...describeClusterRequestVersions,
  encode: encodeDescribeClusterRequest,
  decode: decodeDescribeClusterResponse,
};

export const describeConfigsExchange = {
  ...describeConfigsRequestVersions,
  encode: encodeDescribeConfigsRequest,
  decode: decodeDescribeConfigsResponse,
};

export const describeGroupsExchange = {
  ...describeGroupsRequestVersions,
  encode: encodeDescribeGroupsRequest,
  decode: decodeDescribeGroupsResponse,
};

export const describeLogDirsExchange = {
  ...describeLogDirsRequestVersions,
  encode: encodeDescribeLogDirsRequest,
  decode: decodeDescribeLogDirsResponse,
};

export const describeProducersExchange = {
  ...describeProducersRequestVersions,
  encode: encodeDescribeProducersRequest,
  decode: decodeDescribeProducersResponse,
};

export const describeTopicPartitionsExchange = {
  ...describeTopicPartitionsRequestVersions,
  encode: encodeDescribeTopicPartitionsRequest,
  decode: decodeDescribeTopicPartitionsResponse,
};

export const fetchExchange = {
  ...fetchRequestVersions,
  encode: encodeFetchRequest,
  decode: decodeFetchResponse,
};

export const findCoordinatorExchange = {
  ...findCoordinatorRequestVersions,
  encode: encodeFindCoordinatorRequest,
  decode: decodeFindCoordinatorResponse,
};

export const heartbeatExchange = {
  ...heartbeatRequestVersions,
  encode: encodeHeartbeatRequest,
  decode: decodeHeartbeatResponse,
};

export const incrementalAlterConfigsExchange = {
  ...incrementalAlterConfigsRequestVersions,
  encode: encodeIncrementalAlterConfigsRequest,
  decode: decodeIncrementalAlterConfigsResponse,
};

export const initProducerIdExchange = {
  ...initProducerIdRequestVersions,
  encode: encodeInitProducerIdRequest,
  decode: decodeInitProducerIdResponse,
};

export const joinGroupExchange = {
  ...joinGroupRequestVersions,
  encode: encodeJoinGroupRequest,
  decode: decodeJoinGroupResponse,
};

export const leaveGroupExchange = {
  ...leaveGroupRequestVersions,
  encode: encodeLeaveGroupRequest,
  decode: decodeLeaveGroupResponse,
};

export const listConfigResourcesExchange = {
  ...listConfigResourcesRequestVersions,
  encode: encodeListConfigResourcesRequest,
  decode: decodeListConfigResourcesResponse,
};

export const listGroupsExchange = {
  ...listGroupsRequestVersions,
  encode: encodeListGroupsRequest,
  decode: decodeListGroupsResponse,
};

export const listOffsetsExchange = {
  ...listOffsetsRequestVersions,
  encode: encodeListOffsetsRequest,
  decode: decodeListOffsetsResponse,
};

export const metadataExchange = {
  ...metadataRequestVersions,
  encode: encodeMetadataRequest,
  decode: decodeMetadataResponse,
};

export const offsetCommitExchange = {
  ...offsetCommitRequestVersions,
  encode: encodeOffsetCommitRequest,
  decode: decodeOffsetCommitResponse,
};

export const offsetDeleteExchange = {
  ...offsetDeleteRequestVersions,
  encode: encodeOffsetDeleteRequest,
  decode: decodeOffsetDeleteResponse,
};

export const offsetFetchExchange = {
  ...offsetFetchRequestVersions,
  encode: encodeOffsetFetchRequest,
  decode: decodeOffsetFetchResponse,
};

export const offsetForLeaderEpochExchange = {
  ...offsetForLeaderEpochRequestVersions,
  encode: encodeOffsetForLeaderEpochRequest,
  decode: decodeOffsetForLeaderEpochResponse,
};

export const produceExchange = {
  ...produceRequestVersions,
  encode: encodeProduceRequest,
  decode: decodeProduceResponse,
};

export const syncGroupExchange = {
  ...syncGroupRequestVersions,
  encode: encodeSyncGroupRequest,
  decode: decodeSyncGroupResponse,
};
