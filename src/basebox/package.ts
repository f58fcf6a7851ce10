/**
 * A base box as one file: a raw disk, a qcow2 disk, or a Vagrant box. A Vagrant box is a tar of what
 * vagrant-libvirt wants (metadata.json, Vagrantfile, box.img) and of what mayfly needs to take it
 * into a store again (info.json, which `vagrant box list --box-info` shows, and the rest). The same
 * box gives the same bytes, on hosts with the same QEMU: the disk in it is compressed by qemu-img.
 */
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { boxFiles } from '../paths.js';
import { ownerOf } from '../process/owner.js';
import { run } from '../process/run.js';
import { SAME_BYTES } from '../process/tar.js';
import type { BoxFormat } from './formats.js';
import type { Box, BoxRecord } from './store.js';

/** What of a box's record is the same wherever it was made. */
export type BoxInfo = Pick<
  BoxRecord,
  'schema' | 'fingerprint' | 'label' | 'diskSha256' | 'diskBytes' | 'bootSha256' | 'inputs' | 'packageCount'
>;

export function boxInfo(record: BoxRecord): BoxInfo {
  const { schema, fingerprint, label, diskSha256, diskBytes, bootSha256, inputs, packageCount } = record;
  return { schema, fingerprint, label, diskSha256, diskBytes, bootSha256, inputs, packageCount };
}

/** Names in a Vagrant box, in order. vagrant-libvirt's docs (Box Format) give the first three. */
export const packageFiles = {
  metadata: 'metadata.json',
  vagrantfile: 'Vagrantfile',
  disk: 'box.img',
  info: 'info.json',
} as const;

/** The files of a box that travel as they are. */
const CARRIED = [boxFiles.kernel, boxFiles.initrd, boxFiles.packages, boxFiles.files] as const;

const GIB = 2 ** 30;

/** vagrant-libvirt counts the size in GiB. Pure. */
export function vagrantMetadata(diskBytes: number): string {
  return `${JSON.stringify({ provider: 'libvirt', format: 'qcow2', virtual_size: Math.ceil(diskBytes / GIB) })}\n`;
}

/** What a person's own Vagrantfile need not say. Pure. */
export function boxVagrantfile(): string {
  return `Vagrant.configure("2") do |config|
  config.vm.guest = :debian
  config.vm.synced_folder ".", "/vagrant", disabled: true
  config.vm.provider :libvirt do |libvirt|
    libvirt.disk_bus = "virtio"
    libvirt.video_type = "none"
    libvirt.graphics_type = "none"
  end
end
`;
}

/** Writes the box to a file, whole or not at all. @param scratch an empty folder, the caller's */
export async function exportBox(
  box: Box,
  format: BoxFormat,
  target: string,
  scratch: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.new`);
  const disk = join(box.folder, boxFiles.disk);
  await removeAbandoned(target);
  try {
    if (format === 'vagrant') await packVagrant(box, temporary, scratch, signal);
    else if (format === 'qcow2') await copyFile(disk, temporary);
    else await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', disk, temporary], { signal });
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** What a killed export to the same file left beside it: no process has its number any more. */
async function removeAbandoned(target: string): Promise<void> {
  const [folder, start] = [dirname(target), `.${basename(target)}.`];
  for (const name of await readdir(folder)) {
    const pid = /^(\d+)\.new$/.exec(name.startsWith(start) ? name.slice(start.length) : '')?.[1];
    if (pid !== undefined && (await ownerOf(Number(pid))) === undefined) await rm(join(folder, name));
  }
}

async function packVagrant(box: Box, target: string, scratch: string, signal: AbortSignal): Promise<void> {
  const put = (name: string, text: string): Promise<void> => writeFile(join(scratch, name), text);
  await put(packageFiles.metadata, vagrantMetadata(box.record.diskBytes));
  await put(packageFiles.vagrantfile, boxVagrantfile());
  await put(packageFiles.info, `${JSON.stringify(boxInfo(box.record), null, 2)}\n`);
  await run('tar', packArguments(scratch, box.folder, target), { signal });
}

/** Arguments of tar(1). Pure. */
export function packArguments(scratch: string, box: string, output: string): readonly string[] {
  return [
    '--create',
    ...['--file', output],
    ...SAME_BYTES,
    ...['--directory', scratch],
    packageFiles.metadata,
    packageFiles.vagrantfile,
    packageFiles.info,
    `--transform=s,^${boxFiles.disk.replaceAll('.', '[.]')}$,${packageFiles.disk},`,
    ...['--directory', box],
    boxFiles.disk,
    ...CARRIED,
  ];
}
