import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  cacheDir: join(tmpdir(), 'mayfly-vitest'),
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 60_000,
          // Git and qemu-img wait for the disk, too.
          maxWorkers: 3,
          // The modules are loaded once for each worker: no test may change one, nor what the process has (environment, folder).
          isolate: false,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: 'test/rig/first-box.ts',
          setupFiles: 'test/rig/own-home.ts',
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // A VM that boots under emulation keeps a little more than one core busy: three at once took no less time than two.
          maxWorkers: 2,
        },
      },
    ],
  },
});
