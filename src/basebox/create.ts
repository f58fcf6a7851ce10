/** Makes a base box: root file system, and beside it the disk tools → disk → qcow2, then into the store by one rename. */
import { chmod, cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boxFiles } from '../paths.js';
import { run } from '../process/run.js';
import type { Report, Traffic } from '../report/events.js';
import { makeDisk } from './disk.js';
import { boxEpoch, fingerprintInputs, sha256, type BoxSpec, type FingerprintInputs } from './recipe.js';
import { makeRootfs } from './make-rootfs.js';
import { BoxProgress, phaseOf } from './progress.js';
import { rootfsFiles } from './rootfs.js';
import { sparseSha256 } from '../process/sparse.js';
import { commitBox, removeBoxStaging, stageBox, type Box, type BoxRecord, type SourceFile } from './store.js';
import { toolsAside } from './tools-aside.js';
import { partFile } from '../program.js';

const SETUP = partFile('basebox/setup');

/** SHA-256 of each of our own files that go into a box or run while one is made. */
export async function setupHashes(): Promise<Readonly<Record<string, string>>> {
  const files = (await readdir(SETUP, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const hashes = files.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path.slice(SETUP.length + 1), sha256(await readFile(path))] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
}

export async function inputsOf(spec: BoxSpec): Promise<FingerprintInputs> {
  return fingerprintInputs(spec, await setupHashes());
}

export interface CreateJob {
  readonly spec: BoxSpec;
  readonly inputs: FingerprintInputs;
  readonly fingerprint: string;
  readonly label: string;
  readonly boxStore: string;
  readonly toolsStore: string;
  /** A folder that other users may enter; the caller removes it. */
  readonly scratch: string;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** What the archive served so far, of all that this job fetched. */
  readonly served: () => readonly SourceFile[];
  /** The same in bytes. */
  readonly traffic: () => Traffic;
  /** About how many bytes it will take from the archive; undefined when nobody knows. */
  readonly expectedBytes?: number;
}

/**
 * Makes the box and puts it into the store. The caller holds the locks of the fingerprint and of
 * the tools root. When it fails, the store is as it was.
 * @throws MayflyError `box.packages-failed` with the end of mmdebstrap's log, and others, as makeRootfs
 */
export async function createBox(job: CreateJob): Promise<Box> {
  const started = performance.now();
  const { spec, scratch, signal } = job;
  using progress = new BoxProgress(job);
  const phase = progress.begin;
  const onLine = (line: string): void => job.report({ type: 'output', step: 'box', stream: 'stderr', line });
  const epoch = boxEpoch(spec);
  try {
    const before = job.served().length;
    const setup = join(scratch, 'setup');
    await cp(SETUP, setup, { recursive: true });
    let postinstall: string | undefined;
    if (spec.postinstall !== undefined) {
      postinstall = join(scratch, 'postinstall');
      await writeFile(postinstall, spec.postinstall);
      await chmod(postinstall, 0o755);
    }
    let hasPackages = false;
    await using aside = toolsAside({
      sources: spec.sources,
      store: job.toolsStore,
      scratch,
      signal,
      onLine,
      onMake: () => {
        if (hasPackages) phase('disk tools');
      },
      served: job.served,
    });
    await makeRootfs({
      spec,
      epoch,
      paths: { setup, postinstall, output: scratch },
      signal,
      onLine: (line) => {
        onLine(line);
        progress.follow(line);
        // All is fetched by then, and most mistakes have shown; but for what a project's own script may fetch.
        if (postinstall === undefined && phaseOf(line) === 'packages') aside.begin();
      },
      phase,
      beforeAgain: () => aside.settled(),
    });
    hasPackages = true;
    if (aside.isAtWork) phase('disk tools');
    const tools = await aside.take();
    const fetched = once(aside.others().slice(before));

    phase('file system');
    const staging = await stageBox(job.boxStore, job.fingerprint);
    const tar = join(scratch, rootfsFiles.tar);
    const raw = await makeDisk({ tools, tar, diskBytes: spec.diskBytes, epoch, scratch, signal });

    phase('compression');
    const qcow2 = join(staging, boxFiles.disk);
    const [diskSha256] = await Promise.all([sparseSha256(raw, signal), compress(raw, qcow2, signal)]);
    const packages = parsePackages(await readFile(join(scratch, rootfsFiles.packages), 'utf8'));
    await cp(join(scratch, rootfsFiles.kernel), join(staging, boxFiles.kernel));
    await cp(join(scratch, rootfsFiles.initrd), join(staging, boxFiles.initrd));
    await writeJson(join(staging, boxFiles.packages), packages);
    await writeJson(join(staging, boxFiles.files), [...tools.files, ...fetched]);
    const record: BoxRecord = {
      schema: 1,
      fingerprint: job.fingerprint,
      label: job.label,
      createdAt: new Date().toISOString(),
      seconds: Math.round((performance.now() - started) / 100) / 10,
      diskSha256,
      bootSha256: {
        kernel: sha256(await readFile(join(staging, boxFiles.kernel))),
        initrd: sha256(await readFile(join(staging, boxFiles.initrd))),
      },
      diskBytes: spec.diskBytes,
      fileBytes: (await stat(qcow2)).size,
      inputs: job.inputs,
      packageCount: packages.length,
    };
    await writeJson(join(staging, boxFiles.record), record);
    await run('sync', ['--file-system', staging], { signal });
    return await commitBox(job.boxStore, job.fingerprint);
  } catch (error) {
    await removeBoxStaging(job.boxStore, job.fingerprint);
    throw error;
  }
}

/** A file that was asked for twice, as when the tree did not fit into memory, is one. Pure. */
function once(files: readonly SourceFile[]): readonly SourceFile[] {
  return [...new Map(files.map((file) => [`${file.origin}/${file.serial}/${file.path}`, file])).values()];
}

async function compress(raw: string, qcow2: string, signal: AbortSignal): Promise<void> {
  // -W would write out of order, which is not repeatable, and no faster beside the checksum where it was measured.
  const format = ['-O', 'qcow2', '-c', '-o', 'compression_type=zstd'];
  await run('qemu-img', ['convert', '-f', 'raw', ...format, raw, qcow2], { signal });
}

export interface BoxPackage {
  readonly name: string;
  readonly version: string;
  readonly source: string;
  readonly sourceVersion: string;
}

export function parsePackages(text: string): readonly BoxPackage[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', version = '', source = '', sourceVersion = ''] = line.split('\t');
      return { name, version, source, sourceVersion };
    });
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}
