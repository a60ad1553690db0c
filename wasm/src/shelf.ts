// Where a buffer that was disposed lies until the next one of its size is wanted, or somebody might look: a turn,
// an end and a birth without a call into the core. `Shelf` in wasm/bindings/shelf.hpp is its other half, and clears
// it by itself. Only plain bytes lie here that nobody else holds, looks at or waits for the end of.
import type { Core } from './instance.js';

/** Places in the shelf, counted in 32-bit words (`Shelf`), and its limits. */
const Place = { roomBytes: 0, count: 1, records: 2, leftBytes: 34, turns: 35 } as const;
const size = 32;
const mostBytes = 65_536;

/** Places in a record (`RecordWords` in src/bufgc/buffer/buffer_access.hpp). */
const Fact = {
  strongCount: 0,
  idGeneration: 5,
  newestFinalizer: 7,
  origin: 8,
  state: 9,
  sizeBytes: 1040,
  capacityBytes: 1042,
} as const;
const lastGeneration = 2 ** 21 - 1;

export class Shelf {
  /** All of the memory. */
  private words: Int32Array;
  /** Of the shelf, in words. */
  private readonly place: number;

  constructor(core: Core, address: number) {
    this.words = new Int32Array(core.memory.buffer);
    this.place = address >>> 2;
    core.detached = () => {
      this.words = new Int32Array(core.memory.buffer);
    };
  }

  /** Lays a buffer here that its last handle let go of; false where it is to be released instead. */
  lay(handle: number, nbytes: number): boolean {
    const { words, place } = this;
    const room = words[place + Place.roomBytes] as number;
    if (nbytes > room || nbytes > mostBytes || nbytes === 0) return false;
    const record = handle >>> 2;
    const count = words[place + Place.count] as number;
    const capacity = words[record + Fact.capacityBytes] as number;
    if (
      count === size ||
      capacity > room ||
      words[record + Fact.strongCount] !== 1 ||
      words[record + Fact.newestFinalizer] !== 0 ||
      (words[record + Fact.state] as number) >>> 8 !== 0 ||
      (words[record + Fact.idGeneration] as number) >= lastGeneration
    ) {
      return false;
    }
    words[place + Place.roomBytes] = room - capacity;
    words[place + Place.records + count] = handle;
    words[place + Place.count] = count + 1;
    return true;
  }

  /** The topmost, as a buffer that is born now; 0 when it is of another size, or there is none. */
  take(nbytes: number): number {
    const { words, place } = this;
    const below = (words[place + Place.count] as number) - 1;
    if (below < 0) return 0;
    const handle = words[place + Place.records + below] as number;
    const record = handle >>> 2;
    const left = (words[place + Place.leftBytes] as number) - nbytes;
    if (words[record + Fact.sizeBytes] !== nbytes || left < 0) return 0;
    words[place + Place.count] = below;
    (words[place + Place.roomBytes] as number) += words[record + Fact.capacityBytes] as number;
    words[place + Place.leftBytes] = left;
    (words[place + Place.turns + 31 - Math.clz32(nbytes)] as number) += 1;
    (words[record + Fact.idGeneration] as number) += 1;
    words[record + Fact.origin] = 0;
    return handle;
  }

  /** Of the id of a live buffer. */
  generation(handle: number): number {
    return this.words[(handle >>> 2) + Fact.idGeneration] as number;
  }
}
