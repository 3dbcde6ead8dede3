import { defineConfig } from 'vitest/config';

// Vite knows "import" and "default" by itself; named here, they would reach Node, and a CommonJS `require` would get ESM.
const conditions = ['@belay/source', 'node', 'module'];
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
};
// Tests that start processes, engines and browsers are tried a second time on a busy machine; the reporter names them.
const tries = { retry: 1 };
const ignored = ['**/node_modules/**', '**/dist/**'];

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: [
            '{packages,examples}/*/src/**/*.test.{ts,tsx}',
            'bench/**/*.test.ts',
            'tools/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          exclude: [...ignored, '**/*.integration.test.ts'],
          isolate: false,
        },
      },
      {
        ...shared,
        test: {
          name: 'integration',
          include: ['packages/*/src/**/*.integration.test.ts', 'test/integration/**/*.integration.test.ts'],
          exclude: ignored,
          ...tries,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        ...shared,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.ts'],
          exclude: ignored,
          ...tries,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
