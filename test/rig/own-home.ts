/** Before each file of integration tests: its worker has a home, with the first base box and the archive it came from. */
import { execa } from 'execa';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { firstHome, home } from './mayfly.js';

await mkdir(home, { recursive: true });
// Hard links: what is in a store never changes.
const there = await access(join(home, 'data')).then(
  () => true,
  () => false,
);
if (!there) await execa('cp', ['-al', join(firstHome, 'data'), home]);
