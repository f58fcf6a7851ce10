/** Shares of real checkouts, and what a guest does with them. */
import { join } from 'node:path';
import { inspectCheckout } from '../../../src/source/inspect.js';
import { makeSourceShare, type SourceShare } from '../../../src/source/share.js';
import { git, temporaryFolder, topicRepository } from './repository.js';

export async function topic(): Promise<string> {
  return await topicRepository(join(await temporaryFolder(), 'project'));
}

export async function share(
  root: string,
  options: { merge?: boolean; destination?: string } = {},
): Promise<SourceShare> {
  const destination = options.destination ?? join(await temporaryFolder(), 'deep', 'share dïr');
  const merge = options.merge ?? true;
  return await makeSourceShare(await inspectCheckout(root), destination, { merge });
}

/** What the build script does in the VM: clone, check out the commit. */
export async function cloneInGuest(from: SourceShare): Promise<string> {
  const folder = await temporaryFolder();
  await git(folder, 'clone', '--quiet', '--shared', '--no-checkout', from.directory, 'clone');
  const clone = join(folder, 'clone');
  await git(clone, 'checkout', '--quiet', '--detach', from.commit);
  return clone;
}
