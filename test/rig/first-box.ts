/** Before all integration tests: the base box that most of them use, so that no two make it at once. */
import { mayfly } from './mayfly.js';
import { makeProject } from './project.js';

export async function setup(): Promise<void> {
  const project = await makeProject({ build: ':' });
  const made = await mayfly(['box', 'create'], { cwd: project.path });
  if (made.exitCode !== 0) throw new Error(`The first base box could not be made:\n${made.all}`);
}
