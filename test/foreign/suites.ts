/** The test suites of real clients that are run against Kopje, and what each needs. */

/** A test that is not run at all. */
interface LeftOut {
  /** As `go test -skip` takes it. */
  readonly test: string;
  readonly why: string;
}

/** A suite's folder, by its name, pins the Go module and holds the lists of its tests. */
export interface Suite {
  readonly name: string;
  readonly package: string;
  /** The port that its tests have written in them, or none. */
  readonly port?: number;
  /** Settings of the broker, `name=value`. */
  readonly settings: readonly string[];
  readonly leftOut: readonly LeftOut[];
  /** What its tests read from the environment. */
  environment(bootstrap: string): Record<string, string>;
}

export const suites: readonly Suite[] = [
  {
    name: 'franz-go',
    package: 'github.com/twmb/franz-go/pkg/kgo',
    settings: ['groupInitialRebalanceDelayMs=0'],
    leftOut: [{ test: '^TestTxnEtl$', why: 'waits for transactions without end' }],
    environment: (bootstrap) => ({
      KGO_SEEDS: bootstrap,
      KGO_TEST_RF: '1',
      // Enough for many rebalances; the default of 500 000 takes minutes.
      KGO_TEST_RECORDS: '20000',
      KGO_LOG_LEVEL: 'none',
    }),
  },
  {
    name: 'kafka-go',
    package: 'github.com/segmentio/kafka-go',
    port: 9092,
    settings: [
      'groupInitialRebalanceDelayMs=0',
      // Its tests compare with this name.
      'kafkaAdvertisedListeners=PLAINTEXT://localhost:9092',
    ],
    leftOut: [
      {
        test: '^TestReaderConsumerGroup$/^(verify_offset_committed|consumer_group_commits_on_close)',
        why: 'its own helper calls a function that is nil, whatever the broker, and ends the run',
      },
      {
        test: '^TestReaderConsumerGroup$/^consumer_group_rebalance$',
        why: 'two readers wait for 12 messages each; three partitions give one of them 8',
      },
    ],
    environment: () => ({
      // Which tests fit the broker; the net test fails for the suite's maintainers too.
      KAFKA_VERSION: '4.0.0',
      KAFKA_SKIP_NETTEST: '1',
    }),
  },
];
