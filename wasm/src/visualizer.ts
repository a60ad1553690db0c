// The visualizer's door in JavaScript. It records ids, in the annex, and holds no buffer; what it hands out are copies.
import { BufferHandle } from './buffer.js';
import { InvalidArgumentError } from './errors.js';
import { Handlers } from './handlers.js';
import type { ManagerImpl } from './manager.js';
import type { Recorder } from './recorder.js';
import type { Buffer, ExportFormat, Snapshot, TraceStream, Visualizer } from './types.js';
import { optionsBag, text, wholeNumber } from './validate.js';

const formats: readonly ExportFormat[] = ['ndjson', 'csv', 'chrome', 'bufgc'];
const readBit = 1;
const writeBit = 2;

export class VisualizerImpl implements Visualizer {
  readonly #manager: ManagerImpl;
  readonly #subscribers = new Handlers<[number, number]>();
  /** Null until the annex was there to record. */
  #recorder: Recorder | null = null;
  #running = false;
  /** Whether it is to run as soon as the annex is there. */
  #wanted = false;
  #told = 0;
  #tellingIsDue = false;

  constructor(manager: ManagerImpl) {
    this.#manager = manager;
  }

  get running(): boolean {
    return this.#running;
  }

  get ready(): Promise<void> {
    return this.#manager.annex.ready.then(() => this.#begin());
  }

  get eventCount(): number {
    return this.#recorder?.eventCount ?? 0;
  }

  get logBytes(): number {
    return this.#recorder?.logBytes ?? 0;
  }

  start(): void {
    const { annex } = this.#manager;
    this.#manager.requireOpen('visualizer.start()');
    this.#wanted = true;
    if (annex.recorderNow() !== null) this.#begin();
    else this.ready.catch(() => {}); // told to those who ask
  }

  stop(): void {
    this.#wanted = false;
    if (!this.#running) return;
    this.#running = false;
    const { cold, shelf } = this.#manager.native;
    cold.bufgc_visualizer_stop();
    shelf.witness = null;
  }

  clear(): void {
    this.#recorder?.clear();
    this.#told = 0;
  }

  /** The annex is there. */
  #begin(): void {
    const { annex, closed, native } = this.#manager;
    this.#recorder ??= annex.recorderNow();
    if (!this.#wanted || this.#running || closed) return;
    this.#recorder?.watch(this.#subscribers.size > 0);
    this.#running = true;
    native.cold.bufgc_visualizer_start();
    native.shelf.witness = this.#recorder;
  }

  snapshot(): Snapshot {
    return this.#asked('snapshot()').snapshot();
  }

  subscribe(callback: (from: number, to: number) => void): () => void {
    if (this.#subscribers.size === 0) {
      this.#told = this.eventCount;
      this.#recorder?.watch(true);
    }
    const remove = this.#subscribers.add(callback);
    return () => {
      remove();
      if (this.#subscribers.size === 0) this.#recorder?.watch(false);
    };
  }

  /** The native side recorded an event, the first since it was last asked: tell at the end of the turn. */
  recorded(): void {
    if (this.#tellingIsDue) return;
    this.#tellingIsDue = true;
    queueMicrotask(() => {
      this.#tellingIsDue = false;
      const from = this.#told;
      const to = this.eventCount;
      this.#told = to;
      // Watching again arms the native side for the next event.
      if (this.#subscribers.size > 0) this.#recorder?.watch(true);
      if (to > from) this.#subscribers.call(this.#manager.errors.report, from, to);
    });
  }

  export(format: ExportFormat): Uint8Array {
    const index = formats.indexOf(format);
    if (index < 0) throw new InvalidArgumentError('format', `one of ${formats.join(', ')}`, format);
    return this.#asked('export()').export(index);
  }

  exportSince(from: number): { ndjson: Uint8Array; next: number } {
    wholeNumber(from, 'from', Number.MAX_SAFE_INTEGER);
    return this.#asked('exportSince()').exportSince(from);
  }

  stream(sink: WritableStream<Uint8Array>): TraceStream {
    this.#manager.requireOpen('visualizer.stream()');
    if (!(sink instanceof WritableStream) || sink.locked) {
      throw new InvalidArgumentError('sink', 'a WritableStream that nobody writes to', sink);
    }
    return this.#asked('stream()').stream(sink, (pull) => this.subscribe(pull));
  }

  use(kernel: string, uses: { read?: readonly Buffer[]; write?: readonly Buffer[] }): void {
    text(kernel, 'kernel');
    const { read = [], write = [] } = optionsBag(uses, 'uses');
    const access = new Map<Buffer, number>();
    for (const [list, bit, name] of [
      [read, readBit, 'read'],
      [write, writeBit, 'write'],
    ] as const) {
      if (!Array.isArray(list)) throw new InvalidArgumentError(`uses.${name}`, 'an array of buffers', list);
      for (const buffer of list as readonly Buffer[]) {
        BufferHandle.liveHandle(buffer, this.#manager, `uses.${name}`, 'visualizer.use()');
        access.set(buffer, (access.get(buffer) ?? 0) | bit);
      }
    }
    if (!this.#running) return;
    const ids = Array.from(access, ([{ id }, bits]) => [id, bits] as const);
    this.#recorder?.use(this.#manager.native.placeText(kernel), ids);
  }

  mark(name: string): void {
    text(name, 'name');
    if (this.#running) this.#recorder?.mark(this.#manager.native.placeText(name));
  }

  #asked(operation: string): Recorder {
    this.#recorder ??= this.#manager.annex.recorder(`visualizer.${operation}`, 'gc.visualizer.ready');
    return this.#recorder;
  }
}
