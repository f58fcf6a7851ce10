/**
 * Around each file of integration tests: its worker has a home, with the first base box and the archive it came from.
 * After each test nothing may be left but VMs that were to be kept; after the file, nothing at all.
 */
import { execa } from 'execa';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, expect } from 'vitest';
import { findLeaks, findLeaksBesideKeptVms } from './leaks.js';
import { firstHome, home } from './mayfly.js';

await mkdir(home, { recursive: true });
// Hard links: what is in a store never changes.
const there = await access(join(home, 'data')).then(
  () => true,
  () => false,
);
if (!there) await execa('cp', ['-al', join(firstHome, 'data'), home]);

afterEach(async () => {
  expect(await findLeaksBesideKeptVms()).toEqual([]);
});

afterAll(async () => {
  expect(await findLeaks()).toEqual([]);
});
