/**
 * Takes artifacts out of the folder that a guest could write to. The guest is not trusted: only
 * plain files with plain names leave it, and what was checked is what is taken.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MayflyError, throwIfAborted } from '../errors.js';
import { buildFiles } from '../paths.js';
import { run } from '../process/run.js';

export interface Artifact {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Names that the host writes beside the artifacts. */
const RESERVED = new Set<string>([
  buildFiles.record,
  buildFiles.events,
  buildFiles.log,
  buildFiles.checksums,
]);
/** QEMU's own folder in a share with mapped-file attributes. */
const QEMU_METADATA = '.virtfs_metadata';

/** Why a name may not leave the guest; undefined when it may. Pure. */
export function refusedName(name: string): string | undefined {
  if (RESERVED.has(name)) return 'mayfly writes a file of this name itself';
  if (name.startsWith('.') || name.startsWith('-')) return 'it begins with a dot or a dash';
  if (/[\p{Cc}\p{Bidi_Control}/\\]/u.test(name)) return 'it holds control characters or slashes';
  if (Buffer.byteLength(name) > 200) return 'it is longer than 200 bytes';
  return undefined;
}

export interface TakeOptions {
  /** The folder that the guest wrote to. */
  readonly from: string;
  /** Where artifacts go; made when missing. */
  readonly to: string;
  readonly signal: AbortSignal;
  readonly onArtifact: (artifact: Artifact) => void;
}

/**
 * Takes all artifacts.
 * @throws MayflyError `artifacts.refused` that names every file that is not a plain one with a plain name
 */
export async function takeArtifacts(options: TakeOptions): Promise<readonly Artifact[]> {
  const names = (await readdir(options.from)).filter((name) => !name.startsWith(QEMU_METADATA)).sort();
  const problems: string[] = [];
  for (const name of names) {
    const problem =
      refusedName(name) ??
      ((await lstat(join(options.from, name))).isFile() ? undefined : 'it is not a plain file');
    if (problem !== undefined) problems.push(`${JSON.stringify(name)}: ${problem}`);
  }
  if (problems.length > 0) {
    throw new MayflyError('vm', 'artifacts.refused', 'The VM offered artifacts that are not taken.', {
      details: problems,
    });
  }
  if (names.length > 0) await mkdir(options.to, { recursive: true });
  const artifacts: Artifact[] = [];
  for (const name of names) {
    throwIfAborted(options.signal);
    const artifact = await take(name, options);
    artifacts.push(artifact);
    options.onArtifact(artifact);
  }
  return artifacts;
}

/** A copy, never a move: QEMU may still hold the original open for a guest that still runs. */
async function take(name: string, options: TakeOptions): Promise<Artifact> {
  const temporary = join(options.to, `.${name}.new`);
  const source = join(options.from, name);
  await rm(temporary, { force: true });
  const flags = ['--sparse=always', '--reflink=auto', '--no-dereference', '--no-target-directory'];
  await run('cp', [...flags, '--', source, temporary], { signal: options.signal });
  await rm(source);
  try {
    const { bytes, sha256 } = await hashFile(temporary, options.signal);
    await chmod(temporary, 0o644);
    await rename(temporary, join(options.to, name));
    return { name, bytes, sha256 };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function hashFile(path: string, signal: AbortSignal): Promise<{ bytes: number; sha256: string }> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (!(await file.stat()).isFile())
      throw new MayflyError('vm', 'artifacts.refused', `${path} is not a plain file.`);
    const hash = createHash('sha256');
    let bytes = 0;
    const chunks = file.createReadStream({
      autoClose: false,
      highWaterMark: 4 * 1024 * 1024,
    }) as AsyncIterable<Buffer>;
    for await (const chunk of chunks) {
      throwIfAborted(signal);
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

/** The text of SHA256SUMS, as sha256sum(1) writes and `sha256sum -c` reads it. */
export function checksumLines(artifacts: readonly Artifact[]): string {
  return artifacts.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
}

/** Writes a file in one step: readers see the old one or the new one. */
export async function writeWhole(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}
