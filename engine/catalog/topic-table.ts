import { CatalogFault, type CatalogListener, type Topic } from './topic.js';
import { randomTopicId, zeroTopicId } from './topic-id.js';
import { collisionKey, isInternalTopic } from './topic-name.js';

/** Names whose automatic creation may be under way at once; further ones are told to come again. */
const autoCreationsMax = 1_000;

/** The topics of a catalog in memory: by name and id, who wants to hear of changes, and one change at a time each. */
export class TopicTable {
  readonly #topics = new Map<string, Topic>();
  readonly #byId = new Map<string, Topic>();
  /** By `collisionKey`. */
  readonly #namesByCollision = new Map<string, string>();
  readonly #listeners: CatalogListener[] = [];
  /** The last change under way of each name: changes of one topic happen one after the other. */
  readonly #changes = new Map<string, Promise<unknown>>();
  readonly #autoCreations = new Map<string, Promise<Topic>>();

  get size(): number {
    return this.#topics.size;
  }

  /** False while a partition is offline. */
  get isWhole(): boolean {
    for (const { partitions } of this.all()) {
      if (partitions.some(({ online }) => !online)) return false;
    }
    return true;
  }

  get(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  byId(id: string): Topic | undefined {
    return this.#byId.get(id);
  }

  all(): Iterable<Topic> {
    return this.#topics.values();
  }

  /** Throws CatalogFault 'unknown-topic'. */
  existing(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic) return topic;
    throw new CatalogFault('unknown-topic', `Topic '${name}' does not exist.`);
  }

  collidingTopic(name: string): string | undefined {
    const other = this.#namesByCollision.get(collisionKey(name));
    return other === name ? undefined : other;
  }

  unusedId(): string {
    let id = randomTopicId();
    while (this.#byId.has(id) || id === zeroTopicId) id = randomTopicId();
    return id;
  }

  /** Puts a topic in place of the one of its name; listeners are told by the caller. */
  publish(spec: Omit<Topic, 'internal'>): Topic {
    const topic: Topic = { ...spec, internal: isInternalTopic(spec.name) };
    this.#topics.set(topic.name, topic);
    this.#byId.set(topic.id, topic);
    this.#namesByCollision.set(collisionKey(topic.name), topic.name);
    return topic;
  }

  remove({ name, id }: Topic): void {
    this.#topics.delete(name);
    this.#byId.delete(id);
    const key = collisionKey(name);
    if (this.#namesByCollision.get(key) === name) this.#namesByCollision.delete(key);
  }

  on(listener: CatalogListener): void {
    this.#listeners.push(listener);
  }

  tell(tell: (listener: CatalogListener) => void): void {
    for (const listener of this.#listeners) tell(listener);
  }

  /** Makes a change of a topic after those of the same name that were asked for before. */
  inTurn<Result>(name: string, change: () => Promise<Result>): Promise<Result> {
    const previous = this.#changes.get(name) ?? Promise.resolve();
    const turn = previous.then(change, change);
    this.#changes.set(name, turn);
    const settle = () => {
      if (this.#changes.get(name) === turn) this.#changes.delete(name);
    };
    turn.then(settle, settle);
    return turn;
  }

  /** Resolves when no change that was asked for is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#changes.values());
  }

  /** The topic, made by `create` if there is none; however many ask for a name, it is made once. */
  ensure(name: string, create: () => Promise<Topic>): Promise<Topic> {
    const existing = this.#topics.get(name);
    if (existing) return Promise.resolve(existing);
    const running = this.#autoCreations.get(name);
    if (running) return running;
    if (this.#autoCreations.size >= autoCreationsMax) {
      return Promise.reject(new CatalogFault('busy', 'too many topics are being created'));
    }
    const creation = create()
      .catch((error: unknown) => {
        // Someone else's CreateTopics came first.
        const made = this.#topics.get(name);
        if (made) return made;
        throw error;
      })
      .finally(() => this.#autoCreations.delete(name));
    this.#autoCreations.set(name, creation);
    return creation;
  }
}
