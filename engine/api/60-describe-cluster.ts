/**
 * DescribeCluster (key 60), versions 0–2.
 *
 * The broker, under the address of the listener that was asked (KIP-700).
 * - Controllers (KIP-919, version 1 on) are refused with MISMATCHED_ENDPOINT_TYPE: this is a
 *   broker's endpoint.
 * Absent: fenced brokers (KIP-1073, version 2); there is no broker that could be fenced and answer.
 */
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  type DescribeClusterRequest,
  decodeDescribeClusterRequest,
  describeClusterRequestVersions,
} from '../protocol/kafka/messages/describe-cluster-request.js';
import {
  type DescribeClusterResponse,
  encodeDescribeClusterResponse,
} from '../protocol/kafka/messages/describe-cluster-response.js';
import { unary } from './api.js';
import { allClusterOperations, operationsNotRequested } from './authorized-operations.js';

const brokers = 1;
const controllers = 2;

export const describeCluster = unary<DescribeClusterRequest, DescribeClusterResponse>({
  key: describeClusterRequestVersions.apiKey,
  name: 'DescribeCluster',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: describeClusterRequestVersions.flexibleFrom,
  authorization: 'cluster:describe',
  decode: decodeDescribeClusterRequest,
  encode: encodeDescribeClusterResponse,
  answer(request, context, services) {
    const { endpointType } = request;
    if (endpointType === controllers) {
      return refused(
        ErrorCode.MISMATCHED_ENDPOINT_TYPE,
        'The request was sent to an endpoint of type BROKER, ' +
          'but we wanted an endpoint of type CONTROLLER',
      );
    }
    if (endpointType !== brokers) {
      const message = `Unsupported endpoint type ${endpointType}`;
      return refused(ErrorCode.UNSUPPORTED_ENDPOINT_TYPE, message);
    }
    const { nodeId, clusterId } = services.catalog;
    const { host, port } = services.advertised.get(context.listener)!;
    const rack = services.settings.brokerRack || null;
    return {
      clusterId,
      controllerId: nodeId,
      brokers: [{ brokerId: nodeId, host, port, rack }],
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? allClusterOperations
        : operationsNotRequested,
    };
  },
});

function refused(errorCode: number, errorMessage: string) {
  return { errorCode, errorMessage, clusterId: '', controllerId: -1 };
}
