// A running visualizer into a WritableStream, in the binary form of a trace.
import { type OutgoingTrace, StreamStep } from './recorder.js';
import type { TraceStream } from './types.js';

export class TraceStreamImpl implements TraceStream {
  readonly #stream: OutgoingTrace;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stopPulling: () => void;
  #lostEvents = 0;
  #closed: Promise<void> | null = null;

  constructor(stream: OutgoingTrace, sink: WritableStream<Uint8Array>, everyTurn: (pull: () => void) => () => void) {
    this.#stream = stream;
    this.#writer = sink.getWriter();
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
    const { bytes, lostEvents } = this.#stream.step(step);
    this.#lostEvents = lostEvents;
    if (bytes.length > 0) await this.#writer.write(bytes);
  }
}
