// The recorded traces that the page carries, as `samples.json` lists them.
import { assetBytes, hasAsset } from './assets.js';
import type { SourceFile } from './store/session.js';

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
