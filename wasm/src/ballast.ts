// Memory pressure that the engine can feel. It sees only tiny handles and no reason to collect them, so
// at the budget we show it one: phantom ballast, huge array buffers that are never touched (so they cost
// no memory) and let go at once, which its accounting answers with a collection.
import { finalizations } from './turns.js';

const mebibyte = 2 ** 20;
const smallestPiece = 64 * mebibyte;

/**
 * V8 collects the young generation, and only that, when a new array buffer finds young ones of as many bytes as its
 * own and of at least 64 MiB. It takes a fraction of the whole heap's collection, and Chromium 156 finds dropped handles
 * by it; Node 20 does not. More would rather make it mark beside the program, and then it leaves that generation alone.
 */
const youngPieces: readonly number[] = [smallestPiece, 16];
/**
 * A jump of the memory outside its heap makes V8 collect the whole, but often beside the program, whose end a busy loop
 * may not live to see. Beyond half of what the heap may become it does so at once. Many small pieces would not do:
 * between them V8 throws the earlier ones away.
 */
const wholePieces: readonly (readonly number[])[] = [
  [1024 * mebibyte],
  [1024 * mebibyte, 1024 * mebibyte, 1024 * mebibyte, 1024 * mebibyte],
];
/** After so many misses the young generation is left out 2 ** (this - 2) times, the most. */
const mostMisses = 6;

/** Makes the engine collect by no more ballast than it takes, which it learns. */
export class Ladder {
  /** How often the young generation had nothing and the whole had, less how often it had something. */
  #misses = 0;
  /** How many climbs from now leave the young generation out. */
  #leftOut = 0;

  /** Shows more and more ballast until `released` says that a collection brought something. */
  async climb(released: () => boolean): Promise<void> {
    if (this.#leftOut > 0) {
      this.#leftOut -= 1;
      await collectWhole(released);
      return;
    }
    letGo(show(youngPieces));
    await finalizations(released);
    // What a collection of the whole has begun may end here too: one success does not make up for all misses.
    if (released()) this.#misses = Math.max(0, this.#misses - 1);
    else if (await collectWhole(released)) this.#misses = Math.min(this.#misses + 1, mostMisses);
    this.#leftOut = Math.floor(2 ** (this.#misses - 2));
  }
}

/** Whether that released something. */
async function collectWhole(released: () => boolean): Promise<boolean> {
  // After it V8 grants a little more than there is, and marks again beyond: let that leave room for young ballast.
  const room = show([smallestPiece]);
  for (const pieces of wholePieces) {
    letGo(show(pieces));
    await finalizations(released);
    if (released()) break;
  }
  letGo(room);
  return released();
}

interface Ballast extends ArrayBuffer {
  /** Of ECMAScript 2024. */
  transfer?(bytes: number): ArrayBuffer;
}

function show(pieces: readonly number[]): Ballast[] {
  const ballast: Ballast[] = [];
  let largest = Infinity;
  while (ballast.length < pieces.length && largest >= smallestPiece) {
    const bytes = Math.min(pieces[ballast.length] as number, largest);
    try {
      ballast.push(new ArrayBuffer(bytes));
    } catch {
      largest = bytes / 2; // The machine does not grant so much at once.
    }
  }
  return ballast;
}

/**
 * Only dropped, ballast would stay on the engine's account until a thread beside the program has swept it: the next
 * round's would come on top, and be answered with marking.
 */
function letGo(ballast: readonly Ballast[]): void {
  for (const piece of ballast) piece.transfer?.(0);
}
