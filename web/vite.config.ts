/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compressed } from './scripts/compress.mjs';

// One build serves every path prefix: assets are relative, and the server writes the <base> of the page.
export default defineConfig({
  base: './',
  plugins: [react(), compressed()],
  build: {
    outDir: '../src/quarterdeck/server/web',
    emptyOutDir: true,
    target: 'es2022',
    manifest: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:4321', '/v1': 'http://127.0.0.1:4321', '/healthz': 'http://127.0.0.1:4321' } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
