/** What a worker's home begins with: the first base box of the run, and the archive that it came from. */
import { execa } from 'execa';
import { mkdir } from 'node:fs/promises';
import { firstHome, home } from './mayfly.js';

/** Also brings back what a test removed. Hard links: what is in a store never changes. */
export async function giveFirstBox(): Promise<void> {
  await mkdir(home, { recursive: true });
  await execa('cp', ['--archive', '--link', '--no-clobber', `${firstHome}/data`, home]);
}
