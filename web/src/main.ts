// The page begins here: one engine, one session, the shell around them, and the door for scripts.
import { connectEngine } from './engine-door.js';
import './app.js';
import type { App } from './app.js';
import { Session } from './store/session.js';
import { viewerApi } from './viewer-api.js';

const session = new Session(connectEngine());
const app = document.querySelector<App>('bufgc-app')!;
app.session = session;
Object.defineProperty(window, 'viewer', { value: viewerApi(session, app), enumerable: true });
