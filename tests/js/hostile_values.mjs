// Arguments as no program means them, and some as it does: what the package is asked with at random.
import { UserError } from './hostile_errors.mjs';

const long = 'x'.repeat(2 ** 20);
const dtypes = ['uint8', 'int8', 'float16', 'bfloat16', 'boolean', 'uint8_clamped', 'int64', 'float32', 'float64'];
const arrays = [Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Float32Array, Float64Array, BigInt64Array];

const thenable = (then) => Object.fromEntries([['then', then]]);

/** `next` gives numbers in [0, 1); `things` the buffers, views and other objects of the program so far. */
export class HostileValues {
  #next;
  #things;
  #depth = 0;

  constructor(next, things) {
    this.#next = next;
    this.#things = things;
  }

  below(count) {
    return Math.floor(this.#next() * count);
  }

  chance(part) {
    return this.#next() < part;
  }

  one(list) {
    return list[this.below(list.length)];
  }

  any() {
    this.#depth += 1;
    try {
      const kinds = [this.number, this.number, this.odd, this.odd, this.text, this.thing, this.thing, this.memory];
      if (this.#depth < 4) kinds.push(this.object, this.object, this.spec, this.callback);
      return this.one(kinds).call(this);
    } finally {
      this.#depth -= 1;
    }
  }

  number() {
    if (this.chance(0.5)) return this.below(5000);
    const { NaN: none, MIN_VALUE, MAX_SAFE_INTEGER } = Number;
    const edges = [-1, -0, 0, 0.5, none, Infinity, -Infinity, MIN_VALUE, MAX_SAFE_INTEGER, 1e300];
    return this.one([...edges, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53]);
  }

  odd() {
    return this.one([0n, 1n, -1n, 2n ** 64n, Symbol('odd'), Symbol.iterator, null, undefined, true, false]);
  }

  text() {
    if (this.chance(0.01)) return long;
    return this.one(['', 'frame', '\ud800', '画像'.repeat(30), '8', 'constructor', '__proto__', ...dtypes]);
  }

  thing() {
    return this.#things.length === 0 ? undefined : this.one(this.#things);
  }

  spec() {
    const spec = {};
    const field = (name, plausible) => {
      if (this.chance(0.5)) spec[name] = this.chance(0.8) ? plausible() : this.any();
    };
    field('nbytes', () => this.below(5000));
    field('shape', () => Array.from({ length: this.below(4) }, () => (this.chance(0.95) ? this.below(9) : this.any())));
    field('strides', () => Array.from({ length: this.below(4) }, () => this.below(20)));
    field('dtype', () => this.one(dtypes));
    field('label', () => this.text());
    return this.chance(0.1) ? this.#wrapped(spec) : spec;
  }

  object() {
    const itself = [1];
    itself.push(itself);
    const thrower = {
      get nbytes() {
        throw new UserError();
      },
      get read() {
        throw new UserError();
      },
    };
    const converter = {
      valueOf() {
        throw new UserError();
      },
      [Symbol.toPrimitive]() {
        throw new UserError();
      },
      toString() {
        throw new UserError();
      },
    };
    const changing = new Proxy(this.chance(0.5) ? [1, 2, 3] : {}, {
      // Not `then`: promises of the program itself would call it, and none would hear what it throws.
      get: (target, name) =>
        name in target || typeof name === 'symbol' || name === 'then' ? target[name] : this.any(),
    });
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    return this.one([
      {},
      [],
      [1, 2, 3],
      [1n, 'x'],
      [this.any(), this.any()],
      Array(50),
      itself,
      thrower,
      converter,
      changing,
      revoked.proxy,
      Object.freeze({ nbytes: 8 }),
      Object.create(null),
      Object.create({ nbytes: 16 }),
      { constructor: { name: Symbol('none') } },
      thenable(5),
      thenable((resolve) => resolve()),
      { signal: AbortSignal.abort(new UserError()), timeoutMs: 1 },
      { start: this.any(), stop: this.any() },
      { read: [this.thing()], write: this.any() },
      new Map([[this.thing(), 1]]),
      new Set([this.thing()]),
      new Date(Number.NaN),
      /x/,
      new WeakMap(),
      Promise.resolve(5),
      new (class Own {})(),
    ]);
  }

  callback() {
    const result = this.chance(0.3) ? this.any() : this.thing();
    return this.one([
      () => result,
      () => {
        throw new UserError();
      },
      async () => result,
      () => thenable((resolve) => resolve(result)),
      Object.defineProperty(() => [result], 'name', { value: Symbol('nameless') }),
      function named() {
        return { result };
      },
    ]);
  }

  /** Array buffers and views of them, whole and mutilated. */
  memory() {
    const length = this.one([0, 1, 2, 3, 4, 8, 64]);
    const bytes = this.one([
      () => new ArrayBuffer(length * 8),
      () => new ArrayBuffer(length * 8, { maxByteLength: length * 8 + 64 }),
      () => new SharedArrayBuffer(length * 8),
    ])();
    const kind = this.one([...arrays, DataView, null]);
    let made = bytes;
    if (kind !== null) {
      const tracking = bytes.resizable && this.chance(0.5);
      made = tracking ? new kind(bytes, 0) : new kind(bytes, 0, kind === DataView ? length * 8 : length);
    }
    const fate = this.below(6);
    if (fate === 0 && bytes instanceof ArrayBuffer) structuredClone(bytes, { transfer: [bytes] });
    else if (fate === 1 && bytes.resizable) bytes.resize(this.below(bytes.byteLength + 1));
    return made;
  }

  #wrapped(spec) {
    return this.one([
      () => Object.freeze(spec),
      () => new Proxy(spec, {}),
      () =>
        new Proxy(spec, { get: (target, name) => (this.chance(0.5) || name === 'then' ? target[name] : this.any()) }),
      () => Object.create(spec),
      () =>
        Object.defineProperty({ ...spec }, this.one(['nbytes', 'shape', 'dtype', 'label']), {
          get() {
            throw new UserError();
          },
        }),
    ])();
  }
}
