/** Snapshots by hand: what a project's serial files hold, the newest, and taking them. */
import { join } from 'node:path';
import { openProject } from '../build/plan/project.js';
import { IMAGE_SERIALS } from '../build/archive/plan.js';
import { addressOf, isMirror, serviceOf } from '../build/archive/address.js';
import type { SerialSet } from '../build/archive/origins.js';
import { shelfOf } from '../build/archive/stored.js';
import { newestStoredFor, takeOrigin } from '../build/archive/take-origin.js';
import type { Context } from '../build/context.js';
import type { Config } from '../config/config.js';
import { MayflyError } from '../errors.js';
import { archiveFolder } from '../paths.js';
import { readHold } from '../snapshots/local/holds.js';
import { archiveParts } from '../snapshots/local/layout.js';
import { listOrigins, listSerials, readSnapshot, type Snapshot } from '../snapshots/local/snapshot.js';
import { newestOfService } from '../snapshots/newest.js';
import { readSerial, type Serials } from '../snapshots/serial-files.js';
import { hostProxies } from '../snapshots/host-proxy.js';
import { makeUpstream } from '../snapshots/upstream.js';

/** A project whose serial files are worked with. */
export interface SerialProject {
  readonly config: Config;
  /** Absolute. */
  readonly builderFolder: string;
  readonly directories: Readonly<Record<SerialSet, string>>;
  /** Of its checkout; undefined while it is none yet. */
  readonly topLevel: string | undefined;
}

export async function serialProject(context: Context): Promise<SerialProject> {
  const { checkout, builderFolder, config } = await openProject(context);
  const { topLevel } = checkout;
  return { ...serialProjectIn(topLevel, join(topLevel, builderFolder), config), topLevel };
}

/** @param topLevel of a project, in a checkout or not yet */
export function serialProjectIn(topLevel: string, builderFolder: string, config: Config): SerialProject {
  const directories = {
    box: join(builderFolder, config.basebox.serials),
    image: join(topLevel, IMAGE_SERIALS),
  };
  return { config, builderFolder, directories, topLevel: undefined };
}

/** The configured origins, or those that were asked for. @throws MayflyError `origin.unknown` */
export function chosenOrigins(
  project: Pick<SerialProject, 'config'>,
  asked: readonly string[],
): readonly string[] {
  const known = Object.keys(project.config.archive.origins).sort();
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new MayflyError('usage', 'origin.unknown', `There is no origin ${unknown.join(', ')}.`, {
      hint: `The origins of this project are ${known.join(', ')} (archive.origins in builder.yaml).`,
    });
  }
  return asked.length === 0 ? known : known.filter((name) => asked.includes(name));
}

/** What the serial files hold. */
export async function showSerials(
  project: SerialProject,
  origins: readonly string[],
): Promise<Readonly<Record<SerialSet, Serials>>> {
  const read = async (set: SerialSet): Promise<Serials> =>
    Object.fromEntries(
      await Promise.all(
        origins.map(async (origin) => [origin, await readSerial(project.directories[set], origin)] as const),
      ),
    );
  return { box: await read('box'), image: await read('image') };
}

/**
 * Origin → newest serial.
 * @param refresh ask the mirror, and take a snapshot when it has changed; a service is always asked
 */
export async function newestSerials(
  context: Context,
  project: SerialProject,
  origins: readonly string[],
  refresh: boolean,
): Promise<Serials> {
  const { config, builderFolder } = project;
  const chosen = withStates(context, config, origins);
  await using upstream = await makeUpstream(await hostProxies(context.env, context.signal));
  const newest = chosen.map(async (origin) => {
    const address = addressOf(config.archive, origin);
    const service = serviceOf(address);
    if (service !== undefined) {
      return [origin, await newestOfService(service, origin, upstream, context.signal)] as const;
    }
    const serial = refresh
      ? (await takeOrigin(context, config, origin, builderFolder, upstream)).snapshot.serial
      : (
          await newestStoredFor(
            context,
            config,
            origin,
            builderFolder,
            shelfOf(archiveFolder(context.home), address, false),
          )
        )?.serial;
    if (serial !== undefined) return [origin, serial] as const;
    throw new MayflyError(
      'host',
      'serial.unresolved',
      `The local archive has no snapshot of ${origin} yet that holds what this project asks for, and is signed for its keyring.`,
      {
        hint: 'Take one: `mayfly snapshots take`.',
      },
    );
  });
  return Object.fromEntries(await Promise.all(newest));
}

const hasOwnAddress = ({ archive }: Config, origin: string): boolean =>
  archive.origins[origin]?.address !== undefined;

/** Those of them that have states. Of one that comes from a mirror beside others, a notice tells. @throws MayflyError `archive.mirror` */
export function withStates(context: Context, config: Config, origins: readonly string[]): readonly string[] {
  const mirrored = origins.filter((origin) => isMirror(addressOf(config.archive, origin)));
  if (mirrored.length === 0) return origins;
  if (mirrored.length === origins.length) {
    const [first = ''] = mirrored;
    const isOwn = hasOwnAddress(config, first);
    const setting = isOwn ? `archive.origins.${first}.kind` : 'archive.kind';
    throw new MayflyError('usage', 'archive.mirror', `${setting} is mirror: a mirror has no snapshots.`, {
      hint: isOwn
        ? 'Set it to local, or to a snapshot service.'
        : 'Set archive.kind in builder.yaml to local, or to a snapshot service.',
    });
  }
  const text = `Left out: ${mirrored.join(', ')}, from a mirror, which has no snapshots.`;
  context.report({ type: 'notice', level: 'info', text });
  return origins.filter((origin) => !mirrored.includes(origin));
}

export interface TakenSnapshot {
  readonly origin: string;
  readonly serial: string;
  /** False when nothing had changed since this serial was taken. */
  readonly isNew: boolean;
  readonly fetchedBytes: number;
}

export async function takeSnapshots(
  context: Context,
  project: SerialProject,
  origins: readonly string[],
): Promise<readonly TakenSnapshot[]> {
  const { archive } = project.config;
  const local = origins.filter((origin) => addressOf(archive, origin).kind === 'local');
  if (local.length === 0) {
    const [first = ''] = origins;
    const { kind } = addressOf(archive, first);
    const isOwn = hasOwnAddress(project.config, first);
    throw new MayflyError('usage', 'archive.not-local', 'Snapshots are taken by the local archive only.', {
      hint: isOwn
        ? `archive.origins.${first}.kind is ${kind}, which needs none to be taken.`
        : `archive.kind in builder.yaml is ${kind}; remove it, or set it to local.`,
    });
  }
  const others = origins.filter((origin) => !local.includes(origin));
  if (others.length > 0) {
    const text = `Left out: ${others.join(', ')}, whose snapshots the local archive does not take.`;
    context.report({ type: 'notice', level: 'info', text });
  }
  await using upstream = await makeUpstream(await hostProxies(context.env, context.signal));
  return await Promise.all(
    local.map(async (origin) => {
      const { config, builderFolder } = project;
      const { snapshot, isNew, fetchedBytes } = await takeOrigin(
        context,
        config,
        origin,
        builderFolder,
        upstream,
      );
      return { origin, serial: snapshot.serial, isNew, fetchedBytes };
    }),
  );
}

export interface ListedSnapshot extends Snapshot {
  /** Why it must not expire; undefined when it is not held. */
  readonly held: string | undefined;
}

/** All snapshots of the local archive, oldest first within an origin. */
export async function listSnapshots(context: Context): Promise<readonly ListedSnapshot[]> {
  const archive = archiveFolder(context.home);
  const shelf = archiveParts(archive).snapshots;
  const snapshots: ListedSnapshot[] = [];
  for (const origin of await listOrigins(shelf)) {
    for (const serial of await listSerials(shelf, origin)) {
      const held = await readHold(archive, origin, serial);
      snapshots.push({ ...(await readSnapshot(shelf, origin, serial)), held });
    }
  }
  return snapshots;
}
