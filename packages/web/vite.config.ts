import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [preact({ devToolsEnabled: false, reactAliasesEnabled: false })],
  resolve: { conditions: ['@belay/source', 'browser', 'module', 'import', 'default'] },
  build: {
    target: ['chrome111', 'firefox115', 'safari16.4'],
    // Nothing is inlined as a data: URL, which the content security policy would refuse.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { port: 4601, proxy: { '/api': process.env['BELAY_URL'] ?? 'http://localhost:4600' } },
});
