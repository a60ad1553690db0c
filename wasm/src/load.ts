// Loads the library: checks the options, starts the core, and opens a manager.
import { Annex } from './annex.js';
import { InvalidArgumentError } from './errors.js';
import { startCore } from './instance.js';
import { ManagerImpl } from './manager.js';
import { ModuleSource } from './modules.js';
import { Native } from './native.js';
import { bytesUpFront, checkStableViews } from './stable_views.js';
import type { LoadOptions, Manager } from './types.js';
import { budget, every, flag, optionsBag, part, wholeNumber } from './validate.js';

const defaultVisualizerEvents = 2 ** 20;
const defaultHighWaterMark = 0.5;

/** Loads the library and opens a manager. Each manager has a WebAssembly memory of its own. */
export async function load(options?: LoadOptions): Promise<Manager> {
  const given = optionsBag(options, 'options');
  const development = flag(given.development ?? false, 'options.development');
  const hardened = flag(given.hardened ?? false, 'options.hardened');
  const stableViews = flag(given.stableViews ?? false, 'options.stableViews');
  const settings = {
    budgetBytes: given.budgetBytes === undefined ? Infinity : budget(given.budgetBytes, 'options.budgetBytes'),
    stableViews,
    highWaterMark: part(given.highWaterMark ?? defaultHighWaterMark, 'options.highWaterMark'),
    // A file of its own, which few programs load.
    development: development ? await import('./development.js') : null,
    visualizer: flag(given.visualizer ?? false, 'options.visualizer'),
    visualizerEvents: wholeNumber(given.visualizerEvents ?? defaultVisualizerEvents, 'options.visualizerEvents'),
    cache: flag(given.cache ?? true, 'options.cache'),
    compact: flag(given.compact ?? !stableViews, 'options.compact'),
    sites: every(given.sites ?? (development || hardened), 'options.sites'),
  };
  if (stableViews) checkStableViews(settings.budgetBytes, given.compact);
  // These forms are what bundlers look for to ship the files along.
  const coreAddress = hardened
    ? new URL('./bufgc_hardened.wasm', import.meta.url)
    : new URL('./bufgc.wasm', import.meta.url);
  const coreSource = new ModuleSource(given.wasm ?? coreAddress, 'options.wasm');
  const annexSource = new ModuleSource(given.annex ?? new URL('./bufgc_annex.wasm', import.meta.url), 'options.annex');
  const core = await coreSource.started((module) =>
    startCore(module, stableViews ? bytesUpFront(settings.budgetBytes) : 0),
  );
  if ('bufgc_misuse_text' in core.exports !== hardened) {
    const expected = `${hardened ? 'bufgc_hardened.wasm' : 'bufgc.wasm'}, since options.hardened is ${hardened}`;
    throw new InvalidArgumentError('options.wasm', expected, given.wasm);
  }
  const annex = new Annex(core, annexSource, settings.visualizerEvents);
  await (settings.visualizer ? annex.ready : annex.prepare());
  return new ManagerImpl(new Native(core), annex, settings);
}
