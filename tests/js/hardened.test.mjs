// load({ hardened: true }): writes around buffers and into released ones are told of, with the buffer's name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BufgcError,
  hardenedBytes,
  InvalidArgumentError,
  KiB,
  MiB,
  MisuseError,
  open,
  random,
  wasmBytes,
} from './package.mjs';

/** A hardened manager, and what it told. */
async function watched(t, options = {}) {
  const gc = await open(t, { hardened: true, ...options });
  const told = [];
  gc.onMisuse((misuse) => told.push(misuse));
  return { gc, told };
}

/** The bytes around a view, as somebody sees them who has its address. */
function around(view) {
  const memory = new Uint8Array(view.buffer);
  return { flip: (offset) => (memory[view.byteOffset + offset] ^= 0xff) };
}

for (const [offset, kind] of [
  [-1, 'write_before'],
  [-64, 'write_before'],
  [1000, 'write_after'],
  [1007, 'write_after'],
]) {
  test(`a byte written at offset ${offset} of 1,000 is told of when the buffer is disposed`, async (t) => {
    const { gc, told } = await watched(t);
    const buffer = gc.alloc({ nbytes: 1000, label: 'frame' });
    const { id } = buffer;
    const found = around(buffer.view()).flip(offset);
    assert.equal(told.length, 0);
    buffer.dispose();
    assert.equal(told.length, 1);
    const [misuse] = told;
    assert.ok(misuse instanceof MisuseError && misuse instanceof BufgcError);
    const { code, label, nbytes, byteOffset, site, message } = misuse;
    assert.deepEqual({ code, kind: misuse.kind, id: misuse.id }, { code: 'misuse', kind, id });
    assert.deepEqual({ label, nbytes, byteOffset }, { label: 'frame', nbytes: 1000, byteOffset: offset });
    assert.equal(misuse.found, found);
    assert.equal(misuse.expected, found ^ 0xff);
    assert.match(site, /hardened\.test\.mjs:\d+/);
    assert.match(
      message,
      new RegExp(`^bufgc: ${kind}: buffer ${id} 'frame' of 1000 bytes, made at .*hardened\\.test\\.mjs`),
    );
  });
}

test('a write through a view that outlived its buffer is told of, at trim() and at close()', async (t) => {
  for (const look of [(gc) => gc.trim(), (gc) => gc.close()]) {
    const { gc, told } = await watched(t);
    const buffer = gc.alloc({ nbytes: 1000, label: 'late' });
    const view = buffer.view();
    buffer.dispose();
    view[999] = 1;
    look(gc);
    assert.deepEqual(
      told.map(({ kind, label, byteOffset, expected, found }) => ({ kind, label, byteOffset, expected, found })),
      [{ kind: 'write_after_free', label: 'late', byteOffset: 999, expected: 0xdb, found: 1 }],
    );
  }
});

test('without a handler a misuse arrives where errors do', async (t) => {
  const gc = await open(t, { hardened: true });
  const errors = [];
  gc.onError((error) => errors.push(error));
  const buffer = gc.alloc(10);
  around(buffer.view()).flip(10);
  buffer.dispose();
  assert.equal(errors.length, 1);
  assert.ok(errors[0] instanceof MisuseError);
});

test('the unsubscriber takes a handler off; a handler may use the manager', async (t) => {
  const { gc, told } = await watched(t);
  let calls = 0;
  const off = gc.onMisuse(() => {
    calls += 1;
    gc.alloc(100).dispose();
  });
  const spoil = () => {
    const buffer = gc.alloc(10);
    around(buffer.view()).flip(10);
    buffer.dispose();
  };
  spoil();
  off();
  spoil();
  assert.equal(calls, 1);
  assert.equal(told.length, 2);
});

test('what is defined is no misuse: disposing twice, stale views that growth emptied, compaction, links', async (t) => {
  const { gc, told } = await watched(t, { budgetBytes: 8 * MiB });
  const next = random(7);
  const below = (end) => Math.floor(next() * end);
  let held = [];
  for (let i = 0; i < 20_000; i += 1) {
    if (held.length < 60 && below(3) > 0) {
      const buffer = gc.alloc(1 + below(100 * KiB));
      buffer.view().fill(1);
      if (held.length > 0 && below(4) === 0) gc.link(buffer, held[below(held.length)]);
      held.push(buffer);
    } else if (held.length > 0) {
      const [buffer] = held.splice(below(held.length), 1);
      assert.equal(buffer.view().at(-1), 1);
      buffer.dispose();
      buffer.dispose();
    }
    if (i % 5000 === 0) gc.collect();
  }
  for (const buffer of held) buffer.dispose();
  held = [];
  gc.collect();
  assert.equal(gc.stats().live_bytes, 0);
  assert.ok(gc.stats().peak_reserved_bytes <= 8 * MiB);
  gc.trim();
  gc.close();
  assert.deepEqual(told, []);
});

test('options.hardened is true or false', async (t) => {
  await assert.rejects(open(t, { hardened: 'full' }), InvalidArgumentError);
});

test('a core that is handed in must be the one that options.hardened asks for', async (t) => {
  const told = [];
  const gc = await open(t, { hardened: true, wasm: hardenedBytes() });
  gc.onMisuse(({ kind }) => told.push(kind));
  const buffer = gc.alloc(1000);
  const view = buffer.view();
  buffer.dispose();
  view[10] = 1;
  gc.trim();
  assert.deepEqual(told, ['write_after_free']);
  const refused = { code: 'invalid_argument', argument: 'options.wasm' };
  await assert.rejects(open(t, { hardened: true, wasm: wasmBytes() }), {
    ...refused,
    expected: /^bufgc_hardened\.wasm/,
  });
  await assert.rejects(open(t, { wasm: hardenedBytes() }), { ...refused, expected: /^bufgc\.wasm/ });
});
