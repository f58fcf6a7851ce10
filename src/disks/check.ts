/** Whether a disk image is whole, by its own tables. Its content, and the images below it, are not read. */
import { run } from '../process/run.js';

/** qemu-img(1), check: clusters that nobody uses are a waste of room and nothing else. */
const LEAKED = 3;
/** It could not be checked, or it has errors. */
const BROKEN: readonly number[] = [1, 2];

export async function isWhole(path: string): Promise<boolean> {
  const { exitCode } = await run('qemu-img', ['check', '-q', '-f', 'qcow2', path], {
    accept: [0, ...BROKEN, LEAKED],
  });
  return !BROKEN.includes(exitCode);
}
