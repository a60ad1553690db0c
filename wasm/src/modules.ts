// WebAssembly modules from where they are: a file in Node, an address elsewhere, or bytes handed in.
import { BufgcError, InvalidArgumentError } from './errors.js';
import type { LoadOptions } from './types.js';

type Source = NonNullable<LoadOptions['wasm']>;

const expected = "this package's file, or its address";

/** Modules by the address or the bytes that they came from: a second manager compiles nothing. */
const modulesByAddress = new Map<string, Promise<WebAssembly.Module>>();
const modulesByBytes = new WeakMap<object, Promise<WebAssembly.Module>>();

/** What an option of `load` leads to. Whatever goes wrong on the way is told as that option's fault. */
export class ModuleSource {
  readonly #from: URL | ArrayBuffer | Uint8Array;
  readonly #argument: string;

  constructor(source: Source, argument: string) {
    this.#argument = argument;
    this.#from = source instanceof ArrayBuffer || source instanceof Uint8Array ? source : addressOf(source, argument);
  }

  /** What `start` makes of the module. */
  async started<T>(start: (module: WebAssembly.Module) => T | Promise<T>): Promise<T> {
    try {
      return await start(await this.#compiled());
    } catch (error) {
      throw this.#fault(error);
    }
  }

  /** Whether `startedNow` can answer. */
  get isAtHand(): boolean {
    return !(this.#from instanceof URL) || filesNow(this.#from) !== undefined;
  }

  /** The same without waiting, where the bytes are at hand; else undefined. */
  startedNow<T>(start: (module: WebAssembly.Module) => T): T | undefined {
    const from = this.#from;
    try {
      const bytes = from instanceof URL ? filesNow(from)?.readFileSync(from) : from;
      return bytes && start(new WebAssembly.Module(bytes as BufferSource));
    } catch (error) {
      throw this.#fault(error);
    }
  }

  #compiled(): Promise<WebAssembly.Module> {
    const from = this.#from;
    if (from instanceof URL) return remembered(modulesByAddress, from.href, () => fetchAndCompile(from));
    return remembered(modulesByBytes, from, () => WebAssembly.compile(from as BufferSource));
  }

  #fault(cause: unknown): unknown {
    if (cause instanceof BufgcError) return cause;
    const from = this.#from;
    return new InvalidArgumentError(this.#argument, expected, from instanceof URL ? from.href : from, { cause });
  }
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

function addressOf(source: unknown, argument: string): URL {
  if (source instanceof URL) return source;
  const base = typeof document === 'object' ? document.baseURI : (globalThis.location?.href ?? import.meta.url);
  try {
    if (typeof source === 'string') return new URL(source, base);
  } catch {} // no address
  throw new InvalidArgumentError(argument, expected, source);
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
interface NodeFilesNow {
  readFileSync(path: URL): Uint8Array<ArrayBuffer>;
}

function nodeProcess(): NodeProcess | undefined {
  return (globalThis as { process?: NodeProcess }).process;
}

function isNode(): boolean {
  return nodeProcess()?.versions?.node !== undefined;
}

function builtin(name: string): unknown {
  return nodeProcess()?.getBuiltinModule?.(name);
}

function filesNow(address: URL): NodeFilesNow | undefined {
  return address.protocol === 'file:' ? (builtin('node:fs') as NodeFilesNow | undefined) : undefined;
}

async function nodeFiles(): Promise<NodeFiles> {
  const name = 'node:fs/promises';
  // Node before 20.16: an import that bundlers for the browser do not follow.
  return (builtin(name) ?? (await import(/* @vite-ignore */ /* webpackIgnore: true */ name))) as NodeFiles;
}
