// A running visualizer into a WritableStream, in the binary form of a trace.
import { type ColdExports, StreamStep } from './native.js';
import type { TraceStream } from './types.js';

export class TraceStreamImpl implements TraceStream {
  readonly #native: ColdExports;
  readonly #stream: number;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stopPulling: () => void;
  #lostEvents = 0;
  #closed: Promise<void> | null = null;

  constructor(native: ColdExports, sink: WritableStream<Uint8Array>, everyTurn: (pull: () => void) => () => void) {
    this.#native = native;
    this.#writer = sink.getWriter();
    this.#stream = native.streamOpen();
    this.#writer.closed.catch(() => this.#stopPulling()); // told again by `flush` and `close`
    // A sink that is behind gets nothing more until it has caught up: the log holds it meanwhile.
    this.#stopPulling = everyTurn(() => {
      if ((this.#writer.desiredSize ?? 0) > 0) this.#hand(StreamStep.pull).catch(() => undefined);
    });
  }

  get lostEvents(): number {
    return this.#lostEvents;
  }

  flush(): Promise<void> {
    return this.#closed ?? this.#hand(StreamStep.flush);
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#stopPulling();
      await this.#hand(StreamStep.close);
      await this.#writer.close();
    })();
    return this.#closed;
  }

  async #hand(step: number): Promise<void> {
    const { bytes, lostEvents } = this.#native.streamStep(this.#stream, step);
    this.#lostEvents = lostEvents;
    if (bytes.length > 0) await this.#writer.write(bytes);
  }
}
