/**
 * Which state of each origin a build uses: the serial files of the base box and of the image, every
 * `latest` made one serial, once. What takes snapshots or asks a service happens in states.ts; what
 * follows from it is decided in origins.ts and rules.ts.
 */
import { join } from 'node:path';
import type { Config, OriginConfig } from '../../config/config.js';
import { archiveFolder } from '../../paths.js';
import { hostUpstream } from '../../snapshots/host-apt.js';
import { LATEST } from '../../snapshots/serial.js';
import { readState, type FrozenState, type Serials } from '../../snapshots/serial-files.js';
import { resolvedSerials, serialsOfVariable } from '../../snapshots/resolve.js';
import type { Context } from '../context.js';
import { addressOf, isMirror, serviceOf, stateUrl } from './address.js';
import {
  keyringOf,
  type PlannedArchive,
  type PlannedOrigin,
  type PlannedState,
  type SerialSet,
} from './origins.js';
import { statesOfRelease, statesOfTag, tagOf, type Release } from './release.js';
import { newestSerials, StateSource, statesOf } from './states.js';
import { settingsOf } from './take-origin.js';
import { contradictions, givenStates, type States } from './variable.js';

/** Serials of the image, in the project. */
export const IMAGE_SERIALS = 'config/APT_snapshots.d';

export interface ArchiveRequest {
  readonly context: Context;
  readonly config: Config;
  /** A copy of the builder directory. */
  readonly builderFolder: string;
  /** A folder that holds the project's IMAGE_SERIALS. */
  readonly imageFolder: string;
  /** A build follows: every state must be there, or be fetched. Else what is known already will do. */
  readonly strict: boolean;
  /** Nothing may be fetched. */
  readonly offline: boolean;
  /** No build follows, but what is stored is judged as for one. Default false. */
  readonly check?: boolean;
  /** The release that is built; undefined when none is. */
  readonly release: Release | undefined;
  /** A tag of the local archive whose states are asked for by its name. Default: none. */
  readonly tag?: string | undefined;
  /** Is told what a person should know of the choice of states. Default: nobody is. */
  readonly warn?: (text: string) => void;
}

export async function planArchive(request: ArchiveRequest): Promise<PlannedArchive> {
  const { context, config, strict } = request;
  const origins = Object.keys(config.archive.origins).sort();
  const statesIn = async (directory: string): Promise<States> =>
    Object.fromEntries(
      await Promise.all(origins.map(async (name) => [name, await readState(directory, name)] as const)),
    );
  const image = await statesIn(join(request.imageFolder, IMAGE_SERIALS));
  const inBox = await statesIn(join(request.builderFolder, config.basebox.serials));
  // A box takes nothing from an origin without suites: of that one the build is told the serial.
  const takesNothing = (name: string): boolean => config.archive.origins[name]?.suites.length === 0;
  const box = Object.fromEntries(
    Object.entries(inBox).map(([name, state]) => [
      name,
      (takesNothing(name) ? image[name] : undefined) ?? state,
    ]),
  );
  const variable = context.env['APT_SNAPSHOTS_SERIALS'];
  const hasVariable = variable !== undefined && variable !== '';
  const folder = archiveFolder(context.home);
  const released =
    request.tag === undefined
      ? await statesOfRelease(folder, config, request.release)
      : await statesOfTag(folder, config.archive, request.tag, hasVariable);
  if (released.unused !== undefined) request.warn?.(released.unused);
  const fromVariable = hasVariable ? givenStates(serialsOfVariable(variable), released) : {};
  const isMirrored = (name: string): boolean => isMirror(addressOf(config.archive, name));
  // A mirror has one state, whatever serials anybody names.
  const decided = Object.fromEntries(Object.entries(fromVariable).filter(([name]) => !isMirrored(name)));
  for (const text of contradictions(decided, released, image)) request.warn?.(text);
  const given = {
    box: {
      ...released.box,
      ...Object.fromEntries(Object.entries(fromVariable).filter(([name]) => takesNothing(name))),
    },
    image: { ...released.image, ...fromVariable },
  };
  const tagFor = (name: string) => (fromVariable[name] === undefined ? tagOf(released, name) : undefined);
  const isMoving = (states: States, fixed: States, name: string): boolean =>
    states[name]?.serial === LATEST && fixed[name] === undefined;
  const moving = origins.filter(
    (name) =>
      !isMirrored(name) &&
      (isMoving(box, given.box, name) || (tagFor(name) === undefined && isMoving(image, given.image, name))),
  );
  await using source = new StateSource(request);
  const newest = await newestSerials(source, moving);
  const resolve = (of: SerialSet, states: States): Serials => {
    const wanted = Object.fromEntries(origins.map((name) => [name, states[name]?.serial ?? LATEST]));
    // Of a tagged snapshot the serial files say nothing.
    const isLenient = (name: string): boolean =>
      isMirrored(name) || !strict || (of === 'image' && tagFor(name) !== undefined);
    const certain = Object.fromEntries(Object.entries(wanted).filter(([name]) => !isLenient(name)));
    return {
      ...wanted,
      ...newestOf(wanted, newest),
      ...serialsOf(given[of]),
      ...resolvedSerials(certain, serialsOf(given[of]), newest),
    };
  };
  const serials = { box: resolve('box', box), image: resolve('image', image) };
  const hasOwn = Object.values(config.archive.origins).some(({ address }) => address !== undefined);
  const planned = origins.map(async (origin): Promise<PlannedOrigin> => {
    const settings = settingsOf(config, origin);
    const upstream = await upstreamOf(config, origin, settings, context.signal);
    const states = await statesOf(source, origin, {
      box: wantedState(serials.box[origin], box[origin], given.box[origin]),
      image: {
        ...wantedState(serials.image[origin], image[origin], given.image[origin]),
        tag: tagFor(origin),
      },
    });
    const urlOf = (state: PlannedState) =>
      stateUrl(addressOf(config.archive, origin), { origin, upstream }, state);
    return {
      origin,
      upstream,
      suites: settings.suites,
      components: settings.components,
      keyring: keyringOf(settings, request.builderFolder),
      ...states,
      ...(settings.address === undefined ? {} : { address: settings.address }),
      ...(hasOwn ? { urls: { box: urlOf(states.box), image: urlOf(states.image) } } : {}),
    };
  });
  const { kind, url, taggedUrl, pinned } = config.archive;
  return { kind, url, taggedUrl, pinned, origins: await Promise.all(planned) };
}

const serialsOf = (states: States): Serials =>
  Object.fromEntries(Object.entries(states).map(([origin, { serial }]) => [origin, serial]));

/** Checksums belong to their own serial: of another one nothing is known yet. */
function wantedState(serial = LATEST, inGit: FrozenState | undefined, given: FrozenState | undefined) {
  const releases = [given, inGit]
    .filter((state) => state?.serial === serial)
    .map((state) => state?.releases ?? {})
    .find((known) => Object.keys(known).length > 0);
  return { wanted: inGit?.serial ?? LATEST, serial, releases: releases ?? {} };
}

const newestOf = (wanted: Serials, newest: Serials): Serials =>
  Object.fromEntries(Object.entries(newest).filter(([name]) => wanted[name] === LATEST));

/** Services have their own address; the others use a mirror. */
async function upstreamOf(
  config: Config,
  origin: string,
  settings: OriginConfig,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (serviceOf(addressOf(config.archive, origin)) !== undefined || settings.suites.length === 0)
    return undefined;
  return settings.url ?? (await hostUpstream(origin, signal));
}
