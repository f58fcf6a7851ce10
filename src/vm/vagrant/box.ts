/** A base box as Vagrant takes it in: a tar, described by a metadata file with a version and a checksum. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, symlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeScratch } from '../../process/scratch.js';
import { run, which } from '../../process/run.js';
import { deleteVolume, ensureBoxVolume, publishVolume } from '../libvirt/pool.js';
import { listVolumes } from '../libvirt/volumes.js';
import type { BoxFiles } from '../provider.js';
import { vagrant } from './command.js';
import { SYSTEM, vagrantBox, vagrantBoxVolume } from './vagrantfile.js';

/** What is in the tar (vagrant-libvirt's README, "Box Format"). Pure. @param bytes of the disk as the guest sees it */
export function boxMetadata(bytes: number): string {
  const gibibytes = Math.ceil(bytes / 2 ** 30);
  return `${JSON.stringify({ provider: 'libvirt', format: 'qcow2', virtual_size: gibibytes })}\n`;
}

/** What `vagrant box add` is given. Pure. */
export function boxCatalog(fingerprint: string, file: string, sha256: string): string {
  const { name, version } = vagrantBox(fingerprint);
  const provider = {
    name: 'libvirt',
    url: pathToFileURL(file).href,
    checksum_type: 'sha256',
    checksum: sha256,
  };
  return `${JSON.stringify({ name, versions: [{ version, providers: [provider] }] }, null, 2)}\n`;
}

/** Whether Vagrant has the box, by what `vagrant box list --machine-readable` prints. Pure. */
export function hasBox(listing: string, fingerprint: string): boolean {
  const { name, version } = vagrantBox(fingerprint);
  return new RegExp(
    `,box-name,${name}\\n[^\\n]*,box-provider,libvirt\\n[^\\n]*,box-version,${version}\\n`,
  ).test(`${listing}\n`);
}

/** Gives the box to Vagrant and its plug-in, unless they have it. @param id of the VM that wants it @param scratch folder on a disk */
export async function ensureVagrantBox(
  box: BoxFiles,
  id: string,
  scratch: string,
  signal: AbortSignal,
): Promise<void> {
  await ensurePluginVolume(box, id, signal);
  await ensureInVagrant(box, scratch, signal);
}

/**
 * The plug-in takes a volume of the box's name for the whole box, also one that it was still uploading when it was
 * killed. So it finds one that appeared in one step.
 */
async function ensurePluginVolume(box: BoxFiles, id: string, signal: AbortSignal): Promise<void> {
  const name = vagrantBoxVolume(box.fingerprint);
  if ((await listVolumes(SYSTEM)).includes(name)) return;
  const backing = await ensureBoxVolume(SYSTEM, box, id, signal);
  await publishVolume(SYSTEM, { name, bytes: box.diskBytes, format: 'qcow2', backing }, signal);
}

async function ensureInVagrant(box: BoxFiles, scratch: string, signal: AbortSignal): Promise<void> {
  const list = await vagrant(['box', 'list', '--machine-readable'], { cwd: scratch, signal });
  if (hasBox(list.stdout, box.fingerprint)) return;
  await using folder = await makeScratch(scratch, 0o700);
  const cwd = folder.path;
  await writeFile(join(cwd, 'metadata.json'), boxMetadata(box.diskBytes));
  await writeFile(
    join(cwd, 'Vagrantfile'),
    "Vagrant.configure('2') { |config| config.vm.guest = :debian }\n",
  );
  await link(box.disk, join(cwd, 'box.img')).catch(() => symlink(box.disk, join(cwd, 'box.img')));
  const parts = ['metadata.json', 'Vagrantfile', 'box.img'];
  await run('tar', ['--create', '--dereference', '--file', 'mayfly.box', '--', ...parts], { cwd, signal });
  const file = join(cwd, 'mayfly.box');
  await writeFile(join(cwd, 'catalog.json'), boxCatalog(box.fingerprint, file, await sha256Of(file)));
  await vagrant(['box', 'add', '--provider', 'libvirt', '--force', 'catalog.json'], { cwd, signal });
  await rm(file);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Removes the box from Vagrant, and the volume of its plug-in, which stands on that of ensureBoxVolume. */
export async function removeVagrantBox(fingerprint: string, cwd: string): Promise<void> {
  if (which('vagrant') !== undefined) await removeFromVagrant(fingerprint, cwd);
  const volume = vagrantBoxVolume(fingerprint);
  if ((await listVolumes(SYSTEM)).includes(volume)) await deleteVolume(SYSTEM, volume);
}

async function removeFromVagrant(fingerprint: string, cwd: string): Promise<void> {
  const list = await vagrant(['box', 'list', '--machine-readable'], { cwd });
  const { name } = vagrantBox(fingerprint);
  if (!hasBox(list.stdout, fingerprint)) return;
  await vagrant(['box', 'remove', name, '--provider', 'libvirt', '--all', '--force'], { cwd });
}
