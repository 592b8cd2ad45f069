/** `kopje namespace`: what namespaces say of their topics, on a running broker. */
import { ConfigResourceType, forceConfig } from '../api/config-resource.js';
import { everyNamespace, namespaceIn, resourceOf } from '../api/namespace-resource.js';
import { type Address, optionalAddress } from '../config/listener.js';
import {
  describeConfigsRequestVersions,
  encodeDescribeConfigsRequest,
} from '../protocol/kafka/messages/describe-configs-request.js';
import { decodeDescribeConfigsResponse } from '../protocol/kafka/messages/describe-configs-response.js';
import {
  encodeIncrementalAlterConfigsRequest,
  incrementalAlterConfigsRequestVersions,
} from '../protocol/kafka/messages/incremental-alter-configs-request.js';
import { decodeIncrementalAlterConfigsResponse } from '../protocol/kafka/messages/incremental-alter-configs-response.js';
import { ask } from './broker-client.js';
import { type ExitCode, exitCodes } from './exit-codes.js';

/** The command line asks for what cannot be. */
export class UsageMistake extends Error {
  override readonly name = 'UsageMistake';
}

export interface NamespaceOptions {
  readonly bootstrapServer: string;
  readonly entryFormat?: string;
  readonly pulsarWriters?: string;
  /** Although clients of Pulsar's could not use topics any more. */
  readonly force?: boolean;
}

const describeExchange = {
  ...describeConfigsRequestVersions,
  version: 4,
  encode: encodeDescribeConfigsRequest,
  decode: decodeDescribeConfigsResponse,
};
const alterExchange = {
  ...incrementalAlterConfigsRequestVersions,
  version: 1,
  encode: encodeIncrementalAlterConfigsRequest,
  decode: decodeIncrementalAlterConfigsResponse,
};

/** IncrementalAlterConfigs' numbers: to set a config, and to take it away. */
const operation = { set: 0, delete: 1 } as const;
/** In place of a format: the namespace says nothing any more. */
const unset = 'default';

/** DescribeConfigs' number for what a namespace says itself. */
const ownSource = 3;

/** Prints one line a namespace. Throws BrokerUnreachable. */
export async function listNamespaces({ bootstrapServer }: NamespaceOptions): Promise<ExitCode> {
  const resource = { resourceType: ConfigResourceType.topic, resourceName: everyNamespace };
  const { results } = await ask(addressOf(bootstrapServer), describeExchange, {
    resources: [{ ...resource, configurationKeys: null }],
  });
  for (const { resourceName, errorCode, errorMessage, configs } of results) {
    if (errorCode !== 0) return refused(errorMessage);
    const said = configs.map(({ name, value, configSource }) => {
      return `${name}=${value}${configSource === ownSource ? '' : ' (the broker’s default)'}`;
    });
    process.stdout.write(`${namespaceIn(resourceName)}  ${said.join('  ')}\n`);
  }
  return exitCodes.ok;
}

/** Changes a namespace; topics with a format of their own keep it. Throws BrokerUnreachable. */
export async function setNamespace(
  namespace: string,
  { bootstrapServer, entryFormat, pulsarWriters, force = false }: NamespaceOptions,
): Promise<ExitCode> {
  const address = addressOf(bootstrapServer);
  if (namespaceIn(resourceOf(namespace)) === null) {
    throw new UsageMistake(`a namespace is TENANT/NAMESPACE, not '${namespace}'`);
  }
  const said = { 'entry.format': entryFormat, 'pulsar.writers': pulsarWriters };
  const configs = Object.entries(said).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [{ name, configOperation: value === unset ? operation.delete : operation.set, value }];
  });
  if (configs.length === 0) {
    throw new UsageMistake('nothing to set: give --entry-format or --pulsar-writers');
  }
  const forced = { name: forceConfig, configOperation: operation.set, value: 'true' };
  const resourceName = resourceOf(namespace);
  const { responses } = await ask(address, alterExchange, {
    resources: [
      {
        resourceType: ConfigResourceType.topic,
        resourceName,
        configs: force ? [...configs, forced] : configs,
      },
    ],
  });
  const [outcome] = responses;
  if (outcome === undefined || outcome.errorCode !== 0) {
    return refused(outcome?.errorMessage ?? null);
  }
  const told = configs.map(({ name, value }) => `${name}=${value}`);
  process.stdout.write(`${namespace}  ${told.join('  ')}\n`);
  return exitCodes.ok;
}

function refused(reason: string | null): ExitCode {
  process.stderr.write(`kopje: the broker refused: ${reason ?? 'without a reason'}\n`);
  return exitCodes.unexpected;
}

function addressOf(text: string): Address {
  const parsed = optionalAddress.parse(text);
  if ('value' in parsed && parsed.value !== null) return parsed.value;
  throw new UsageMistake(`--bootstrap-server must be HOST:PORT, not '${text}'`);
}
