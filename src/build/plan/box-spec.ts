/** What the base box of a project is made from, and what APT in the guest reads: from builder.yaml and the archive. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { insideFolder } from '../../source/inside.js';
import type { ArchiveSource, BoxSpec } from '../../basebox/recipe.js';
import { sourceLines } from '../../basebox/rootfs.js';
import type { Config } from '../../config/config.js';
import { hasCode, MayflyError } from '../../errors.js';
import { readBinaryKeyring } from '../../snapshots/keyring.js';
import { GUEST_WEB_ARCHIVE } from '../archive/network.js';
import {
  boxSources,
  DEBIAN_KEYRING,
  GUEST_ARCHIVE,
  servedAt,
  type PlannedArchive,
} from '../archive/origins.js';

/** @param folder a copy of the builder directory */
export async function boxSpec(config: Config, archive: PlannedArchive, folder: string): Promise<BoxSpec> {
  return {
    prefix: config.basebox.prefix,
    architecture: config.basebox.architecture,
    distribution: config.basebox.distribution,
    packages: config.basebox.packages,
    user: config.guest.user,
    diskBytes: config.basebox.disk,
    sources: boxSources(archive).filter(({ suites }) => suites.length > 0),
    postinstall: await readOptional(
      await insideFolder(folder, config.basebox.postinstall, 'basebox.postinstall'),
    ),
    postinstallOffline: archive.pinned,
  };
}

/** What mayfly adds to the builder directory that the guest sees. */
const OWN = '.mayfly';
const KEYRINGS = `${OWN}/keyrings`;
/** Where a keyring of the project's or the host's lies there. */
const guestKeyring = (origin: string): string => `${KEYRINGS}/${origin}.gpg`;

/**
 * Sources as the guest has them: signed by keyrings at their paths in the guest. They name the other end of
 * the tunnel; for scripts that look for the service's own address in them, that one.
 */
export function guestSources(config: Config, sources: readonly ArchiveSource[]): readonly string[] {
  const { guest, archive } = config;
  const address = guest.setup === 'scripts' ? (archive.url ?? GUEST_WEB_ARCHIVE) : GUEST_ARCHIVE;
  return sources.flatMap((source) =>
    sourceLines({
      ...servedAt(source, address),
      keyring:
        source.keyring === DEBIAN_KEYRING
          ? DEBIAN_KEYRING
          : join(config.guest.builder, guestKeyring(source.origin)),
    }),
  );
}

/**
 * Puts keyrings beside the builder directory's own files, so that the guest can verify every origin.
 * @throws MayflyError `builder.own-folder` where the project has put something in their place: a link would lead out
 */
export async function addKeyrings(
  sources: readonly Pick<ArchiveSource, 'origin' | 'keyring'>[],
  folder: string,
): Promise<void> {
  const others = sources.filter(({ keyring }) => keyring !== DEBIAN_KEYRING);
  if (others.length === 0) return;
  await makeOwnFolders(folder);
  for (const { origin, keyring } of others)
    await writeFile(join(folder, guestKeyring(origin)), await readBinaryKeyring(keyring), { flag: 'wx' });
}

/** Before a base box is made for no VM. @throws MayflyError `archive.no-keyring` */
export async function checkKeyrings(sources: readonly Pick<ArchiveSource, 'keyring'>[]): Promise<void> {
  for (const { keyring } of sources) if (keyring !== DEBIAN_KEYRING) await readBinaryKeyring(keyring);
}

async function makeOwnFolders(folder: string): Promise<void> {
  try {
    await mkdir(join(folder, OWN));
    await mkdir(join(folder, KEYRINGS));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    throw new MayflyError(
      'usage',
      'builder.own-folder',
      `The builder directory has something called ${OWN}, where mayfly puts files of its own for the VM.`,
      { hint: 'Give it another name.' },
    );
  }
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
