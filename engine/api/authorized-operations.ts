/**
 * KIP-430 bit sets: what a client may do, one bit per ACL operation code. Without an authorizer,
 * everything that exists for the kind of resource.
 */

/** Create, Alter, Describe, ClusterAction, DescribeConfigs, AlterConfigs, IdempotentWrite. */
export const allClusterOperations = 8096;
/** Read, Write, Create, Delete, Alter, Describe, DescribeConfigs, AlterConfigs. */
export const allTopicOperations = 3576;
/** Read, Delete, Describe, DescribeConfigs, AlterConfigs. */
export const allGroupOperations = 3400;
/** Stands for "not asked for". */
export const operationsNotRequested = -2147483648;
