/** Where Kopje answers otherwise than Kafka on purpose. */
import type { Difference } from './compare.js';

interface Intended {
  /** Matches scenario, step and path. */
  readonly at: RegExp;
  /** If given, only this value of Kopje's is meant. */
  readonly kopje?: RegExp;
  /** If given, only this value of Kafka's is meant. */
  readonly kafka?: RegExp;
  readonly reason: string;
}

const list: readonly Intended[] = [
  {
    at: /^produce\/.*logStartOffset$/,
    kopje: /^\d+$/,
    kafka: /^-1$/,
    reason: 'Kafka leaves it out of some errors; Kopje always tells it, because clients loop on -1',
  },
  {
    at: /^(fetch\/|.*: fetch from ).*(highWatermark|lastStableOffset|logStartOffset)$/,
    kopje: /^\d+$/,
    kafka: /^-1$/,
    reason:
      'Kafka leaves the offsets out of errors; Kopje always tells them, because clients loop on -1',
  },
  {
    at: /configs\.(errors\.deadletterqueue|max\.decompressed\.message|remote\.copy\.lag)\./,
    kafka: /^absent$/,
    reason: 'a topic config of Kafka 4.4, and the peer is 4.3',
  },
  {
    at: /configs\.min\.insync\.replicas\.(configSource|synonyms)$/,
    reason: 'Kafka sets it for the whole cluster when it is formatted (KIP-966)',
  },
  {
    at: /configs\.(flush|retention|segment|segment\.jitter)\.ms\.synonyms$/,
    reason: 'Kopje tells the broker setting behind it; Kafka only if it is set by just this name',
  },
  {
    at: /^describe-configs\/.*: broker v\d.*\.readOnly$/,
    reason: 'settings of a Kopje process do not change while it runs',
  },
  {
    at: /^describe-configs\/.*: broker v\d.*log\.retention\.ms\.value$/,
    kafka: /^null$/,
    reason: 'Kafka has log.retention.hours behind it, Kopje has not',
  },
  {
    at: /^describe-configs\/.*: (unknown group|client metrics) /,
    reason: 'no group configs (KIP-848) and no client metrics (KIP-714) yet',
  },
  {
    at: /^find-coordinator\/.*: share key /,
    reason: 'no share groups (KIP-932) yet',
  },
  {
    at: /^incremental-alter-configs\/.*: operation 7 /,
    reason: 'Kafka says UNKNOWN_SERVER_ERROR of an operation that does not exist',
  },
  {
    at: /^describe-configs\/.*message\.max\.bytes\.configType$/,
    reason: 'Kopje tells one type for integers of brokers',
  },
  {
    at: /^api-versions\/advertised: /,
    kopje: /^absent$/,
    reason: 'not served yet, or only among brokers',
  },
  {
    at: /^api-versions\/advertised: API 42$/,
    reason: 'DeleteGroups v3 is of Kafka 4.4, and the peer is 4.3',
  },
  {
    at: /^create-topics\/values of configs: .*kept$/,
    kopje: /^"/,
    reason:
      'Kafka repeats what was sent, Kopje says what it means, as DescribeConfigs does in both',
  },
  {
    at: /^create-topics\/values of configs: .*throttled\.replicas\.','/,
    reason: 'no list of replicas; the config has no effect without followers',
  },
  {
    at: /^(init-producer-id|find-coordinator)\/transactions: /,
    reason: 'no transactions yet',
  },
  {
    at: /^delete-records\/.*: offset -3, /,
    reason: 'Kafka names the first record with that time though it was deleted',
  },
  {
    at: /^join-group\/members that fall silent: no longer pending /,
    reason: 'Kafka forgets such a group at its next cleaning, Kopje at once',
  },
  {
    at: /^requests\/.*: (ListOffsets v7, byte 29 |OffsetForLeaderEpoch )/,
    reason: 'isolation levels and epochs that cannot be, as above',
  },
  {
    at: /^requests\/.*: ListOffsets v.*topics$/,
    kafka: /^\[\]$/,
    reason: 'Kafka leaves out topics of which no partition was asked for',
  },
  {
    at: /^requests\/.*: Producers v0, .*errorMessage$/,
    kafka: /^null$/,
    reason: 'Kopje says why',
  },
  {
    at: /^requests\/.*: Configs v1, byte 59 /,
    kopje: /^"closed"$/,
    reason: 'Kafka takes every negative length of an array for null, Kopje only -1',
  },
  {
    at: /^list-config-resources\/.*: types 8 /,
    reason: 'Kopje has no loggers with levels of their own',
  },
  {
    at: /producers, unknown partition .*errorMessage$/,
    reason: 'Kopje says why',
  },
  {
    at: /^produce\/batches: null /,
    reason: 'Kafka 4.3 never answers a partition without records; Kopje refuses it',
  },
  {
    at: /^produce\/damaged headers: byte 27 /,
    kopje: /^("INVALID_TIMESTAMP"|\[0,1\])$/,
    reason: 'a time more than 285 000 years ago, which Kopje cannot tell exactly',
  },
  {
    at: /^produce\/(batches: (compression [57]|\w+ that is none) .*|damaged .*)errorCode$/,
    kopje: /^"INVALID_RECORD"$/,
    reason: 'Kafka says UNKNOWN_SERVER_ERROR of bytes that do not decompress, which names no cause',
  },
  {
    at: /^produce\/renumbering: (gzip of odd deltas |.* as stored )/,
    reason: 'Kafka keeps wrong offset deltas or fails over them; Kopje numbers such records anew',
  },
  {
    at: /^produce\/transactional: id (some-transaction)? ?v/,
    reason: 'Kafka looks for a transaction coordinator first; Kopje refuses transactions for good',
  },
  {
    at: /^fetch\/.*: (a batch and a half|budget of a few batches) .*records/,
    reason:
      'Kafka cuts the last batch short where the bytes run out; Kopje sends whole batches only',
  },
  {
    at: /^fetch\/.*: (negative bytes|negative budget|isolation 7) /,
    reason: 'Kafka says UNKNOWN_SERVER_ERROR; Kopje takes it as no bytes and as read_uncommitted',
  },
  {
    at: /^fetch\/offsets: future last fetched epoch /,
    reason: 'only followers send lastFetchedEpoch (KIP-595), and Kopje has none',
  },
  {
    at: /^fetch\/as a follower: /,
    reason: 'Kopje has no replicas and takes whoever asks for a consumer',
  },
  {
    at: /^list-offsets\/.*: same partition twice /,
    reason:
      'Kafka names a partition that it refuses as duplicate once, Kopje as often as it was asked',
  },
  {
    at: /^list-offsets\/.*: isolation 5 /,
    reason: 'Kafka says UNKNOWN_SERVER_ERROR; Kopje takes it as read_uncommitted',
  },
  {
    at: /^offset-for-leader-epoch\/.*: epoch -2 /,
    reason: 'no such epoch can be; Kafka answers with the start of the log',
  },
  {
    at: /^metadata\/.*: ((by|by unknown) id|id and name) v1[01]/,
    reason: 'refused as in Kafka, but with the brokers and the cluster id',
  },
  {
    at: /^metadata\/.*: neither v1[0-3]/,
    reason: 'Kafka fails with UNKNOWN_SERVER_ERROR; Kopje refuses the topic only',
  },
  {
    at: /^fetch\/sessions of a deleted topic: .* v13/,
    kopje: /UNKNOWN_TOPIC_ID/,
    kafka: /UNKNOWN_TOPIC_OR_PARTITION/,
    reason: 'Kafka asks for the name that the session kept, Kopje for the id that is gone',
  },
  {
    at: /^offset-commit\/.*: more than a batch\.errorCode$/,
    kopje: /INVALID_COMMIT_OFFSET_SIZE/,
    reason: 'Kafka says UNKNOWN_SERVER_ERROR, which names no cause',
  },
  {
    at: /^admin\/no time left: /,
    reason: 'Kafka gives up at once with a timeout of 0; Kopje has done it by then',
  },
  {
    at: /^admin\/resources of configs: this broker/,
    kopje: /^"(INVALID_REQUEST|some errorMessage)"$/,
    reason: 'settings of a Kopje process do not change while it runs',
  },
  {
    at: /^produce\/same partition twice: /,
    reason: 'Kafka drops all but the last of a partition named twice; Kopje appends all',
  },
];

/** Tells what is meant, and remembers which rules were of use. */
export class Intentions {
  readonly #used = new Set<Intended>();

  /** Why the difference is there, or undefined if nobody wants it. */
  of(difference: Difference): string | undefined {
    const rule = list.find(
      ({ at, kopje = /^/, kafka = /^/ }) =>
        at.test(difference.at) && kopje.test(difference.kopje) && kafka.test(difference.kafka),
    );
    if (rule !== undefined) this.#used.add(rule);
    return rule?.reason;
  }

  /** Rules that no difference met. */
  idle(): string[] {
    return list.filter((rule) => !this.#used.has(rule)).map((rule) => `${rule.at}: ${rule.reason}`);
  }
}
