/** Which scenarios are run: those of each client, of the tools, and those with brokers of their own. */

import type { Backend } from './backend.js';
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
/** These look into files of Kafka's, or count offsets where a new owner of a topic leaves one out. */
const segmentsOnly = ['kafka-files', 'kill'];

/** The words of the command line, understood. */
export class Choice {
  readonly clients: readonly Client[];
  readonly #names: readonly string[];
  readonly #titles: readonly string[];

  readonly #isShort: boolean;

  /** Names of clients and toolchains choose these; another word chooses titles that contain it. */
  constructor(words: readonly string[], backend: Backend | undefined, isShort: boolean) {
    this.#isShort = isShort;
    const known = [...clients.map(({ name }) => name), ...toolchainNames, ...Object.keys(others)];
    const names = words.filter((word) => known.includes(word));
    this.#titles = words.filter((word) => !names.includes(word));
    const all = names.length === 0;
    const impossible = backend === undefined ? ownBroker : backend.hasSegments ? [] : segmentsOnly;
    this.#names = Object.keys(others).filter((name) => {
      const asked = names.includes(name) || others[name]?.some((need) => names.includes(need));
      return (all || asked === true) && !impossible.includes(name);
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

  selects({ title, isExtra }: Scenario): boolean {
    if (this.#isShort && isExtra === true) return false;
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
  backend: Backend | undefined,
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
  if (backend === undefined) return selected(choice, plan);
  const own = { backend, toolchains, report };
  if (choice.has('cut')) rest.push(...cutScenarios(ready, own));
  if (choice.has('restart')) rest.push(...restartScenarios(ready, own));
  // The longest one first, so that the others run beside it.
  if (choice.has('kill')) rest.unshift(...killScenarios(own));
  return selected(choice, plan);
}

function selected(choice: Choice, { writes, rest }: Plan): Plan {
  return { writes, rest: rest.filter((scenario) => choice.selects(scenario)) };
}

function programScenarios(context: Context, ready: readonly Ready[]): Plan {
  const writes: Scenario[] = [];
  const rest: Scenario[] = [];
  ready.forEach(({ client, command }, n) => {
    const add = (to: Scenario[], title: string, run: () => Promise<void>, isExtra = false) =>
      to.push({ client: client.name, title, run, isExtra });
    add(writes, `produces ${context.recordCount} records`, () => write(context, client, command));
    const before = ready.at(n - 1)?.client ?? client;
    for (const writer of new Set([client, before])) {
      const title = `consumes what ${writer.name} produced`;
      add(rest, title, () => read(context, writer, command), writer === client);
    }
    client.assignors.forEach((assignor, at) => {
      const title = `group with joining and leaving members (${assignor})`;
      add(rest, title, () => joinAndLeave(context, client.name, command, assignor), at > 0);
    });
    const { staticAssignor } = client;
    if (staticAssignor !== undefined) {
      const title = `static members (${staticAssignor})`;
      add(rest, title, () => staticMembers(context, client.name, command, staticAssignor), true);
    }
    for (const which of client.walks) {
      add(rest, walks[which], () => walk(context, client.name, command, which));
    }
  });
  return { writes, rest };
}

/** For scenarios that start brokers themselves. */
interface Own {
  backend: Backend;
  toolchains: Map<ToolchainName, Toolchain>;
  report: Report;
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
    const broker = await own.backend.optionsOf('kill');
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
    isExtra: client.name !== 'confluent-kafka',
    run: async () => {
      const broker = await own.backend.optionsOf(`cut-${client.name}`);
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
    isExtra: client.name !== 'franz-go',
    run: async () => {
      const broker = await own.backend.optionsOf(`restart-${client.name}`);
      await restartUnderGroup({ broker, client, command, load });
    },
  }));
}
