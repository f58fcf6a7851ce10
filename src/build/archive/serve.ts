/** The archive of one build: served on the host while it runs, and brought into its VM. */
import type { ArchiveSource } from '../../basebox/recipe.js';
import { MayflyError, messageOf } from '../../errors.js';
import { archiveFolder } from '../../paths.js';
import { snapshotAt, type SnapshotAddress } from '../../snapshots/local/address.js';
import { startArchiveServer, type ServedFile } from '../../snapshots/local/server.js';
import type { Snapshot } from '../../snapshots/local/snapshot.js';
import { hostProxies } from '../../snapshots/host-proxy.js';
import { makeUpstream } from '../../snapshots/upstream.js';
import type { Report, Traffic } from '../../report/events.js';
import type { Context } from '../context.js';
import { servedAt, type PlannedArchive, type PlannedState } from './origins.js';
import { snapshotOf } from './stored.js';
import { useArchive } from './take-origin.js';
import { Unfetched, unfetchedWarning } from './unfetched.js';

export interface BuildArchive extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** A source as this host reaches it. */
  readonly onHost: (source: ArchiveSource) => ArchiveSource;
  /** What was served so far. */
  readonly served: readonly ServedFile[];
  /** The same as a sum, with what is on its way from upstream. */
  readonly traffic: () => Traffic;
  /** Snapshots that were asked for and are not the plan's. */
  readonly outside: Set<string>;
  /** What was asked for and may not be fetched. What nobody has told of is a warning when the archive is closed. */
  readonly unfetched: Unfetched;
}

/**
 * Nothing that is stored is removed until it is closed.
 * @param offline nothing is fetched from upstream
 */
export async function openArchive(
  context: Context,
  planned: PlannedArchive,
  offline: boolean,
  report: Report,
): Promise<BuildArchive> {
  const held = await useArchive(context);
  try {
    const archive = await startServing(context, planned, offline, report);
    return {
      ...archive,
      async [Symbol.asyncDispose]() {
        try {
          await archive[Symbol.asyncDispose]();
        } finally {
          await held.release();
        }
      },
    };
  } catch (error) {
    await held.release();
    throw error;
  }
}

async function startServing(
  context: Context,
  planned: PlannedArchive,
  offline: boolean,
  report: Report,
): Promise<BuildArchive> {
  const upstream = offline ? undefined : await makeUpstream(await hostProxies(context.env, context.signal));
  const archive = archiveFolder(context.home);
  const served: ServedFile[] = [];
  let [downloaded, stored] = [0, 0];
  const outside = new Set<string>();
  const unfetched = new Unfetched();
  const warn = (text: string): void => report({ type: 'notice', level: 'warning', text });
  const find = async (address: SnapshotAddress): Promise<Snapshot | undefined> => {
    const state = plannedState(planned, address);
    if (state !== undefined) return await snapshotOf(context, planned, address.origin, state);
    outside.add(addressName(address));
    return planned.pinned ? undefined : await snapshotAt(archive, address);
  };
  const server = await startArchiveServer({
    archive,
    upstream,
    signal: context.signal,
    find,
    // The project, or this host, may name another mirror by now.
    mirrors: (asked) =>
      planned.origins.flatMap(({ origin, upstream = [] }) => (origin === asked ? upstream : [])),
    onServed: (file) => {
      served.push(file);
      if (file.source === 'stored') stored += file.bytes;
    },
    onBytes: (bytes) => (downloaded += bytes),
    onFailure: (path, error) => {
      const isOffline = error instanceof MayflyError && error.code === 'archive.offline';
      if (isOffline) unfetched.note(path);
      else warn(`The archive cannot serve ${path}: ${messageOf(error)}`);
    },
  });
  return {
    port: server.port,
    onHost: (source) => servedAt(source, server.url),
    served,
    traffic: () => ({ bytes: stored + downloaded, downloaded }),
    outside,
    unfetched,
    async [Symbol.asyncDispose]() {
      const paths = unfetched.take();
      if (paths.length > 0) warn(unfetchedWarning(paths));
      await server[Symbol.asyncDispose]();
      await upstream?.[Symbol.asyncDispose]();
    },
  };
}

const addressName = (address: SnapshotAddress): string =>
  address.kind === 'tagged' ? `${address.tag}/${address.origin}` : `${address.origin}/${address.serial}`;

/** The state of the plan that an address stands for. Pure. */
export function plannedState(planned: PlannedArchive, address: SnapshotAddress): PlannedState | undefined {
  const origin = planned.origins.find((candidate) => candidate.origin === address.origin);
  const name = address.kind === 'tagged' ? address.tag : address.serial;
  const isTagged = address.kind === 'tagged';
  return [origin?.box, origin?.image].find(
    (state) => state?.serial === name && (state.tagged === true) === isTagged,
  );
}
