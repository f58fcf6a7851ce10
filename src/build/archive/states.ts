/** The states of origins: found in the archive, taken from a mirror, or fetched from a snapshot service. */
import { archiveFolder } from '../../paths.js';
import {
  findSnapshot,
  isOther,
  unknownSnapshot,
  type SnapshotQuery,
} from '../../snapshots/local/find-snapshot.js';
import {
  hasReleases,
  listSerials,
  releasesOf,
  touchSnapshot,
  type Releases,
  type Snapshot,
} from '../../snapshots/local/snapshot.js';
import { covers, newestCovering } from '../../snapshots/local/covers.js';
import { newestOfService } from '../../snapshots/newest.js';
import { LATEST } from '../../snapshots/serial.js';
import type { Serials } from '../../snapshots/serial-files.js';
import { hostProxies } from '../../snapshots/host-proxy.js';
import { makeUpstream, type Upstream } from '../../snapshots/upstream.js';
import type { Context } from '../context.js';
import { adopt } from './adopt.js';
import { incompleteState, refuseUnlisted } from './incomplete.js';
import { addressOf, isMirror, serviceOf } from './address.js';
import type { PlannedState, SerialSet } from './origins.js';
import { queryFor, shelfOf } from './stored.js';
import { newestStoredFor, settingsOf, takeOrigin, wantedOf, type ArchiveSettings } from './take-origin.js';

export interface StateRequest {
  readonly context: Context;
  readonly config: ArchiveSettings;
  /** A copy of the builder directory. */
  readonly builderFolder: string;
  /** A build follows: every state must be there, or be fetched. Else what is known already will do. */
  readonly strict: boolean;
  /** Nothing may be fetched. */
  readonly offline: boolean;
  /** No build follows, but what is stored is judged as for one. Default false. */
  readonly check?: boolean;
}

/** Where states come from, and the connections that it opens when they are needed. */
export class StateSource implements AsyncDisposable {
  #upstream: Promise<Upstream> | undefined;

  constructor(readonly request: StateRequest) {}

  get mayFetch(): boolean {
    return this.request.strict && !this.request.offline;
  }

  get archive(): string {
    return archiveFolder(this.request.context.home);
  }

  upstream(): Promise<Upstream> {
    const { env, signal } = this.request.context;
    this.#upstream ??= hostProxies(env, signal).then(makeUpstream);
    return this.#upstream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const upstream = await this.#upstream?.catch(() => undefined);
    await upstream?.[Symbol.asyncDispose]();
  }
}

/** Origin → newest serial; those that are not known are left out. */
export async function newestSerials(source: StateSource, origins: readonly string[]): Promise<Serials> {
  const { context, config, builderFolder } = source.request;
  const find = async (origin: string): Promise<string | undefined> => {
    const address = addressOf(config.archive, origin);
    const service = serviceOf(address);
    const shelf = shelfOf(source.archive, address, false);
    if (!source.mayFetch) return await newestStored(source, shelf, origin);
    const upstream = await source.upstream();
    return service === undefined
      ? (await takeOrigin(context, config, origin, builderFolder, upstream)).snapshot.serial
      : await newestOfService(service, origin, upstream, context.signal);
  };
  const found = await Promise.all(origins.map(async (origin) => [origin, await find(origin)] as const));
  return Object.fromEntries(
    found.flatMap(([origin, serial]) => (serial === undefined ? [] : [[origin, serial]])),
  );
}

/** A build that finds none that holds enough is told what the newest lacks. */
async function newestStored(source: StateSource, shelf: string, origin: string): Promise<string | undefined> {
  const { context, config, builderFolder, strict } = source.request;
  const fitting = await newestStoredFor(context, config, origin, builderFolder, shelf);
  if (fitting !== undefined || !strict) return fitting?.serial;
  // One that holds enough is another archive's.
  if ((await newestCovering(shelf, origin, wantedOf(config, origin, 'box'))) !== undefined) return undefined;
  return (await listSerials(shelf, origin)).at(-1);
}

/** A state that is wanted. */
export interface WantedState {
  readonly wanted: string;
  readonly serial: string;
  readonly releases: Releases;
  /** Take the tagged snapshot of this name instead. */
  readonly tag?: string | undefined;
}

/** @throws MayflyError `snapshot.unknown` and its like when a build could not have the state */
export async function statesOf(
  source: StateSource,
  origin: string,
  wanted: Readonly<Record<SerialSet, WantedState>>,
): Promise<Readonly<Record<SerialSet, PlannedState>>> {
  // One after the other: they are often the same, and then the second is found.
  const box = await stateOf(source, origin, 'box', wanted.box);
  return { box, image: await stateOf(source, origin, 'image', wanted.image) };
}

async function stateOf(
  source: StateSource,
  origin: string,
  of: SerialSet,
  { wanted, serial, releases, tag }: WantedState,
): Promise<PlannedState> {
  const address = addressOf(source.request.config.archive, origin);
  const named = tag === undefined ? { wanted, serial, releases } : taggedState(wanted, tag);
  if (isMirror(address) || (named.serial === LATEST && tag === undefined)) return { ...named, releases: {} };
  // There is nothing to fetch: only its serial is told to the build.
  if (settingsOf(source.request.config, origin).suites.length === 0) return { ...named, releases: {} };
  const { strict, check } = source.request;
  const query = await queryFor(source.archive, address, origin, named);
  const snapshot = await obtain(source, query, of, named);
  if (snapshot === undefined)
    return check === true ? { ...named, missing: (await isOther(query)) ? 'other' : 'unknown' } : named;
  if (strict) {
    await touchSnapshot(shelfOf(source.archive, address, tag !== undefined), snapshot);
  }
  // What Git names by its InRelease files stays what it is for as long as anybody has it: no date says more.
  const isNamed = Object.keys(named.releases).length > 0;
  const [validUntil] = isNamed ? [] : snapshot.suites.flatMap((suite) => suite.validUntil ?? []).sort();
  return {
    ...named,
    releases: releasesOf(snapshot),
    ...(validUntil === undefined ? {} : { validUntil }),
  };
}

const taggedState = (wanted: string, tag: string): PlannedState => ({
  wanted,
  serial: tag,
  tagged: true,
  releases: {},
});

/** Undefined when it is not here, and no build follows. */
async function obtain(
  source: StateSource,
  query: SnapshotQuery,
  of: SerialSet,
  state: PlannedState,
): Promise<Snapshot | undefined> {
  const { config, strict, check } = source.request;
  const { origin } = query;
  const found = await findSnapshot(query);
  const need = wantedOf(config, origin, of);
  if (strict || check === true) refuseUnlisted(origin, state, need.suites);
  const isService = serviceOf(addressOf(config.archive, origin)) !== undefined;
  if (isService && source.mayFetch) return await adopt(source, query, of, state, found);
  if (found !== undefined) {
    const isJudged = strict || (check === true && !isService);
    if (isJudged && !covers(found, need)) throw incompleteState(query, found, need);
    return found;
  }
  if (!strict) return undefined;
  // The mirror may still have the state that the project is frozen to.
  if (!isService && source.mayFetch && Object.keys(state.releases).length > 0) {
    const { context, builderFolder } = source.request;
    const taken = await takeOrigin(context, config, origin, builderFolder, await source.upstream());
    if (hasReleases(taken.snapshot, state.releases)) return taken.snapshot;
  }
  throw await unknownSnapshot(query);
}
