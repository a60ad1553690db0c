// Where a buffer that was disposed lies until the next one of its size is wanted, or somebody might look: a turn,
// an end and a birth without a call into the core. `Shelf` in wasm/bindings/shelf.hpp is its other half, and clears
// it by itself. Only plain bytes lie here that nobody else holds or waits for the end of.
import type { Core } from './instance.js';

/** Places in the shelf, counted in 32-bit words (`Shelf`), and its limits. */
enum Place {
  roomBytes = 0,
  count = 1,
  records = 2,
  leftBytes = 34,
  turns = 35,
}
const ownWords = 52;
const size = 32;
const mostBytes = 65_536;

/** Places in a record (`RecordWords` in src/bufgc/buffer/buffer_access.hpp). */
enum Fact {
  strongCount = 0,
  idGeneration = 5,
  newestFinalizer = 7,
  origin = 8,
  state = 9,
  sizeBytes = 1040,
  capacityBytes = 1042,
}
const lastGeneration = 2 ** 21 - 1;

/** Is told of each end and each birth here, of native handles, as it happens. It may make the memory grow. */
export interface TurnWitness {
  ended(handle: number): void;
  begun(handle: number): void;
}

export class Shelf {
  /** Set while the core has an observer. */
  witness: TurnWitness | null = null;
  /** All of the memory. */
  private words!: Int32Array;
  /** The shelf's part of it. */
  private own!: Int32Array;

  constructor(core: Core, address: number) {
    core.detached = () => {
      this.words = new Int32Array(core.memory.buffer);
      this.own = new Int32Array(core.memory.buffer, address, ownWords);
    };
    core.detached();
  }

  /** Lays a buffer here that its last handle let go of; false where it is to be released instead. */
  lay(handle: number, generation: number, nbytes: number): boolean {
    const { words, own } = this;
    const record = handle >>> 2;
    const count = own[Place.count] as number;
    if (count === size) return false;
    const room = (own[Place.roomBytes] as number) - (words[record + Fact.capacityBytes] as number);
    const state =
      ((words[record + Fact.strongCount] as number) - 1) |
      (words[record + Fact.newestFinalizer] as number) |
      ((words[record + Fact.state] as number) >>> 8);
    const unfit = (nbytes - 1) >>> 0 >= mostBytes || generation >= lastGeneration;
    if (room < 0 || state !== 0 || unfit) return false;
    own[Place.roomBytes] = room;
    own[Place.records + count] = handle;
    own[Place.count] = count + 1;
    this.witness?.ended(handle);
    return true;
  }

  /** The topmost, as a buffer that is born now; 0 when it is of another size, or there is none. */
  take(nbytes: number): number {
    const { words, own } = this;
    const below = (own[Place.count] as number) - 1;
    if (below < 0) return 0;
    const handle = own[Place.records + below] as number;
    const record = handle >>> 2;
    const left = (own[Place.leftBytes] as number) - nbytes;
    if (words[record + Fact.sizeBytes] !== nbytes || left < 0) return 0;
    own[Place.count] = below;
    (own[Place.roomBytes] as number) += words[record + Fact.capacityBytes] as number;
    own[Place.leftBytes] = left;
    (own[Place.turns + 31 - Math.clz32(nbytes)] as number) += 1;
    (words[record + Fact.idGeneration] as number) += 1;
    words[record + Fact.origin] = 0;
    this.witness?.begun(handle);
    return handle;
  }

  /** Of the id of a live buffer. */
  generation(handle: number): number {
    return this.words[(handle >>> 2) + Fact.idGeneration] as number;
  }

  /** Of a live buffer. */
  nbytes(handle: number): number {
    return (this.words[(handle >>> 2) + Fact.sizeBytes] as number) >>> 0;
  }
}
