/** What the base box of a project is made from: builder.yaml, serials, keyrings, and this host's own APT. */
import { cp, mkdir, readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { ArchiveSource, BoxSpec } from '../../basebox/recipe.js';
import { sourceLines } from '../../basebox/rootfs.js';
import type { Config } from '../../config/config.js';
import { hasCode } from '../../errors.js';
import { hostUpstream } from '../../snapshots/host-apt.js';
import { readSerial } from '../../snapshots/serial-files.js';
import type { Context } from '../context.js';

const DEBIAN_KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Serials of the base box, in the builder directory. */
const SERIALS = 'basebox/APT_snapshots.d';

/** @param folder a copy of the builder directory */
export async function boxSpec(context: Context, config: Config, folder: string): Promise<BoxSpec> {
  const sources = await Promise.all(
    Object.entries(config.archive.origins).map(async ([origin, settings]): Promise<ArchiveSource> => ({
      origin,
      url: settings.url ?? (await hostUpstream(origin, context.signal)),
      suites: settings.suites,
      components: settings.components,
      keyring:
        settings.keyring === undefined
          ? DEBIAN_KEYRING
          : isAbsolute(settings.keyring)
            ? settings.keyring
            : join(folder, settings.keyring),
      serial: await readSerial(join(folder, SERIALS), origin),
    })),
  );
  return {
    prefix: config.basebox.prefix,
    architecture: config.basebox.architecture,
    distribution: config.basebox.distribution,
    packages: config.basebox.packages,
    user: config.guest.user,
    diskBytes: config.basebox.disk,
    sources: sources.sort((a, b) => (a.origin < b.origin ? -1 : 1)),
    postinstall: await readOptional(join(folder, config.basebox.postinstall)),
  };
}

/** Where a keyring of the project's or the host's lies in the builder directory that the guest sees. */
const guestKeyring = (origin: string): string => `.mayfly/keyrings/${origin}.gpg`;

/** The sources as the guest has them: signed by keyrings at their paths in the guest. */
export function guestSources(config: Config, spec: BoxSpec): readonly string[] {
  return spec.sources.flatMap((source) =>
    sourceLines({
      ...source,
      keyring:
        source.keyring === DEBIAN_KEYRING
          ? DEBIAN_KEYRING
          : join(config.guest.builder, guestKeyring(source.origin)),
    }),
  );
}

/** Puts keyrings beside the builder directory's own files, so that the guest can verify every origin. */
export async function addKeyrings(spec: BoxSpec, folder: string): Promise<void> {
  for (const source of spec.sources) {
    if (source.keyring === DEBIAN_KEYRING) continue;
    const target = join(folder, guestKeyring(source.origin));
    await mkdir(join(target, '..'), { recursive: true });
    await cp(source.keyring, target);
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
