// Modules that build.mjs resolves.
declare module '#engine' {
  import type { Engine } from './engine/protocol.js';
  export const createEngine: (() => Engine) | undefined;
}
declare module '#lab' {}
declare module '*.css' {
  const text: string;
  export default text;
}
