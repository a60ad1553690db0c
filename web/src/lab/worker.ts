// The lab's worker: loads the package from the bytes it is handed, so that it works from
// `file://`, and runs the workloads off the page's thread.
import { load } from 'bufgc';
import { LabHost } from './lab-host';
import type { LabCommand, LabReport } from './protocol';

const scope = self as unknown as {
  postMessage(report: LabReport, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<LabCommand>) => void): void;
};

// A message to oneself is a macrotask without the 4 ms that nested timers cost.
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();
const turn = () =>
  new Promise<void>((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });

const host = new LabHost({ load, turn, post: (report, transfer) => scope.postMessage(report, transfer) });
scope.addEventListener('message', ({ data }) => void host.handle(data));
