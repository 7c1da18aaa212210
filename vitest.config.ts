import { defineConfig } from 'vitest/config';

const unit = ['base', 'api', 'client', 'control-plane', 'node-agent', 'host', 'cli', 'tools'].map(
  (room) => `${room}/**/*.test.ts`,
);

/** Contract suites on a real etcd run where there is one in a container. */
const onEtcd = 'test/contract/**/*-etcd.test.ts';

export default defineConfig({
  test: {
    // Both cores of a small machine; by itself vitest leaves one idle.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: [...unit, 'test/{contract,harness}/**/*.test.ts'],
          exclude: [onEtcd],
          testTimeout: 15_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', onEtcd],
          globalSetup: 'test/integration/setup.ts',
          // Some of them look at how long others wait.
          fileParallelism: false,
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
      {
        test: {
          name: 'vm',
          include: ['test/vm/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
