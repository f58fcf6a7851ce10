/** Copies of base boxes on other hosts: noted when one is made, so that they go when the box goes. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode, messageOf } from '../../errors.js';
import { copiesFile, lockFile } from '../../paths.js';
import { lock, type Lock } from '../../process/lock.js';
import { boxVolume, isStoodOn, removeBoxVolumes } from '../../vm/libvirt/pool.js';
import { removeVagrantBox } from '../../vm/vagrant/box.js';
import { SYSTEM, vagrantBoxVolume } from '../../vm/vagrant/vagrantfile.js';
import type { Context } from '../context.js';

/** One line for each: fingerprint, URI. */
async function readCopies(context: Context): Promise<readonly string[]> {
  try {
    return (await readFile(copiesFile(context.home), 'utf8')).split('\n').filter((line) => line !== '');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** libvirt's URIs that VMs of this person's used, or were to use. */
export async function notedConnections(context: Context): Promise<readonly string[]> {
  const uris = (await readCopies(context)).map((line) => line.slice(line.indexOf(' ') + 1));
  return [...new Set(uris)].sort();
}

/** Fingerprints of the boxes that have copies elsewhere. */
export async function copiedBoxes(context: Context): Promise<readonly string[]> {
  const boxes = (await readCopies(context)).map((line) => line.slice(0, line.indexOf(' ')));
  return [...new Set(boxes)].sort();
}

const holdNotes = (context: Context): Promise<Lock> =>
  lock(lockFile(context.home, 'box-copies'), { purpose: 'notes copies of base boxes' });

const lineOf = (fingerprint: string, uri: string): string => `${fingerprint} ${uri}`;

/** Before the copy is made: what is noted need not be there, what is there must be noted. */
export async function noteCopy(context: Context, fingerprint: string, uri: string): Promise<void> {
  const path = copiesFile(context.home);
  await mkdir(dirname(path), { recursive: true });
  await using _held = await holdNotes(context);
  if ((await readCopies(context)).includes(lineOf(fingerprint, uri))) return;
  await writeFile(path, `${lineOf(fingerprint, uri)}\n`, { flag: 'a' });
}

/** Removes the copies of a box; one that cannot be removed now is told, and stays noted. */
export async function removeCopies(context: Context, fingerprint: string): Promise<void> {
  const noted = await readCopies(context);
  const removed = new Set<string>();
  for (const line of noted.filter((candidate) => candidate.startsWith(`${fingerprint} `))) {
    const uri = line.slice(fingerprint.length + 1);
    try {
      // Of either provider: before anything goes, as a VM is lost without what it stands on.
      if (await isStoodOn(uri, [boxVolume(fingerprint), vagrantBoxVolume(fingerprint)])) {
        warn(context, `The copy of the base box ${fingerprint} at ${uri} is in use and stays.`);
        continue;
      }
      // First what stands on the other.
      if (uri === SYSTEM) await removeVagrantBox(fingerprint, dirname(copiesFile(context.home)));
      await removeBoxVolumes(uri, fingerprint);
      removed.add(line);
    } catch (error) {
      warn(context, `The copy of the base box ${fingerprint} at ${uri} stays: ${messageOf(error)}`);
    }
  }
  if (removed.size === 0) return;
  await using _held = await holdNotes(context);
  // Others may have been noted meanwhile.
  const left = (await readCopies(context)).filter((line) => !removed.has(line)).map((line) => `${line}\n`);
  await writeFile(copiesFile(context.home), left.join(''));
}

function warn(context: Context, text: string): void {
  context.report({ type: 'notice', level: 'warning', text });
}
