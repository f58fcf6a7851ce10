/**
 * Around each file of integration tests: its worker has a home, with the first base box and the archive it came from.
 * After each test nothing may be left but VMs that were to be kept; after the file, nothing at all.
 */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, expect } from 'vitest';
import { giveFirstBox } from './first-home.js';
import { findLeaks, findLeaksBesideKeptVms } from './leaks.js';
import { home, mayfly } from './mayfly.js';

const there = await access(join(home, 'data')).then(
  () => true,
  () => false,
);
if (!there) await giveFirstBox();

afterEach(async () => {
  expect(await findLeaksBesideKeptVms()).toEqual([]);
});

afterAll(async () => {
  const leaks = await findLeaks();
  // What a test that failed has left does not outlive its file.
  for (const id of await readdir(join(home, 'state/vms')).catch(() => [])) {
    await mayfly(['vm', 'destroy', id], { cwd: home });
  }
  expect(leaks).toEqual([]);
});
