// Finds, compiles and starts the WebAssembly module: in Node, in pages and in workers, or from bytes handed in.
import createModule from 'bufgc-native';
import { InvalidArgumentError } from './errors.js';
import { ManagerImpl } from './manager.js';
import { Native, type NativeModule } from './native.js';
import { checkStableViews, takeUpFront } from './stable_views.js';
import type { LoadOptions, Manager } from './types.js';
import { budget, every, flag, optionsBag, part, wholeNumber } from './validate.js';

type Source = NonNullable<LoadOptions['wasm']>;

const defaultVisualizerEvents = 2 ** 20;
const defaultHighWaterMark = 0.5;
/** Modules by the address or the bytes that they came from: a second manager compiles nothing. */
const modulesByAddress = new Map<string, Promise<WebAssembly.Module>>();
const modulesByBytes = new WeakMap<object, Promise<WebAssembly.Module>>();

/** Loads the library and opens a manager. Each manager has a WebAssembly memory of its own. */
export async function load(options?: LoadOptions): Promise<Manager> {
  const given = optionsBag(options, 'options');
  const development = flag(given.development ?? false, 'options.development');
  const stableViews = flag(given.stableViews ?? false, 'options.stableViews');
  const settings = {
    budgetBytes: given.budgetBytes === undefined ? Infinity : budget(given.budgetBytes, 'options.budgetBytes'),
    stableViews,
    highWaterMark: part(given.highWaterMark ?? defaultHighWaterMark, 'options.highWaterMark'),
    development,
    visualizer: flag(given.visualizer ?? false, 'options.visualizer'),
    visualizerEvents: wholeNumber(given.visualizerEvents ?? defaultVisualizerEvents, 'options.visualizerEvents'),
    cache: flag(given.cache ?? true, 'options.cache'),
    compact: flag(given.compact ?? !stableViews, 'options.compact'),
    sites: every(given.sites ?? development, 'options.sites'),
  };
  if (stableViews) checkStableViews(settings.budgetBytes, given.compact);
  const native = await instantiate(await compiled(given.wasm), stableViews ? settings.budgetBytes : 0);
  return new ManagerImpl(new Native(native), native, settings);
}

/** With `upFrontBytes` above 0 the memory takes room for so many once, and never grows. */
async function instantiate(module: WebAssembly.Module, upFrontBytes: number): Promise<NativeModule> {
  return await new Promise((resolve, reject) => {
    createModule({
      // Emscripten's own finding of the file is not used; its start-up still asks for a name.
      locateFile: (name) => name,
      instantiateWasm: (imports, receive) => {
        WebAssembly.instantiate(module, imports)
          .then((instance) => {
            if (upFrontBytes > 0) takeUpFront(instance, upFrontBytes);
            receive(instance);
          })
          .catch(reject);
        return {};
      },
    }).then(resolve, reject);
  });
}

function compiled(source: LoadOptions['wasm']): Promise<WebAssembly.Module> {
  if (source instanceof ArrayBuffer || source instanceof Uint8Array) {
    return remembered(modulesByBytes, source, () => WebAssembly.compile(source as BufferSource));
  }
  const address = addressOf(source);
  return remembered(modulesByAddress, address.href, () => fetchAndCompile(address));
}

function remembered<K>(
  modules: {
    get(key: K): Promise<WebAssembly.Module> | undefined;
    set(key: K, value: Promise<WebAssembly.Module>): unknown;
    delete(key: K): unknown;
  },
  key: K,
  make: () => Promise<WebAssembly.Module>,
): Promise<WebAssembly.Module> {
  const known = modules.get(key);
  if (known !== undefined) return known;
  const module = make();
  modules.set(key, module);
  // A failure is not remembered: the next load tries again.
  module.catch(() => modules.delete(key));
  return module;
}

function addressOf(source: Exclude<Source, ArrayBuffer | Uint8Array> | undefined): URL {
  // This form is what bundlers look for to ship the file along.
  if (source === undefined) return new URL('./bufgc.wasm', import.meta.url);
  if (source instanceof URL) return source;
  if (typeof source !== 'string') {
    throw new InvalidArgumentError(
      'options.wasm',
      'an address (string or URL) or bytes (ArrayBuffer or Uint8Array)',
      source,
    );
  }
  const base = typeof document === 'object' ? document.baseURI : (globalThis.location?.href ?? import.meta.url);
  return new URL(source, base);
}

async function fetchAndCompile(address: URL): Promise<WebAssembly.Module> {
  if (address.protocol === 'file:' && isNode()) {
    const { readFile } = await nodeFiles();
    return WebAssembly.compile(await readFile(address));
  }
  const response = await fetch(address);
  if (!response.ok) throw new Error(`cannot load ${address}: HTTP status ${response.status}`);
  // Servers that do not know the type application/wasm are many: only streaming insists on it.
  if (response.headers.get('content-type')?.startsWith('application/wasm'))
    return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

interface NodeProcess {
  readonly versions?: { readonly node?: string };
  readonly getBuiltinModule?: (name: string) => unknown;
}
interface NodeFiles {
  readFile(path: URL): Promise<Uint8Array<ArrayBuffer>>;
}

function nodeProcess(): NodeProcess | undefined {
  return (globalThis as { process?: NodeProcess }).process;
}

function isNode(): boolean {
  return nodeProcess()?.versions?.node !== undefined;
}

async function nodeFiles(): Promise<NodeFiles> {
  const name = 'node:fs/promises';
  const builtin = nodeProcess()?.getBuiltinModule?.(name);
  // Node before 20.16: an import that bundlers for the browser do not follow.
  return (builtin ?? (await import(/* @vite-ignore */ /* webpackIgnore: true */ name))) as NodeFiles;
}
