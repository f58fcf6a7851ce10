/** What the base box of a project is made from, and what APT in the guest reads: from builder.yaml and the archive. */
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveSource, BoxSpec } from '../../basebox/recipe.js';
import { sourceLines } from '../../basebox/rootfs.js';
import type { Config } from '../../config/config.js';
import { hasCode } from '../../errors.js';
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
    postinstall: await readOptional(join(folder, config.basebox.postinstall)),
  };
}

/** Where a keyring of the project's or the host's lies in the builder directory that the guest sees. */
const guestKeyring = (origin: string): string => `.mayfly/keyrings/${origin}.gpg`;

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

/** Puts keyrings beside the builder directory's own files, so that the guest can verify every origin. */
export async function addKeyrings(
  sources: readonly Pick<ArchiveSource, 'origin' | 'keyring'>[],
  folder: string,
): Promise<void> {
  for (const { origin, keyring } of sources) {
    if (keyring === DEBIAN_KEYRING) continue;
    const target = join(folder, guestKeyring(origin));
    await mkdir(join(target, '..'), { recursive: true });
    await cp(keyring, target);
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
