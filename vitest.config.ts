import { defineConfig } from 'vitest/config';

const unit = ['base', 'api', 'client', 'control-plane', 'node-agent', 'host', 'cli', 'tools'].map(
  (room) => `${room}/**/*.test.ts`,
);

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: [...unit, 'test/{contract,harness}/**/*.test.ts'], testTimeout: 15_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: 'test/integration/setup.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: 'sim', include: ['test/sim/**/*.test.ts'], testTimeout: 300_000 } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
