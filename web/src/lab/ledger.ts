// A record of releases that owes nothing to the visualizer: each buffer gets a finalizer of the
// package, and as it fires the buffer's ordinal and size go into a running hash.
import type { Buffer, Manager } from './package';

const PRIME = 0x01000193;

const mixed = (hash: number, value: number): number => {
  let h = hash;
  for (let shift = 0; shift < 32; shift += 8) h = Math.imul(h ^ ((value >>> shift) & 0xff), PRIME);
  return h >>> 0;
};

export class ReleaseLedger {
  #allocated = 0;
  #released = 0;
  #order = 0x811c9dc5;
  #set = 0;

  /** Watches a buffer's end; call it in the order of allocation. */
  watch(gc: Manager, buffer: Buffer): void {
    const entry = { ordinal: this.#allocated++, size: buffer.nbytes };
    gc.finalize(buffer, entry, ({ ordinal, size }) => {
      this.#released++;
      this.#order = mixed(mixed(this.#order, ordinal), size);
      this.#set = (this.#set + mixed(mixed(0x811c9dc5, ordinal), size)) >>> 0;
    });
  }

  get allocated(): number {
    return this.#allocated;
  }
  get released(): number {
    return this.#released;
  }
  /** Depends on which buffers were released and on their order. */
  get orderHash(): string {
    return this.#order.toString(16).padStart(8, '0');
  }
  /** Depends on which buffers were released, in whatever order. */
  get setHash(): string {
    return this.#set.toString(16).padStart(8, '0');
  }
}
