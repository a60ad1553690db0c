// A leak as it happens in practice. A thumbnail cache keeps its entries by address, least recently
// used first, and evicts beyond a limit. A second index finds the same thumbnails by content hash,
// and eviction forgets to clear it: the buffer stays referenced, and nobody disposes it.
import type { Buffer } from '../package';
import type { LeakOutput } from '../protocol';
import type { Bench, Workload } from '../workload';

const LIMIT = 24; // entries
const PAGES = 400;
const KIB = 1024;

type Bytes = Buffer<'uint8'>;
interface Entry {
  hash: number;
  thumbnail: Bytes;
}

export class LeakWorkload implements Workload {
  readonly done = false;
  readonly #bench: Bench;
  readonly #byAddress = new Map<number, Entry>();
  readonly #byHash = new Map<number, Bytes>();
  #mended: boolean;
  #requests = 0;
  #hits = 0;
  #believedBytes = 0;
  #aliveBytes = 0;
  #levels: LeakOutput['levels'] = [];

  constructor(bench: Bench, index: string) {
    this.#bench = bench;
    this.#mended = index === 'mended';
  }

  init(): void {
    this.#bench.mark('server starts');
  }

  setOption(name: string, value: string): void {
    if (name !== 'index') return;
    this.#mended = value === 'mended';
    this.#bench.mark(this.#mended ? 'second index mended' : 'second index forgets');
  }

  step(): void {
    // Popular pages are asked for more often: the cube of a uniform number.
    const { random } = this.#bench;
    const page = Math.floor(random.uniform() ** 3 * PAGES);
    if (this.#requests % 100 === 0) this.#bench.mark(`request ${this.#requests}`);
    this.#bench.block(() => this.#serve(page));
    this.#requests++;
    this.#levels.push([this.#requests, this.#believedBytes, this.#aliveBytes]);
  }

  #serve(page: number): void {
    const bench = this.#bench;
    const { random } = bench;
    const body = bench.alloc('request.body', 'uint8', [random.integer(2, 24) * KIB]);
    bench.kernel('receive', [], [body], () => body.view().fill(page & 0xff));
    const thumbnail = this.#thumbnail(page);
    const response = bench.alloc('response.body', 'uint8', [thumbnail.nbytes + 2 * KIB]);
    bench.kernel('respond', [thumbnail, body], [response], () => response.view().set(thumbnail.view(), 2 * KIB));
    bench.done(body, response);
  }

  #thumbnail(page: number): Bytes {
    const found = this.#byAddress.get(page);
    if (found) {
      this.#hits++;
      this.#byAddress.delete(page);
      this.#byAddress.set(page, found); // to the end: most recently used
      return found.thumbnail;
    }
    const bench = this.#bench;
    const side = 64 + 16 * (page % 7);
    const decoded = bench.alloc('decode.rgba', 'uint8', [4 * side, 4 * side, 4]);
    bench.kernel('decode', [], [decoded], () => decoded.view().fill(page & 0xff));
    const thumbnail = bench.keep(bench.alloc('cache.thumbnail', 'uint8', [side, side, 4]));
    bench.kernel('downscale', [decoded], [thumbnail], () => thumbnail.view().fill(page & 0xff));
    bench.done(decoded);
    this.#remember(page, thumbnail);
    return thumbnail;
  }

  #remember(page: number, thumbnail: Bytes): void {
    const hash = Math.imul(this.#requests + 1, 0x9e3779b1) >>> 0;
    this.#byAddress.set(page, { hash, thumbnail });
    this.#byHash.set(hash, thumbnail);
    this.#believedBytes += thumbnail.nbytes;
    this.#aliveBytes += thumbnail.nbytes;
    if (this.#byAddress.size <= LIMIT) return;
    const [oldest, entry] = this.#byAddress.entries().next().value!;
    this.#byAddress.delete(oldest);
    this.#believedBytes -= entry.thumbnail.nbytes;
    // The bug: without the next lines the second index keeps the buffer alive.
    if (this.#mended) {
      this.#byHash.delete(entry.hash);
      this.#aliveBytes -= entry.thumbnail.nbytes;
      entry.thumbnail.dispose();
    }
  }

  output(): LeakOutput {
    const levels = this.#levels;
    this.#levels = [];
    return {
      workload: 'leak',
      requests: this.#requests,
      hits: this.#hits,
      believedEntries: this.#byAddress.size,
      believedBytes: this.#believedBytes,
      aliveEntries: this.#byHash.size,
      aliveBytes: this.#aliveBytes,
      levels,
    };
  }
}
