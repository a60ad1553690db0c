// What the page opens: the names of trace files, and the recorded traces that it carries, as `samples.json` lists them.
import { assetBytes, hasAsset } from './assets.js';
import type { SourceFile } from './store/session.js';

/** How the names of trace files end, as a file input wants to know. */
export const TRACE_FILES = '.ndjson,.bufgc,.pickle,.pkl,.gz,.csv,.json,.jsonl,.txt';

export interface Sample {
  name: string;
  title: string;
  description: string;
  file: string;
}

const PREFIX = 'samples/';

export function samples(): Sample[] {
  if (!hasAsset(`${PREFIX}samples.json`)) return [];
  const all = JSON.parse(new TextDecoder().decode(assetBytes(`${PREFIX}samples.json`))) as Sample[];
  return all.filter(({ file }) => hasAsset(PREFIX + file));
}

export const sampleFiles = ({ file }: Sample): SourceFile[] => [{ name: file, bytes: assetBytes(PREFIX + file) }];
