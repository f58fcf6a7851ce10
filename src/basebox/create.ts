/** Makes a base box: tools root → root file system → disk → qcow2, then into the store by one rename. */
import { chmod, cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError } from '../process/command-error.js';
import { MayflyError } from '../errors.js';
import { boxFiles } from '../paths.js';
import { run } from '../process/run.js';
import type { Report } from '../report/events.js';
import { makeDisk } from './disk.js';
import { boxEpoch, fingerprintInputs, sha256, type BoxSpec, type FingerprintInputs } from './recipe.js';
import { mmdebstrapArguments, progressOf, rootfsFiles } from './rootfs.js';
import { sparseSha256 } from '../process/sparse.js';
import { commitBox, removeBoxStaging, stageBox, type Box, type BoxRecord, type SourceFile } from './store.js';
import { ensureTools } from './tools.js';

const SETUP = fileURLToPath(new URL('./setup', import.meta.url));

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
}

/**
 * Makes the box and puts it into the store. The caller holds the locks of the fingerprint and of
 * the tools root. When it fails, the store is as it was.
 * @throws MayflyError `box.packages-failed` with the end of mmdebstrap's log, and others of kind `host`
 */
export async function createBox(job: CreateJob): Promise<Box> {
  const started = performance.now();
  const { spec, scratch, signal } = job;
  const progress = (text: string): void => job.report({ type: 'progress', step: 'box', text });
  const onLine = (line: string): void => {
    job.report({ type: 'output', step: 'box', stream: 'stderr', line });
    const words = progressOf(line);
    if (words !== undefined) progress(words);
  };
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
    await run('mmdebstrap', mmdebstrapArguments(spec, { setup, postinstall, output: scratch }), {
      cwd: scratch,
      env: { SOURCE_DATE_EPOCH: String(epoch), INITRD: 'No', TMPDIR: scratch },
      signal,
      onLine,
      capture: false,
    });

    const fetched = job.served().slice(before);

    // After the packages: most mistakes show in these.
    progress('unpacking disk tools');
    const tools = await ensureTools({
      sources: spec.sources,
      store: job.toolsStore,
      scratch,
      signal,
      onLine,
      served: job.served,
    });

    progress('laying out the disk');
    const staging = await stageBox(job.boxStore, job.fingerprint);
    const raw = join(scratch, 'disk.raw');
    const tar = join(scratch, rootfsFiles.tar);
    await makeDisk({ tools, tar, disk: raw, diskBytes: spec.diskBytes, epoch, scratch, signal });

    progress('compressing the disk');
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
    throw explain(error);
  }
}

async function compress(raw: string, qcow2: string, signal: AbortSignal): Promise<void> {
  // -W would write out of order, which is faster but not repeatable.
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

/** mmdebstrap's failures, in the words of what went wrong. */
function explain(error: unknown): unknown {
  if (!(error instanceof CommandError) || error.failure.notFound) return error;
  if (error.failure.command[0] !== 'mmdebstrap') return error;
  const text = error.failure.tail.join('\n');
  const init = { details: error.failure.tail, cause: error };
  const known: readonly (readonly [RegExp, string, string, string])[] = [
    [
      /No space left on device/,
      'box.disk-full',
      'The disk is full.',
      'Free some space (`mayfly box clean`, `mayfly cache clean`) and try again.',
    ],
    [
      /NO_PUBKEY|is not signed|BADSIG|EXPKEYSIG|signatures were invalid|not (?:be )?verified/,
      'box.bad-signature',
      'The archive is not signed by the expected key.',
      "Check archive.origins in builder.yaml: the URL and the keyring. On a person's own network, a proxy may have answered in place of the archive.",
    ],
    [
      /Unable to locate package ([^\s]+)|has no installation candidate/,
      'box.unknown-package',
      'A package is not in the archive.',
      'Check basebox.packages in builder.yaml.',
    ],
    [
      /Could not (?:resolve|connect)|Temporary failure resolving|Failed to fetch|Connection (?:failed|refused|timed out)|404 +Not Found|does not have a Release file/,
      'box.archive-unreachable',
      'The archive could not be reached.',
      'Check the network, and archive.origins in builder.yaml.',
    ],
    [
      /newuidmap|subuid|unshare|user namespace/i,
      'box.no-user-namespace',
      'This host does not let an ordinary user make a user namespace.',
      'Install uidmap and see `mayfly doctor`.',
    ],
  ];
  for (const [pattern, code, message, hint] of known) {
    if (pattern.test(text))
      return new MayflyError('host', code, `The base box could not be made: ${message}`, { ...init, hint });
  }
  return new MayflyError(
    'host',
    'box.packages-failed',
    'The base box could not be made: installing its packages failed.',
    init,
  );
}
