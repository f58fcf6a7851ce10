/**
 * From a tar to a bootable disk, with no root, mount, loop device or partition scan: sfdisk writes
 * the partition table into a sparse file, mke2fs fills the partition from the tar, GRUB's boot
 * code goes into the gap before it. Everything is fixed, so the same tar gives the same bytes.
 */
import { constants } from 'node:fs';
import { mkdir, open, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MayflyError } from '../errors.js';
import { toolsWork, type ToolsRoot } from './tools.js';

/** Bytes. Sectors are 512; the partition starts where every partitioning tool puts it, at 1 MiB. */
export const SECTOR = 512;
export const PARTITION_START = 2048 * SECTOR;
export const BLOCK = 4096;
/** ext4 label and UUID: the same in every box, as each disk is only ever alone in its VM. */
export const ROOT_LABEL = 'mayfly';
const ROOT_UUID = '6d617966-6c79-4000-8000-626173656278';
const DISK_ID = '0x6d617966';
/** Bytes of boot code in the first sector; the partition table follows. */
export const BOOT_CODE = 440;

export function sfdiskScript(): string {
  return `label: dos\nlabel-id: ${DISK_ID}\nstart=${PARTITION_START / SECTOR}, type=83, bootable\n`;
}

/** mke2fs(8). No journal: the disk lives for one build, and a crash means another VM. */
export function mke2fsArguments(disk: string, tar: string, diskBytes: number): readonly string[] {
  return [
    '-q',
    '-F',
    ...['-t', 'ext4'],
    ...['-b', String(BLOCK)],
    ...['-O', '^has_journal,^metadata_csum_seed,^orphan_file'],
    ...['-L', ROOT_LABEL],
    ...['-U', ROOT_UUID],
    ...['-E', `offset=${PARTITION_START},hash_seed=${ROOT_UUID},lazy_itable_init=1,root_owner=0:0,nodiscard`],
    ...['-m', '0'],
    ...['-d', tar],
    disk,
    String(Math.floor((diskBytes - PARTITION_START) / BLOCK)),
  ];
}

const GRUB_CONFIG = `search.fs_label ${ROOT_LABEL} root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n`;

export function grubArguments(tools: string, config: string, output: string): readonly string[] {
  return [
    ...['-d', join(tools, 'usr/lib/grub/i386-pc')],
    ...['-O', 'i386-pc'],
    ...['-c', config],
    ...['-p', '/boot/grub'],
    ...['-o', output],
    ...['biosdisk', 'part_msdos', 'ext2', 'search_label', 'configfile', 'linux', 'normal'],
  ];
}

export interface DiskJob {
  readonly tools: ToolsRoot;
  /** In the scratch folder. */
  readonly tar: string;
  readonly diskBytes: number;
  /** Seconds since 1970 for everything the file system records. */
  readonly epoch: number;
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** The raw disk that is made in a scratch folder. */
export const rawDisk = (scratch: string): string => join(toolsWork(scratch), 'disk.raw');

/** @returns where the raw disk is; it must not be there before */
export async function makeDisk(job: DiskJob): Promise<string> {
  const { scratch, tools } = job;
  const work = toolsWork(scratch);
  await mkdir(work, { recursive: true });
  const disk = rawDisk(scratch);
  const file = await open(disk, 'wx', 0o600);
  await file.truncate(job.diskBytes);
  await file.close();
  const env = {
    SOURCE_DATE_EPOCH: String(job.epoch),
    MKE2FS_CONFIG: join(tools.root, 'etc/mke2fs.conf'),
  };
  const use = (program: string, args: readonly string[], input?: string): Promise<unknown> =>
    tools.run(
      { program, args, scratch },
      { env, signal: job.signal, ...(input === undefined ? {} : { input }) },
    );
  await use('usr/sbin/sfdisk', ['--quiet', disk], sfdiskScript());
  await use('usr/sbin/mke2fs', mke2fsArguments(disk, job.tar, job.diskBytes));
  const config = join(scratch, 'grub-embedded.cfg');
  const core = join(work, 'core.img');
  await writeFile(config, GRUB_CONFIG);
  await use('usr/bin/grub-mkimage', grubArguments(tools.root, config, core));
  await embedBootCode(disk, await plainFile(tools.root, 'usr/lib/grub/i386-pc/boot.img'), core);
  return disk;
}

/** What packages hold may be a link to anywhere on this host. @returns the path, absolute */
async function plainFile(root: string, path: string): Promise<string> {
  const whole = join(await realpath(root), path);
  const real = await realpath(whole).catch(() => undefined);
  if (real === whole) return whole;
  throw new MayflyError(
    'host',
    'box.no-boot-code',
    `GRUB's package has no file ${path}, or a link in its place.`,
    {
      hint: "Is the project's archive one of Debian's (archive.origins in builder.yaml)?",
    },
  );
}

/** GRUB's own boot.img loads core.img from sector 1: its default, so that nothing has to be patched. */
async function embedBootCode(disk: string, bootImage: string, coreImage: string): Promise<void> {
  const [boot, core] = await Promise.all([readAll(bootImage), readAll(coreImage)]);
  if (core.length > PARTITION_START - SECTOR) {
    throw new MayflyError(
      'host',
      'box.grub-too-large',
      `GRUB's core image is ${core.length} bytes and does not fit before the partition.`,
    );
  }
  const file = await open(disk, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    await file.write(boot, 0, BOOT_CODE, 0);
    await file.write(core, 0, core.length, SECTOR);
  } finally {
    await file.close();
  }
}

async function readAll(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}
