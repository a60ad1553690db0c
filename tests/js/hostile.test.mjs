// Random arguments to everything public. BUFGC_ARGUMENTS and BUFGC_SEED: a longer run, another one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostileProgram } from './hostile_program.mjs';
import { MiB } from './package.mjs';

const steps = Number(process.env.BUFGC_ARGUMENTS ?? 12_000);
const seed = Number(process.env.BUFGC_SEED ?? 1);
const worlds = {
  plain: {},
  'with the visualizer': { visualizer: true, visualizerEvents: 2000 },
  'with sites': { sites: true },
  'with stable views': { stableViews: true, budgetBytes: 8 * MiB },
  hardened: { hardened: true },
  'without cache and compaction': { cache: false, compact: false },
};

for (const [world, [name, options]] of Object.entries(worlds).entries()) {
  test(`random arguments, ${name}: only typed errors, figures that hold, nothing left`, {
    timeout: 60_000 + 10 * steps,
  }, async (t) => {
    const program = new HostileProgram(seed * Object.keys(worlds).length + world);
    const share = Math.ceil(steps / Object.keys(worlds).length);
    try {
      await program.run(options, share);
    } finally {
      const sum = (counts) => [...counts.values()].reduce((total, count) => total + count, 0);
      t.diagnostic(`seed ${seed}, ${share} steps: ${sum(program.answered)} answered, ${sum(program.refused)} refused`);
    }
    // Each question is both answered and refused by somebody, or it was not asked as it should be.
    assert.ok(
      program.answered.size > 40 && program.refused.size > 20,
      `${program.answered.size} ${program.refused.size}`,
    );
  });
}
