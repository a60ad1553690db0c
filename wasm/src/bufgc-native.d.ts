/** Emscripten's start-up: `bufgc.mjs` of the CMake build, which wasm/build.mjs puts in its place. */
declare module 'bufgc-native' {
  const createModule: (options: {
    instantiateWasm: (imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance) => void) => object;
    locateFile: (name: string) => string;
  }) => Promise<import('./native.js').NativeModule>;
  export default createModule;
}
