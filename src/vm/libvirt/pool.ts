/**
 * Volumes in a storage pool of libvirt, for hosts whose QEMU cannot read this person's files. All names begin
 * with `mayfly-`:
 *
 *   mayfly-box-FINGERPRINT.qcow2               a base box, complete: an empty overlay over the next
 *   mayfly-box-FINGERPRINT-data-ID.qcow2       what was uploaded, by the start of that VM
 *   mayfly-FINGERPRINT_vagrant_box_image_*     an empty overlay over the first, for Vagrant's plug-in (vagrant/box.ts)
 *   mayfly-vm-ID.qcow2, -handover, -artifacts  disks of one VM
 *   mayfly-vm-ID-console.raw                   what its serial console says (libvirt's log daemon adds .0, .1, …)
 *   mayfly-cache-NAME-*                        see pool-caches.ts
 *
 * libvirt cannot rename a volume. What must appear whole, in one step, is published: an empty overlay is made over it,
 * which fails when another made it first.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MayflyError } from '../../errors.js';
import { CommandError } from '../../process/command-error.js';
import type { BoxFiles } from '../provider.js';
import { namesIn, virsh } from './connection.js';
import { describeVolumes, listVolumes, listVolumesAnew, POOL } from './volumes.js';
import { element, textElement } from './xml.js';

export interface NewVolume {
  readonly name: string;
  /** Bytes, as the guest sees it. */
  readonly bytes: number;
  readonly format: 'qcow2' | 'raw';
  /** Name of the qcow2 volume below it. */
  readonly backing?: string;
}

/** Pure. */
export function createArguments({ name, bytes, format, backing }: NewVolume): readonly string[] {
  const below = backing === undefined ? [] : ['--backing-vol', backing, '--backing-vol-format', 'qcow2'];
  // libvirt takes all of a raw volume's room at once, unless it is told how much.
  const sparse = format === 'raw' ? ['--allocation', '0'] : [];
  return ['vol-create-as', POOL, name, String(bytes), '--format', format, ...sparse, ...below];
}

export async function createVolume(uri: string, volume: NewVolume, signal: AbortSignal): Promise<void> {
  await virsh(uri, createArguments(volume), { signal });
}

/** @returns false when there is one of that name already */
export async function publishVolume(uri: string, volume: NewVolume, signal: AbortSignal): Promise<boolean> {
  try {
    await createVolume(uri, volume, signal);
    return true;
  } catch (error) {
    if (error instanceof CommandError && (await listVolumes(uri)).includes(volume.name)) return false;
    throw error;
  }
}

/** A copy that stands on nothing: all that is below `from` is in it. */
export async function copyVolume(
  uri: string,
  { name, bytes }: Pick<NewVolume, 'name' | 'bytes'>,
  from: string,
  signal: AbortSignal,
): Promise<void> {
  const xml = element(
    'volume',
    {},
    textElement('name', {}, name),
    textElement('capacity', { unit: 'bytes' }, bytes),
    element('target', {}, element('format', { type: 'qcow2' })),
  );
  // virsh opens a file by its name, which the socket that is our child's standard input has not.
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-'));
  try {
    const file = join(folder, 'volume.xml');
    await writeFile(file, xml);
    await virsh(uri, ['vol-create-from', POOL, file, '--inputpool', POOL, from], { signal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Replaces what a volume holds. @param file of this host */
export async function upload(uri: string, name: string, file: string, signal: AbortSignal): Promise<void> {
  await virsh(uri, ['vol-upload', '--pool', POOL, name, file], { signal });
}

/** @param file of this host; holes stay holes */
export async function download(uri: string, name: string, file: string, signal: AbortSignal): Promise<void> {
  await virsh(uri, ['vol-download', '--pool', POOL, '--sparse', name, file], { signal });
}

export async function volumePath(uri: string, name: string, signal?: AbortSignal): Promise<string> {
  return (await volumePaths(uri, [name], signal))[0] ?? '';
}

/** By one connection, in the order of the names. @throws CommandError when there is none of one name */
export async function volumePaths(
  uri: string,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const options = signal === undefined ? {} : { signal };
  const ask = names.map((name) => `vol-path --pool ${POOL} ${name}`).join('; ');
  return (await virsh(uri, [ask], options)).stdout.split('\n').map((line) => line.trim());
}

/** Harmless when there is none of that name. */
export async function deleteVolume(uri: string, name: string): Promise<void> {
  try {
    await virsh(uri, ['vol-delete', '--pool', POOL, name]);
  } catch (error) {
    if (!(error instanceof CommandError) || (await listVolumes(uri)).includes(name)) throw error;
  }
}

export const boxVolume = (fingerprint: string): string => `mayfly-box-${fingerprint}.qcow2`;
const VM_PARTS = ['root', 'handover', 'artifacts', 'console'] as const;

export const vmVolume = (id: string, part: (typeof VM_PARTS)[number]): string =>
  part === 'root' ? `mayfly-vm-${id}.qcow2` : `mayfly-vm-${id}-${part}.raw`;

/** Uploads a base box unless the host has it. @param id of the VM that wants it @returns the name of its volume */
export async function ensureBoxVolume(
  uri: string,
  box: BoxFiles,
  id: string,
  signal: AbortSignal,
): Promise<string> {
  const name = boxVolume(box.fingerprint);
  if ((await listVolumes(uri)).includes(name)) return name;
  const data = `${boxData(box.fingerprint)}${id}.qcow2`;
  try {
    await createVolume(uri, { name: data, bytes: (await stat(box.disk)).size, format: 'qcow2' }, signal);
    await upload(uri, data, box.disk, signal);
    // libvirt remembers what the volume was before: read it anew.
    await refreshPool(uri, signal);
    const overlay = { name, bytes: box.diskBytes, format: 'qcow2', backing: data } as const;
    if (!(await publishVolume(uri, overlay, signal))) await deleteVolume(uri, data);
  } catch (error) {
    await deleteVolume(uri, data).catch(() => undefined);
    throw error;
  }
  return name;
}

/** What was uploaded for the VM that its name ends with. */
const boxData = (fingerprint: string): string => `mayfly-box-${fingerprint}-data-`;

/** Milliseconds in which another client may be busy with the pool: it copies whole caches. */
const BUSY_MS = 120_000;

/** libvirt refuses it while anybody makes a volume there. */
async function refreshPool(uri: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + BUSY_MS;
  for (;;) {
    try {
      await virsh(uri, ['pool-refresh', POOL], { signal });
      return;
    } catch (error) {
      const isBusy =
        error instanceof CommandError && error.failure.tail.join('\n').includes('asynchronous jobs');
      if (!isBusy || Date.now() > deadline) throw error;
      await sleep(1000, undefined, { signal });
    }
  }
}

/** The disk that a VM starts from: ours, or one that Vagrant's plug-in made. Pure. */
export const isRootDisk = (name: string): boolean =>
  /^mayfly-vm-.*\.qcow2$/.test(name) ||
  (/^mayfly-.*\.img$/.test(name) && !name.includes('_vagrant_box_image_'));

/** Whether a VM there stands on one of these volumes. */
export async function isStoodOn(uri: string, boxes: readonly string[]): Promise<boolean> {
  const facts = await describeVolumes(uri, (await listVolumes(uri)).filter(isRootDisk));
  return [...facts.values()].some(({ backing }) => backing !== undefined && boxes.includes(backing));
}

/** Removes a base box from a host, where no VM stands on it. */
export async function removeBoxVolumes(uri: string, fingerprint: string): Promise<void> {
  const names = await listVolumes(uri);
  const name = boxVolume(fingerprint);
  if (names.includes(name)) await deleteVolume(uri, name);
  for (const data of names.filter((other) => other.startsWith(boxData(fingerprint)))) {
    await deleteVolume(uri, data);
  }
}

/** Removes the disks of one VM, what its console said, and what it was still uploading when it was killed. */
export async function removeVmVolumes(uri: string, id: string): Promise<void> {
  const names = await listVolumesAnew(uri);
  for (const name of volumesOf(id, names)) await deleteVolume(uri, name);
  const uploaded = names.filter((name) => name.endsWith(`-data-${id}.qcow2`));
  if (uploaded.length === 0) return;
  const boxes = await describeVolumes(uri, names.filter(isBox));
  const used = new Set([...boxes.values()].map(({ backing }) => backing));
  for (const name of uploaded.filter((data) => !used.has(data))) await deleteVolume(uri, name);
}

const isBox = (name: string): boolean => /^mayfly-box-[0-9a-f]+\.qcow2$/.test(name);

/** Those of one VM. libvirt's log daemon begins a new file now and then, and numbers the old ones. Pure. */
export function volumesOf(id: string, names: readonly string[]): readonly string[] {
  const parts = new Set(VM_PARTS.map((part) => vmVolume(id, part)));
  const older = `${vmVolume(id, 'console')}.`;
  return names.filter((name) => parts.has(name) || name.startsWith(older));
}

/** @throws MayflyError `libvirt.no-pool` */
export async function requirePool(uri: string, signal: AbortSignal): Promise<void> {
  const { stdout } = await virsh(uri, ['pool-list', '--name'], { signal });
  if (namesIn(stdout).includes(POOL)) return;
  throw new MayflyError(
    'host',
    'libvirt.no-pool',
    `libvirt at ${uri} has no active storage pool "${POOL}".`,
    {
      hint: poolHint(uri),
    },
  );
}

export const poolHint = (uri: string): string =>
  `virsh -c '${uri}' "pool-define-as ${POOL} dir --target /var/lib/libvirt/images; pool-build ${POOL}; pool-start ${POOL}; pool-autostart ${POOL}"`;
