/**
 * Before all integration tests: the base box that most of them use, so that no two make it at once. Where root runs the
 * tests, root makes it, before they begin (scripts/first-box.sh): a test that makes it again compares their bytes.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { firstHome, mayfly } from './mayfly.js';
import { makeProject } from './project.js';

export async function setup(): Promise<void> {
  const boxes = await readdir(join(firstHome, 'data/boxes')).catch(() => []);
  if (boxes.length > 0) return;
  const project = await makeProject({ build: ':' });
  const made = await mayfly(['box', 'create'], { cwd: project.path });
  if (made.exitCode !== 0) throw new Error(`The first base box could not be made:\n${made.all}`);
}
