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
  // What does not exist yet.
  {
    at: /^api-versions\/advertised: /,
    kopje: /^absent$/,
    reason: 'not served yet, or only among brokers',
  },
  {
    at: /^((init-producer-id|find-coordinator)\/transactions: |produce\/transactional: id (some-transaction)? ?v)/,
    reason: 'no transactions (KIP-98) yet: all that asks for one is refused for good',
  },
  {
    at: /^(describe-configs\/.*: (unknown group|client metrics) |find-coordinator\/.*: share key )/,
    reason: 'no group configs (KIP-848), client metrics (KIP-714) and share groups (KIP-932) yet',
  },
  // Where Kafka fails with UNKNOWN_SERVER_ERROR, which names no cause and which no client expects.
  {
    at: /^produce\/(batches: (compression [57]|\w+ that is none) .*|damaged .*)errorCode$/,
    kopje: /^"INVALID_RECORD"$/,
    kafka: /^"UNKNOWN_SERVER_ERROR"$/,
    reason: 'bytes that do not decompress: Kopje says so',
  },
  {
    at: /^offset-commit\/.*: more than a batch\.errorCode$/,
    kopje: /^"INVALID_COMMIT_OFFSET_SIZE"$/,
    kafka: /^"UNKNOWN_SERVER_ERROR"$/,
    reason: 'a commit that no batch can hold: Kopje says so',
  },
  {
    at: /^incremental-alter-configs\/.*: operation 7 /,
    kopje: /^"(INVALID_REQUEST|some errorMessage)"$/,
    reason: 'an operation that does not exist: Kopje says so',
  },
  {
    at: /^(fetch|list-offsets|requests)\/.*: (negative b\w+|isolation \d|ListOffsets v7, byte 29) /,
    reason:
      'Kopje takes negative limits for none and unknown isolation levels for read_uncommitted',
  },
  // Settings.
  {
    at: /^(describe-configs\/.*: broker v\d.*\.readOnly|admin\/resources of configs: this broker.*)$/,
    kopje: /^(true|"INVALID_REQUEST"|"some errorMessage")$/,
    reason: 'settings of a Kopje process do not change while it runs',
  },
  {
    at: /^produce\/.*logStartOffset$/,
    kopje: /^\d+$/,
    kafka: /^-1$/,
    reason: 'Kafka leaves it out of what it refuses before it asks the log; Kopje always tells it',
  },
  {
    at: /^(fetch\/|.*: fetch from ).*(highWatermark|lastStableOffset|logStartOffset)$/,
    kopje: /^\d+$/,
    kafka: /^-1$/,
    reason:
      'Kafka leaves the offsets out of errors; Kopje tells them: a client looped on OFFSET_OUT_OF_RANGE with -1',
  },
  {
    at: /^restart\/.*: fetch from .*(currentLeader\.leader|nodeEndpoints)/,
    kopje: /^(-1|\[\])$/,
    reason: 'no hints who leads now (KIP-951): there is one leader',
  },
  {
    at: /configs\.(errors\.deadletterqueue|max\.decompressed\.message|remote\.copy\.lag)\./,
    kafka: /^absent$/,
    reason: 'a topic config of Kafka 4.4, and the peer is 4.3',
  },
  {
    at: /configs\.entry\.format$/,
    kafka: /^absent$/,
    reason: 'a topic config of our own: the format in which batches are stored',
  },
  {
    at: /configs\.min\.insync\.replicas\.(configSource|synonyms)$/,
    reason: 'Kafka sets it for the whole cluster when it is formatted (KIP-966)',
  },
  {
    at: /^describe-configs\/.*: broker v\d.*log\.retention\.ms\.value$/,
    kafka: /^null$/,
    reason: 'Kafka has log.retention.hours behind it, Kopje has not',
  },
  {
    at: /^describe-configs\/.*message\.max\.bytes\.configType$/,
    reason: 'Kopje tells one type for integers of brokers',
  },
  {
    at: /^api-versions\/advertised: API 42$/,
    reason: 'DeleteGroups v3 is of Kafka 4.4, and the peer is 4.3',
  },
  {
    at: /(: Producers v0, |producers, unknown partition ).*errorMessage$/,
    kafka: /^null$/,
    reason: 'Kopje says why',
  },
  {
    at: /^(offset-for-leader-epoch\/.*: epoch -2|requests\/.*: OffsetForLeaderEpoch) /,
    reason: 'no such epoch can be; Kafka answers with the start of the log',
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
    at: /^list-config-resources\/.*: types 8 /,
    reason: 'Kopje has no loggers with levels of their own',
  },
  {
    at: /^(produce\/batches: null |connections\/damaged frames of clients: Produce .*silent)/,
    reason: 'Kafka 4.3 never answers a partition without records; Kopje refuses it',
  },
  {
    at: /^produce\/damaged headers: byte 27 /,
    kopje: /^("INVALID_TIMESTAMP"|\[0,1\])$/,
    reason: 'a time more than 285 000 years ago, which Kopje cannot tell exactly',
  },
  {
    at: /^produce\/renumbering: (gzip of odd deltas |.* as stored )/,
    reason: 'Kafka keeps wrong offset deltas or fails over them; Kopje numbers such records anew',
  },
  {
    at: /^fetch\/.*: (a batch and a half|budget of a few batches) .*records/,
    reason:
      'Kafka cuts the last batch short where the bytes run out; Kopje sends whole batches only',
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
    at: /^metadata\/.*: neither v1[0-3]/,
    reason: 'Kafka fails with UNKNOWN_SERVER_ERROR; Kopje refuses the topic only',
  },
  {
    at: /^admin\/no time left: /,
    reason: 'Kafka gives up at once with a timeout of 0; Kopje has done it by then',
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
