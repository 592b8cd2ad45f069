/** Which scenarios are run: those of each client, of the tools, and those with brokers of their own. */

import { join } from 'node:path';
import { freePort } from './broker.js';
import { type Client, clients, walks } from './catalogue.js';
import type { Report } from './report.js';
import { cutConnections } from './scenarios/cut.js';
import { joinAndLeave, staticMembers } from './scenarios/group.js';
import { javaToolScenarios } from './scenarios/java-tools.js';
import { kafkaFileScenarios } from './scenarios/kafka-files.js';
import { kcatScenarios } from './scenarios/kcat.js';
import { killTwentyTimes } from './scenarios/kill.js';
import { restartUnderGroup } from './scenarios/restart.js';
import { read, write } from './scenarios/round-trip.js';
import type { Context, Scenario } from './scenarios/scenario.js';
import { walk } from './scenarios/walk.js';
import { type Toolchain, type ToolchainName, toolchainNames } from './toolchains.js';

/** What is no client of the catalogue, and the toolchains it needs. */
const others: Record<string, readonly ToolchainName[]> = {
  kcat: ['kcat'],
  'java-tools': ['java'],
  'kafka-files': ['java'],
  kill: ['python', 'go'],
  cut: ['go'],
  restart: ['go'],
};
const ownBroker = ['kill', 'cut', 'restart'];

/** The words of the command line, understood. */
export class Choice {
  readonly clients: readonly Client[];
  readonly #names: readonly string[];
  readonly #titles: readonly string[];

  /** Names of clients and toolchains choose these; another word chooses titles that contain it. */
  constructor(words: readonly string[], canStartBrokers: boolean) {
    const known = [...clients.map(({ name }) => name), ...toolchainNames, ...Object.keys(others)];
    const names = words.filter((word) => known.includes(word));
    this.#titles = words.filter((word) => !names.includes(word));
    const all = names.length === 0;
    this.#names = Object.keys(others).filter((name) => {
      const asked = names.includes(name) || others[name]?.some((need) => names.includes(need));
      return (all || asked === true) && (canStartBrokers || !ownBroker.includes(name));
    });
    const asked = clients.filter((c) => names.includes(c.name) || names.includes(c.toolchain));
    // These alone are for every client.
    const forAll = this.has('cut') || this.has('restart');
    this.clients = all || (asked.length === 0 && forAll) ? clients : asked;
  }

  /** Whether something that is no client is asked for. */
  has(name: string): boolean {
    return this.#names.includes(name);
  }

  get toolchains(): ToolchainName[] {
    const needed = this.#names.flatMap((name) => others[name] ?? []);
    return [...new Set([...this.clients.map(({ toolchain }) => toolchain), ...needed])];
  }

  selects({ title }: Scenario): boolean {
    return this.#titles.length === 0 || this.#titles.some((word) => title.includes(word));
  }
}

/** A client whose program can be started. */
interface Ready {
  client: Client;
  command: string[];
}

/** The scenarios in two turns: what the second one reads is written in the first. */
export interface Plan {
  writes: Scenario[];
  rest: Scenario[];
}

/** Makes the plan from what was chosen and what is there; says what is skipped. */
export function makePlan(
  choice: Choice,
  context: Context,
  toolchains: Map<ToolchainName, Toolchain>,
  directory: string,
  report: Report,
): Plan {
  const ready: Ready[] = [];
  for (const client of choice.clients) {
    const command = toolchains.get(client.toolchain)?.command(client.program);
    if (command !== undefined) ready.push({ client, command });
    else report.skip(client.name, `no ${client.toolchain} toolchain`);
  }
  const { writes, rest } = programScenarios(context, ready);
  const reads = rest.some((s) => choice.selects(s) && s.title.startsWith('consumes'));
  const plan = { writes: writes.filter((s) => reads || choice.selects(s)), rest };
  const writers = ready.map(({ client }) => client);
  if (choice.has('kcat') && toolchains.has('kcat')) rest.push(...kcatScenarios(context, writers));
  const kafka = toolchains.get('java')?.kafka;
  if (choice.has('java-tools') && kafka !== undefined) {
    rest.push(...javaToolScenarios(context, kafka));
  }
  if (choice.has('kafka-files') && kafka !== undefined) rest.push(...kafkaFileScenarios(kafka));
  const own = { directory, toolchains, report };
  if (choice.has('cut')) rest.push(...cutScenarios(ready, own));
  if (choice.has('restart')) rest.push(...restartScenarios(ready, own));
  // The longest one first, so that the others run beside it.
  if (choice.has('kill')) rest.unshift(...killScenarios(own));
  return { ...plan, rest: rest.filter((scenario) => choice.selects(scenario)) };
}

function programScenarios(context: Context, ready: readonly Ready[]): Plan {
  const writes: Scenario[] = [];
  const rest: Scenario[] = [];
  ready.forEach(({ client, command }, n) => {
    const add = (to: Scenario[], title: string, run: () => Promise<void>) =>
      to.push({ client: client.name, title, run });
    add(writes, 'produces 100 000 records', () => write(context, client, command));
    const before = ready.at(n - 1)?.client ?? client;
    for (const writer of new Set([client, before])) {
      const title = `consumes what ${writer.name} produced`;
      add(rest, title, () => read(context, writer, command));
    }
    for (const assignor of client.assignors) {
      const title = `group with joining and leaving members (${assignor})`;
      add(rest, title, () => joinAndLeave(context, client.name, command, assignor));
    }
    const { staticAssignor } = client;
    if (staticAssignor !== undefined) {
      const title = `static members (${staticAssignor})`;
      add(rest, title, () => staticMembers(context, client.name, command, staticAssignor));
    }
    for (const which of client.walks) {
      add(rest, walks[which], () => walk(context, client.name, command, which));
    }
  });
  return { writes, rest };
}

/** For scenarios that start brokers themselves. */
interface Own {
  directory: string;
  toolchains: Map<ToolchainName, Toolchain>;
  report: Report;
}

async function brokerOptions({ directory }: Own, name: string) {
  const dataDir = join(directory, name);
  return { dataDir, port: await freePort(), logFile: join(directory, `${name}.log`) };
}

/** The loads are the two clients with the best producers. */
function killScenarios(own: Own): Scenario[] {
  const { toolchains, report } = own;
  const auditor = toolchains.get('python')?.command('confluent');
  if (auditor === undefined) {
    report.skip('kill', 'no python toolchain');
    return [];
  }
  const loads = [{ name: 'confluent-kafka', command: auditor }];
  const franz = toolchains.get('go')?.command('franz');
  if (franz !== undefined) loads.push({ name: 'franz-go', command: franz });
  const run = async () => {
    const broker = await brokerOptions(own, 'kill');
    await killTwentyTimes({ broker, loads, auditor, note: (text) => report.note(text) });
  };
  return [{ client: 'kill', title: 'kill -9 twenty times under load', run }];
}

/** Every writer through cut connections; franz-go, the fastest reader, compares. */
function cutScenarios(writers: readonly Ready[], own: Own): Scenario[] {
  const { toolchains, report } = own;
  const reader = toolchains.get('go')?.command('franz');
  if (reader === undefined) {
    report.skip('cut', 'no go toolchain');
    return [];
  }
  const surviving = writers.filter(({ client }) => client.survivesCuts);
  return surviving.map(({ client, command }) => ({
    client: client.name,
    title: 'writes through connections that are cut',
    run: async () => {
      const broker = await brokerOptions(own, `cut-${client.name}`);
      const note = (text: string) => report.note(text);
      await cutConnections({ broker, client, command, reader, note });
    },
  }));
}

/** Each client's group while its broker is killed; franz-go produces. */
function restartScenarios(members: readonly Ready[], own: Own): Scenario[] {
  const { toolchains, report } = own;
  const load = toolchains.get('go')?.command('franz');
  if (load === undefined) {
    report.skip('restart', 'no go toolchain');
    return [];
  }
  const surviving = members.filter(({ client }) => client.survivesRestarts);
  return surviving.map(({ client, command }) => ({
    client: client.name,
    title: 'group whose broker is killed three times',
    run: async () => {
      const broker = await brokerOptions(own, `restart-${client.name}`);
      await restartUnderGroup({ broker, client, command, load });
    },
  }));
}
