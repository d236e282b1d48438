import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [tailwindcss()],
  build: {
    target: 'es2023',
    // The control plane forbids everything inline: no data URLs, no inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      // The router marks its files for servers that render; here nothing does.
      // What of `core` the console does not use may ask for parts of Node.
      onLog: (level, log, handler) =>
        log.code !== 'MODULE_LEVEL_DIRECTIVE' &&
        !log.message.includes('externalized for browser') &&
        handler(level, log),
    },
  },
  logLevel: 'warn',
});
