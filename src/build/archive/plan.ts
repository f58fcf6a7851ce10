/**
 * Which state of each origin a build uses: the serial files of the base box and of the image, every
 * `latest` made one serial, once. What takes snapshots or asks a service happens here; what follows
 * from it is decided in origins.ts.
 */
import { join } from 'node:path';
import { TOOLS_SUITE } from '../../basebox/recipe.js';
import type { Config, OriginConfig } from '../../config/config.js';
import { archiveFolder, lockFile } from '../../paths.js';
import { lock } from '../../process/lock.js';
import { LATEST } from '../../snapshots/serial.js';
import { readSerial, type Serials } from '../../snapshots/serial-files.js';
import { hostUpstream } from '../../snapshots/host-apt.js';
import { newestOfService } from '../../snapshots/newest.js';
import { resolvedSerials, serialsOfVariable } from '../../snapshots/resolve.js';
import { listSerials } from '../../snapshots/local/snapshot.js';
import { takeSnapshot, type Taken } from '../../snapshots/local/take.js';
import { hostProxy, makeUpstream, type Upstream } from '../../snapshots/upstream.js';
import type { Context } from '../context.js';
import { keyringOf, serviceOf, type PlannedArchive, type PlannedOrigin } from './origins.js';

/** Serials of the image, in the project. */
export const IMAGE_SERIALS = 'config/APT_snapshots.d';

export interface ArchiveRequest {
  readonly context: Context;
  readonly config: Config;
  /** A copy of the builder directory. */
  readonly builderFolder: string;
  /** A folder that holds the project's IMAGE_SERIALS. */
  readonly imageFolder: string;
  /** Take a snapshot, or ask the service, for what is at `latest`; else what is known already is taken. */
  readonly refresh: boolean;
}

export async function planArchive(request: ArchiveRequest): Promise<PlannedArchive> {
  const { context, config } = request;
  const origins = Object.entries(config.archive.origins);
  const serialsIn = async (directory: string, of = origins): Promise<Serials> =>
    Object.fromEntries(
      await Promise.all(of.map(async ([name]) => [name, await readSerial(directory, name)] as const)),
    );
  // A box takes nothing from an origin without suites: of that one the build is told the serial.
  const inBox = origins.filter(([, { suites }]) => suites.length > 0);
  const box = await serialsIn(join(request.builderFolder, config.basebox.serials), inBox);
  const image = await serialsIn(join(request.imageFolder, IMAGE_SERIALS));
  const variable = context.env['APT_SNAPSHOTS_SERIALS'];
  const given = variable === undefined || variable === '' ? {} : serialsOfVariable(variable);
  const moving = origins.filter(
    ([name]) => box[name] === LATEST || (image[name] === LATEST && given[name] === undefined),
  );
  const newest =
    config.archive.kind === 'mirror' ? {} : await newestSerials(request, Object.fromEntries(moving));
  const resolve = (wanted: Serials, fixed: Serials): Serials =>
    config.archive.kind === 'mirror' || (!request.refresh && Object.keys(newest).length < moving.length)
      ? { ...wanted, ...newest, ...fixed }
      : resolvedSerials(wanted, fixed, newest);
  const [boxSerials, imageSerials] = [resolve(box, {}), resolve(image, given)];
  const planned = await Promise.all(
    origins.map(async ([origin, settings]): Promise<PlannedOrigin> => ({
      origin,
      upstream: await upstreamOf(config, origin, settings, context.signal),
      suites: settings.suites,
      components: settings.components,
      keyring: keyringOf(settings, request.builderFolder),
      wanted: { box: box[origin] ?? image[origin] ?? LATEST, image: image[origin] ?? LATEST },
      serial: {
        box: boxSerials[origin] ?? imageSerials[origin] ?? LATEST,
        image: imageSerials[origin] ?? LATEST,
      },
    })),
  );
  const { kind, url, taggedUrl } = config.archive;
  return { kind, url, taggedUrl, origins: planned.sort((a, b) => (a.origin < b.origin ? -1 : 1)) };
}

/** Services have their own address; the others use a mirror. */
async function upstreamOf(
  config: Config,
  origin: string,
  settings: OriginConfig,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (serviceOf(config.archive) !== undefined) return undefined;
  return settings.url ?? (await hostUpstream(origin, signal));
}

/** Origin → newest serial, for those that move; the ones that are not known are left out. */
async function newestSerials(
  request: ArchiveRequest,
  moving: Readonly<Record<string, OriginConfig>>,
): Promise<Serials> {
  const { context, config } = request;
  const names = Object.keys(moving);
  if (names.length === 0) return {};
  const service = serviceOf(config.archive);
  if (service === undefined && !request.refresh) return await knownSerials(context, names);
  if (!request.refresh) return {};
  await using upstream = await makeUpstream(await hostProxy(context.env, context.signal));
  const found = names.map(async (origin) => {
    const serial =
      service === undefined
        ? (await takeOrigin(context, config, origin, request.builderFolder, upstream)).snapshot.serial
        : await newestOfService(service, origin, upstream, context.signal);
    return [origin, serial] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

async function knownSerials(context: Context, origins: readonly string[]): Promise<Serials> {
  const known = origins.map(
    async (origin) => [origin, (await listSerials(archiveFolder(context.home), origin)).at(-1)] as const,
  );
  return Object.fromEntries(
    (await Promise.all(known)).flatMap(([origin, serial]) =>
      serial === undefined ? [] : [[origin, serial]],
    ),
  );
}

/** Takes a snapshot of one origin into the local archive, as the project's settings want it. */
export async function takeOrigin(
  context: Context,
  config: Config,
  origin: string,
  builderFolder: string,
  upstream: Upstream,
): Promise<Taken> {
  const settings = config.archive.origins[origin];
  if (settings === undefined) throw new Error(`The origin ${origin} is not configured.`);
  await using _lock = await lock(lockFile(context.home, `archive-${origin}`), {
    purpose: `takes a snapshot of ${origin}`,
    signal: context.signal,
  });
  return await takeSnapshot({
    archive: archiveFolder(context.home),
    origin,
    url: settings.url ?? (await hostUpstream(origin, context.signal)),
    // The disk tools come from their own suite, whatever the box's is.
    suites: origin === 'debian' ? [...new Set([...settings.suites, TOOLS_SUITE])] : settings.suites,
    components: settings.components,
    architectures: [config.basebox.architecture],
    keyring: keyringOf(settings, builderFolder),
    upstream,
    now: new Date(),
    signal: context.signal,
    progress: (text) => context.report({ type: 'progress', step: 'plan', text: `snapshot of ${text}` }),
  });
}
