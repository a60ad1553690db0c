// The plan behind the view of what could be reused: made in slices, told of, cancelled, gone on with.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skip, start } from './viewer-engine.mjs';

/** Buffers of many sizes, of which a thousand live at a time and the oldest goes. */
function churn(buffers) {
  const lines = [];
  for (let id = 0; id < buffers; id += 1) {
    const size = 64 * (1 + ((id * 7919) % 500));
    lines.push(
      `{"t":${lines.length},"op":"alloc","id":${id},"size":${size},"addr":"0x${(id * 32768 + 65536).toString(16)}"}`,
    );
    if (id >= 1000) lines.push(`{"t":${lines.length},"op":"free","id":${id - 1000}}`);
  }
  return new TextEncoder().encode(`${lines.join('\n')}\n`);
}
const open = async (buffers) => {
  const session = await start();
  const summary = await session.open([{ name: 'churn.ndjson', bytes: churn(buffers) }], () => {});
  return { session, summary };
};
const turn = () => new Promise((resolve) => setTimeout(resolve));

test('a plan gives way to other requests, and tells how far it is', { skip }, async () => {
  const { session, summary } = await open(60_000);
  const shares = [];
  let made = false;
  const plan = session.reuse((share) => shares.push(share)).finally(() => (made = true));
  await turn();
  assert.equal(made, false);
  assert.equal(session.summary().events, summary.events);
  const { least, planned, actual, saved, pairs, allPairs } = await plan;
  assert.equal(least, summary.max_live_bytes);
  assert.ok(planned >= least && planned < 2 * least);
  assert.equal(saved, Math.max(0, actual - planned));
  assert.equal(pairs.length, 100);
  assert.ok(allPairs > 50_000);
  assert.ok(shares.length > 5);
  assert.deepEqual(
    shares,
    [...shares].sort((a, b) => a - b),
  );
  assert.ok(shares.every((share) => share > 0 && share < 1));
  // It is kept.
  const again = [];
  await session.reuse((share) => again.push(share));
  assert.deepEqual(again, []);
});

test('a plan that is cancelled goes on where it stopped', { skip }, async () => {
  const { session } = await open(60_000);
  const before = [];
  const plan = session.reuse((share) => before.push(share));
  await turn();
  session.cancelReuse();
  await assert.rejects(plan, { name: 'AbortError' });
  const after = [];
  const { pairs } = await session.reuse((share) => after.push(share));
  assert.ok(after[0] > before.at(-1));
  assert.equal(pairs.length, 100);
});

test('another trace ends the plan of the one before', { skip }, async () => {
  const { session } = await open(60_000);
  const plan = session.reuse();
  const refused = assert.rejects(plan, { name: 'AbortError' });
  await turn();
  await session.open([{ name: 'small.ndjson', bytes: churn(10) }], () => {});
  await refused;
  assert.equal((await session.reuse()).actual, session.summary().max_live_bytes);
});

test('of a trace that grows a plan is about the events that were there, and the next one about all', {
  skip,
}, async () => {
  const session = await start();
  session.openLive('live');
  const bytes = churn(60_000);
  const half = bytes.lastIndexOf(10, bytes.length / 2) + 1;
  session.feed(bytes.subarray(0, half));
  const { max_live_bytes: before } = session.summary();
  const plan = session.reuse();
  await turn();
  session.feed(bytes.subarray(half));
  assert.equal((await plan).least, before);
  assert.equal((await session.reuse()).least, session.summary().max_live_bytes);
});
