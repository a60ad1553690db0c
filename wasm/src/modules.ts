// WebAssembly modules from where they are: a file in Node, an address elsewhere, or bytes handed in.
import { InvalidArgumentError } from './errors.js';
import type { LoadOptions } from './types.js';

type Source = NonNullable<LoadOptions['wasm']>;

/** Modules by the address or the bytes that they came from: a second manager compiles nothing. */
const modulesByAddress = new Map<string, Promise<WebAssembly.Module>>();
const modulesByBytes = new WeakMap<object, Promise<WebAssembly.Module>>();

export class ModuleSource {
  readonly #from: URL | ArrayBuffer | Uint8Array;

  constructor(source: Source, argument: string) {
    this.#from = source instanceof ArrayBuffer || source instanceof Uint8Array ? source : addressOf(source, argument);
  }

  compiled(): Promise<WebAssembly.Module> {
    const from = this.#from;
    if (from instanceof URL) return remembered(modulesByAddress, from.href, () => fetchAndCompile(from));
    return remembered(modulesByBytes, from, () => WebAssembly.compile(from as BufferSource));
  }

  /** Whether `compiledNow` can answer. */
  get isAtHand(): boolean {
    return !(this.#from instanceof URL) || filesNow(this.#from) !== undefined;
  }

  /** The same without waiting, where the bytes are at hand; else undefined. */
  compiledNow(): WebAssembly.Module | undefined {
    const from = this.#from;
    if (!(from instanceof URL)) return new WebAssembly.Module(from as BufferSource);
    const files = filesNow(from);
    return files === undefined ? undefined : new WebAssembly.Module(files.readFileSync(from));
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
  if (typeof source !== 'string') {
    throw new InvalidArgumentError(argument, 'an address (string or URL) or bytes (ArrayBuffer or Uint8Array)', source);
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
