/** Takes a box out of its file into the store, when it is what it says. */
import { createWriteStream } from 'node:fs';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { MayflyError } from '../errors.js';
import { boxFiles } from '../paths.js';
import { run } from '../process/run.js';
import { listTar, readTarEntry, TarProblem } from '../process/tar-read.js';
import { formatBytes } from '../report/format.js';
import { sparseSha256 } from '../process/sparse.js';
import { diskProblem, MOST_OF_BOX } from './foreign-disk.js';
import { boxIdentity } from './identity.js';
import { packageFiles } from './package.js';
import { fingerprint, sha256, type FingerprintInputs } from './recipe.js';
import { boxRecord, commitBox, removeBoxStaging, stageBox, type Box, type BoxRecord } from './store.js';

/** What other code reads of the lists. */
const listShapes = {
  [boxFiles.packages]: z.array(
    z.looseObject({ name: z.string(), version: z.string(), source: z.string(), sourceVersion: z.string() }),
  ),
  [boxFiles.files]: z.array(
    z.looseObject({
      origin: z.string(),
      serial: z.string(),
      path: z.string(),
      sha256: z.string(),
      bytes: z.number(),
    }),
  ),
} as const;

const boxInfoShape = boxRecord.omit({ createdAt: true, seconds: true, fileBytes: true });

export interface UnpackJob {
  /** The file: a Vagrant box of ours. */
  readonly file: string;
  /** What its disk must be, when somebody else says so. */
  readonly diskSha256: string | undefined;
  /** What all of it must be (identity.ts), when somebody else says so. */
  readonly identity: string | undefined;
  readonly store: string;
  /** An empty folder with room for the disk; the caller removes it. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** What a box file says of itself; its fingerprint alone is verified yet. */
export type ClaimedBox = Pick<BoxRecord, 'fingerprint' | 'label' | 'diskSha256'>;

/**
 * Unpacks the file into the scratch folder.
 * @returns what it says it is
 * @throws MayflyError `box.malformed`, `box.other-content`
 */
export async function unpackBox({ file, scratch, signal }: UnpackJob): Promise<ClaimedBox> {
  const entries = await listTar(file, signal).catch((error: unknown) => {
    throw error instanceof TarProblem ? malformed(file, error.message, error) : error;
  });
  // What else is in the file is none of ours.
  for (const [name, most] of Object.entries(MOST)) {
    const entry = entries.get(name);
    if (entry === undefined) throw malformed(file, `it has no ${name}`);
    if (entry.bytes > most) throw malformed(file, `its ${name} has more than ${formatBytes(most)}`);
    await pipeline(readTarEntry(file, entry), createWriteStream(join(scratch, name)), { signal });
  }
  for (const [name, shape] of Object.entries(listShapes)) await readPart<unknown>(file, scratch, name, shape);
  const info = await readInfo(file, scratch);
  // Before anything is named by it.
  if (fingerprint(info.inputs as FingerprintInputs) !== info.fingerprint) {
    throw otherContent(file, 'its fingerprint is not that of its inputs');
  }
  return info;
}

const MIB = 2 ** 20;

/** What a box file consists of, and the bytes that each part may have: many times what boxes have. */
const MOST: Readonly<Record<string, number>> = {
  [packageFiles.metadata]: MIB,
  [packageFiles.vagrantfile]: MIB,
  [packageFiles.disk]: MOST_OF_BOX,
  [packageFiles.info]: 16 * MIB,
  [boxFiles.kernel]: 1024 * MIB,
  [boxFiles.initrd]: 1024 * MIB,
  [boxFiles.packages]: 64 * MIB,
  [boxFiles.files]: 64 * MIB,
};

const readInfo = (file: string, folder: string): Promise<z.infer<typeof boxInfoShape>> =>
  readPart(file, folder, packageFiles.info, boxInfoShape);

async function readPart<T>(file: string, folder: string, name: string, shape: z.ZodType<T>): Promise<T> {
  try {
    return shape.parse(JSON.parse(await readFile(join(folder, name), 'utf8')));
  } catch (error) {
    throw malformed(file, `its ${name} is not as mayfly writes it`, error);
  }
}

/**
 * Verifies what was unpacked, and puts it into the store. The caller holds the fingerprint's lock.
 * @throws MayflyError `box.other-content` when anything is not what the box says, or what was asked for
 */
export async function storeUnpacked(job: UnpackJob): Promise<Box> {
  const { file, scratch, store, signal } = job;
  const info = await readInfo(file, scratch);
  if (job.diskSha256 !== undefined && job.diskSha256 !== info.diskSha256) {
    throw otherContent(file, `its disk is ${info.diskSha256}, and ${job.diskSha256} was asked for`);
  }
  const [disk, raw] = [join(scratch, packageFiles.disk), join(scratch, 'disk.raw')];
  const problem = await diskProblem(disk, info.diskBytes, signal);
  if (problem !== undefined) throw malformed(file, problem);
  await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', disk, raw], { signal });
  const found = {
    disk: await sparseSha256(raw, signal),
    kernel: sha256(await readFile(join(scratch, boxFiles.kernel))),
    initrd: sha256(await readFile(join(scratch, boxFiles.initrd))),
  };
  const said = { disk: info.diskSha256, ...info.bootSha256 };
  for (const part of ['disk', 'kernel', 'initrd'] as const) {
    if (found[part] !== said[part])
      throw otherContent(file, `its ${part} is ${found[part]}, and it says ${said[part]}`);
  }
  if (job.identity !== undefined) {
    const identity = await boxIdentity(scratch, info);
    if (identity !== job.identity)
      throw otherContent(file, `its identity is ${identity}, and ${job.identity} was asked for`);
  }
  try {
    const staging = await stageBox(store, info.fingerprint);
    await copyFile(disk, join(staging, boxFiles.disk));
    for (const name of [boxFiles.kernel, boxFiles.initrd, boxFiles.packages, boxFiles.files])
      await copyFile(join(scratch, name), join(staging, name));
    const record: BoxRecord = {
      ...info,
      createdAt: new Date().toISOString(),
      seconds: 0,
      fileBytes: (await stat(disk)).size,
    };
    await writeFile(join(staging, boxFiles.record), `${JSON.stringify(record, null, 2)}\n`);
    await run('sync', ['--file-system', staging], { signal });
    return await commitBox(store, info.fingerprint);
  } catch (error) {
    await removeBoxStaging(store, info.fingerprint);
    throw error;
  }
}

function malformed(file: string, why: string, cause?: unknown): MayflyError {
  return new MayflyError('host', 'box.malformed', `${file} is no base box that can be imported: ${why}.`, {
    hint: '`mayfly box export` and `mayfly box publish` write them. Was it copied to its end?',
    cause,
  });
}

function otherContent(file: string, why: string): MayflyError {
  return new MayflyError('refused', 'box.other-content', `${file} is refused: ${why}.`, {
    hint: 'Do not use it. Make the box here: mayfly box create.',
  });
}
