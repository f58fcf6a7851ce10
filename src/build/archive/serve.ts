/** The archive of one build: served on the host while it runs, and brought into its VM. */
import type { ArchiveSource } from '../../basebox/recipe.js';
import { messageOf } from '../../errors.js';
import { archiveFolder } from '../../paths.js';
import { snapshotUrl } from '../../snapshots/archive-url.js';
import { startArchiveServer, type ServedFile } from '../../snapshots/local/server.js';
import { hostProxy, makeUpstream } from '../../snapshots/upstream.js';
import type { Report } from '../../report/events.js';
import type { Context } from '../context.js';
import { serviceOf, servedAt, type PlannedArchive } from './origins.js';

export interface BuildArchive extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** A source as this host reaches it. */
  readonly onHost: (source: ArchiveSource) => ArchiveSource;
  /** What was served so far. */
  readonly served: readonly ServedFile[];
}

/** @param offline nothing is fetched from upstream */
export async function openArchive(
  context: Context,
  planned: PlannedArchive,
  offline: boolean,
  report: Report,
): Promise<BuildArchive> {
  const upstream = offline ? undefined : await makeUpstream(await hostProxy(context.env, context.signal));
  const service = serviceOf(planned);
  const served: ServedFile[] = [];
  const server = await startArchiveServer({
    archive: archiveFolder(context.home),
    upstream,
    signal: context.signal,
    onServed: (file) => served.push(file),
    onFailure: (path, error) => {
      report({
        type: 'notice',
        level: 'warning',
        text: `The archive cannot serve ${path}: ${messageOf(error)}`,
      });
    },
    ...(service === undefined
      ? {}
      : { relay: (origin: string, serial: string) => snapshotUrl(service, origin, serial) }),
  });
  return {
    port: server.port,
    onHost: (source) => servedAt(source, server.url),
    served,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream?.[Symbol.asyncDispose]();
    },
  };
}
