// Light, dark, or as the system has it, and high contrast in either; remembered where storage is allowed.
export type ThemeSetting = 'system' | 'light' | 'dark' | 'contrast';

const KEY = 'bufgc.theme';
const systemDark = window.matchMedia('(prefers-color-scheme: dark)');
const systemContrast = window.matchMedia('(prefers-contrast: more)');

export class ThemeControl extends EventTarget {
  setting: ThemeSetting = remembered();

  constructor() {
    super();
    for (const wish of [systemDark, systemContrast]) wish.addEventListener('change', () => this.apply());
    this.apply();
  }

  get resolved(): 'light' | 'dark' {
    if (this.setting === 'light' || this.setting === 'dark') return this.setting;
    return systemDark.matches ? 'dark' : 'light';
  }

  set(setting: ThemeSetting): void {
    this.setting = setting;
    remember(KEY, setting);
    this.apply();
  }

  private apply(): void {
    const { dataset } = document.documentElement;
    dataset.theme = this.resolved;
    dataset.contrast = this.setting === 'contrast' || systemContrast.matches ? 'more' : 'normal';
    this.dispatchEvent(new Event('change'));
  }
}

function remembered(): ThemeSetting {
  const value = recall(KEY);
  return value === 'light' || value === 'dark' || value === 'contrast' ? value : 'system';
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
