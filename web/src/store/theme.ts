// Light, dark, or as the system has it; remembered where storage is allowed.
export type ThemeSetting = 'system' | 'light' | 'dark';

const KEY = 'bufgc.theme';
const systemDark = window.matchMedia('(prefers-color-scheme: dark)');

export class ThemeControl extends EventTarget {
  setting: ThemeSetting = remembered();

  constructor() {
    super();
    systemDark.addEventListener('change', () => this.apply());
    this.apply();
  }

  get resolved(): 'light' | 'dark' {
    if (this.setting !== 'system') return this.setting;
    return systemDark.matches ? 'dark' : 'light';
  }

  set(setting: ThemeSetting): void {
    this.setting = setting;
    remember(KEY, setting);
    this.apply();
  }

  private apply(): void {
    document.documentElement.dataset.theme = this.resolved;
    this.dispatchEvent(new Event('change'));
  }
}

function remembered(): ThemeSetting {
  const value = recall(KEY);
  return value === 'light' || value === 'dark' ? value : 'system';
}

/** Storage may be forbidden (`file://`, private windows): then nothing is remembered. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Nothing is lost but the memory of it.
  }
}

export const theme = new ThemeControl();
