import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const lengthBytes = 4;
/** Reads land here and are parsed at once; one connection reads at a time. */
const readBytes = 512 * 1024;

/** Takes the bytes of responses as they come; `frameAt` is the position of `bytes[0]` in its frame. */
export interface ResponseSink {
  /** Some bytes of a response; position 0 is the first byte after the length prefix. */
  bytes(chunk: Buffer, frameAt: number): void;
  /** A response of `frameBytes` has ended. */
  end(frameBytes: number): void;
}

/**
 * A connection of the load generator: writes prepared requests, and hands responses on without collecting
 * them, so that the load costs little beside the broker.
 */
export class RawConnection {
  readonly #socket: Socket;
  #sink: ResponseSink | null = null;
  readonly #prefix = Buffer.alloc(lengthBytes);
  #prefixFill = 0;
  #frameBytes = 0;
  #frameAt = 0;

  private constructor(host: string, port: number) {
    const buffer = Buffer.allocUnsafeSlow(readBytes);
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer,
        callback: (sizeBytes: number) => {
          this.#parse(buffer.subarray(0, sizeBytes));
          return true;
        },
      },
    });
  }

  static async open(host: string, port: number): Promise<RawConnection> {
    const connection = new RawConnection(host, port);
    await once(connection.#socket, 'connect');
    return connection;
  }

  /** Where responses go from now on. */
  receive(sink: ResponseSink): void {
    this.#sink = sink;
  }

  /** Sends one framed request. */
  send(frame: Uint8Array): void {
    this.#socket.write(frame);
  }

  /** Sends one framed request and returns the whole response, without its length. */
  async ask(frame: Uint8Array): Promise<Buffer> {
    const chunks: Buffer[] = [];
    return new Promise((resolve, reject) => {
      const closed = () => reject(new Error('the broker closed the connection'));
      this.#socket.once('close', closed);
      this.receive({
        bytes: (chunk) => void chunks.push(Buffer.from(chunk)),
        end: () => {
          this.#socket.off('close', closed);
          resolve(Buffer.concat(chunks));
        },
      });
      this.send(frame);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #parse(read: Buffer): void {
    let at = 0;
    while (at < read.length) {
      if (this.#prefixFill < lengthBytes) {
        const taken = Math.min(lengthBytes - this.#prefixFill, read.length - at);
        read.copy(this.#prefix, this.#prefixFill, at, at + taken);
        this.#prefixFill += taken;
        at += taken;
        if (this.#prefixFill < lengthBytes) return;
        this.#frameBytes = this.#prefix.readInt32BE(0);
        this.#frameAt = 0;
      }
      const taken = Math.min(this.#frameBytes - this.#frameAt, read.length - at);
      this.#sink?.bytes(read.subarray(at, at + taken), this.#frameAt);
      this.#frameAt += taken;
      at += taken;
      if (this.#frameAt < this.#frameBytes) return;
      this.#prefixFill = 0;
      this.#sink?.end(this.#frameBytes);
    }
  }
}
