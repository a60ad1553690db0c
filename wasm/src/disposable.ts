// `Symbol.dispose` where the engine lacks it, defined as the standard defines it, so that `using`
// (compiled by TypeScript or esbuild) finds the same symbol that the classes here carry.
if (globalThis.Symbol.dispose === undefined) {
  Object.defineProperty(globalThis.Symbol, 'dispose', { value: globalThis.Symbol('Symbol.dispose') });
}

export const dispose: typeof Symbol.dispose = Symbol.dispose;
