import type { ClientProgram } from './load/client/programs.js';
import { measure, type Times } from './measure.js';
import type { Measurement } from './measurement.js';
import type { Options } from './options.js';
import { row } from './report.js';
import { canRun, type Scenario, scenarios } from './scenario.js';
import { median } from './statistics.js';
import type { Field } from './target/start.js';
import type { Target } from './target/target.js';

/** Of the saturated rate of the broker that Kopje is measured against, that end-to-end produces. */
const pacedShare = 0.2;
/** MB a second, where Kopje is measured alone. */
const defaultRate = 50;
const produce = scenarios.get('produce') as Scenario;

/** A run of scenarios, all targets in turn in each round. */
export class Run {
  readonly measurements: Measurement[] = [];
  readonly #options: Options;
  readonly #field: Field;
  readonly #client: ClientProgram | null;
  readonly #times: Times;
  readonly #say: (text: string) => void;
  #ownRate: number | null = null;

  /** @param client puts the load on; null for the generator */
  constructor(
    options: Options,
    field: Field,
    client: ClientProgram | null,
    say: (text: string) => void,
  ) {
    this.#options = options;
    this.#field = field;
    this.#client = client;
    this.#times = { warmUpMs: options.warmUp * 1_000, measureMs: options.duration * 1_000 };
    this.#say = say;
  }

  async all(wanted: readonly Scenario[], rounds: number): Promise<void> {
    await this.#warmUp();
    for (const scenario of wanted) {
      this.#say(`${scenario.name}: ${scenario.text}`);
      for (let round = 1; round <= rounds; round++) {
        for (const target of this.#field.targets.filter((one) => this.#canRun(scenario, one))) {
          const measurement = await this.#measure(target, scenario, this.#client);
          this.measurements.push(measurement);
          this.#say(`${round}/${rounds}  ${row(target.name, scenario, [measurement])}`);
        }
      }
    }
  }

  #canRun(scenario: Scenario, target: Target): boolean {
    return canRun(scenario, target, this.#client === null);
  }

  async #measure(
    target: Target,
    scenario: Scenario,
    client: ClientProgram | null,
    times = this.#times,
  ): Promise<Measurement> {
    const rate = scenario.name === 'end-to-end' ? await this.#rate() : 0;
    const entryBytes = this.#entryBytes(target, scenario);
    return measure(target, scenario, {
      ...times,
      changes: this.#options,
      rate,
      entryBytes,
      client,
    });
  }

  /** What Kopje wrote last in the scenario, for the raw producer that it is compared with. */
  #entryBytes({ address, entryFormat }: Target, scenario: Scenario): number | null {
    if (address.protocol !== 'pulsar') return null;
    const written = this.measurements.findLast(
      (one) => one.target === `kopje/${entryFormat}` && one.scenario === scenario.name,
    );
    return written?.entries?.meanBytes ?? null;
  }

  /** What runs in a Java machine is not compiled before some seconds of load, which no round is to pay for. */
  async #warmUp(): Promise<void> {
    const cold = this.#field.targets.filter(({ isJvm }) => isJvm);
    const measureMs = (this.#options.jvmWarmUp * 1_000) / Math.max(1, cold.length);
    for (const target of cold) {
      this.#say(`warming up ${target.name} for ${(measureMs / 1_000).toFixed(0)} s`);
      await this.#measure(target, produce, null, { warmUpMs: 0, measureMs });
    }
  }

  /** MB a second that end-to-end produces, the same for all. */
  async #rate(): Promise<number> {
    this.#ownRate ??= this.#options.rate ?? (await this.#pacedRate());
    return this.#ownRate;
  }

  async #pacedRate(): Promise<number> {
    const paced = this.#field.targets.find(({ name }) => name === this.#field.pacedBy);
    if (paced === undefined) return defaultRate;
    const runs = this.measurements.filter(
      ({ target, scenario }) => target === paced.name && scenario === produce.name,
    );
    if (runs.length === 0) runs.push(await this.#measure(paced, produce, null));
    const rate = pacedShare * median(runs.map(({ megabytesPerSecond }) => megabytesPerSecond));
    this.#say(
      `end-to-end produces ${rate.toFixed(0)} MB/s, a fifth of what saturates ${paced.name}`,
    );
    return rate;
  }
}
