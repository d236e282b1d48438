/** Themes a person can choose; `system` follows the device. */
export type Theme = 'system' | 'light' | 'dark';
const STORED = 'sallyport-theme';
const dark = window.matchMedia('(prefers-color-scheme: dark)');

/** The theme chosen on this device. */
export function chosenTheme(): Theme {
  const stored = localStorage.getItem(STORED);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

/** Shows a theme and remembers it. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') localStorage.removeItem(STORED);
  else localStorage.setItem(STORED, theme);
  const shown = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme;
  document.documentElement.dataset['theme'] = shown;
}

dark.addEventListener('change', () => applyTheme(chosenTheme()));
applyTheme(chosenTheme());
