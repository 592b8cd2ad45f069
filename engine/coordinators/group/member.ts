import type { Deadline } from './deadlines.js';

/** A way of assigning partitions that a member supports, with what the leader must know of it. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

/** The body of a JoinGroup response. */
export interface JoinAnswer {
  errorCode: number;
  memberId: string;
  /** -1 with an error. */
  generationId: number;
  protocolType: string | null;
  protocolName: string | null;
  leader: string;
  skipAssignment: boolean;
  /** Empty for everyone but the leader. */
  members: { memberId: string; groupInstanceId: string | null; metadata: Uint8Array }[];
}

/** The body of a SyncGroup response. */
export interface SyncAnswer {
  errorCode: number;
  protocolType: string | null;
  protocolName: string | null;
  assignment: Uint8Array;
}

/** Sends an answer; called exactly once. */
export type Respond<Answer> = (answer: Answer) => void;

export const NO_BYTES = new Uint8Array(0);

/** A member of a classic group. */
export interface Member {
  readonly memberId: string;
  /** group.instance.id of a static member (KIP-345). */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly protocolType: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  /** In the member's order of preference. */
  protocols: readonly MemberProtocol[];
  assignment: Uint8Array;
  /** Until its first JoinGroup is answered: it does not know its id and cannot beat yet. */
  isNew: boolean;
  awaitingJoin: Respond<JoinAnswer> | null;
  awaitingSync: Respond<SyncAnswer> | null;
  readonly session: Deadline;
}

/** Whether a member joins with just what it joined with before. */
export function supportsSame(member: Member, protocols: readonly MemberProtocol[]): boolean {
  return (
    member.protocols.length === protocols.length &&
    member.protocols.every((protocol, i) => {
      const other = protocols[i]!;
      return (
        protocol.name === other.name && Buffer.compare(protocol.metadata, other.metadata) === 0
      );
    })
  );
}

/** What the leader sees of a member under `protocolName`. */
export function metadataFor(member: Member, protocolName: string | null): Uint8Array {
  return member.protocols.find(({ name }) => name === protocolName)?.metadata ?? NO_BYTES;
}

export function joinError(errorCode: number, memberId: string): JoinAnswer {
  return {
    errorCode,
    memberId,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    members: [],
  };
}

export function syncError(errorCode: number): SyncAnswer {
  return { errorCode, protocolType: null, protocolName: null, assignment: NO_BYTES };
}
