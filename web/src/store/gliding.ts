// Moves from one range to another in 120 ms, so that the eye keeps its place; at once where motion is
// unwanted.
import type { View } from '../engine/protocol.js';
import { mixViews } from './view.js';

const GLIDE_MS = 120;
const stillPreferred = window.matchMedia('(prefers-reduced-motion: reduce)');

export class Gliding {
  private under: { goal: View } | null = null;

  constructor(private readonly move: (view: View) => void) {}

  /** Where the movement under way ends. */
  get goal(): View | null {
    return this.under?.goal ?? null;
  }

  stop(): void {
    this.under = null;
  }

  /** Resolves when it has arrived or another movement has taken its place. */
  async start(start: View, goal: View): Promise<void> {
    if (stillPreferred.matches) {
      this.stop();
      this.move(goal);
      return;
    }
    const begin = performance.now();
    const glide = { goal };
    this.under = glide;
    await new Promise<void>((resolve) => {
      const step = (now: number) => {
        if (this.under !== glide) return resolve();
        const share = Math.min(1, Math.max(0, (now - begin) / GLIDE_MS));
        if (share === 1) this.stop();
        this.move(share === 1 ? goal : mixViews(start, goal, 1 - (1 - share) ** 3));
        if (share === 1) return resolve();
        requestAnimationFrame(step);
      };
      requestAnimationFrame(step);
    });
  }
}
