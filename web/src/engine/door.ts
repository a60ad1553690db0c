// The module's memory: text and bytes go in, answers come out as values of their own.
import type { ViewerHandle, ViewerModule } from './module.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Lets messages that wait be served. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** A viewer of the module, and the way to it. */
export class Door {
  protected readonly module: ViewerModule;
  protected viewer: ViewerHandle;

  constructor(module: ViewerModule) {
    this.module = module;
    this.viewer = module._viewer_create();
  }

  // Addresses come as signed numbers: `>>> 0` makes those of the upper half of a memory of 4 GiB positive.

  protected scratch(bytes: Uint8Array): void {
    const at = this.module._viewer_scratch(bytes.length) >>> 0;
    this.module.HEAPU8.set(bytes, at);
  }
  protected scratchText(text: string): void {
    this.scratch(encoder.encode(text));
  }
  protected textBytes(viewer = this.viewer): Uint8Array<ArrayBuffer> {
    const at = this.module._viewer_text(viewer) >>> 0;
    return this.module.HEAPU8.slice(at, at + this.module._viewer_text_size(viewer));
  }
  protected text(viewer = this.viewer): string {
    return decoder.decode(this.textBytes(viewer));
  }
  protected json<Value>(viewer = this.viewer): Value {
    return JSON.parse(this.text(viewer)) as Value;
  }
  protected numbers(viewer = this.viewer): Float64Array<ArrayBuffer> {
    const count = this.module._viewer_numbers_size(viewer);
    const at = this.module._viewer_numbers(viewer) >>> 0;
    return new Float64Array(this.module.HEAPU8.slice(at, at + count * 8).buffer);
  }
  protected failure(viewer: ViewerHandle): Error {
    this.module._viewer_error(viewer);
    const { name, message } = this.json<{ name: string; message: string }>(viewer);
    return new Error(`${name}: ${message}`);
  }
}
