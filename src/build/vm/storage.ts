/** Where the disks of a VM are: files of this person's, or volumes on the host that runs it. */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { allowsDirect, ARTIFACT_DISK, emptyArtifactDisk, makeArtifactDisk } from '../../artifacts/disk.js';
import { discardCache, openCache, sealCache, type SealOutcome } from '../../disks/cache.js';
import { vmFiles } from '../../paths.js';
import { parseConnection } from '../../vm/libvirt/connection.js';
import { createVolume, download, vmVolume, volumePath } from '../../vm/libvirt/pool.js';
import { discardPoolCache, openPoolCache, sealPoolCache } from '../../vm/libvirt/pool-caches.js';
import type { ExtraDisk } from '../../vm/provider.js';
import type { VmRecord } from '../../vm/record.js';
import type { Context } from '../context.js';
import type { PlannedCache } from '../plan/plan-type.js';
import { cacheStore } from './caches.js';

export interface VmStorage {
  /** @returns the overlay's path on the host that runs the VM */
  openCache(cache: PlannedCache): Promise<string>;
  /** Makes what the VM added to a cache a part of it. The VM has ended in order. */
  sealCache(cache: string, overlay: Overlay): Promise<SealOutcome>;
  discardCache(cache: string, overlay: Overlay): Promise<void>;
  /** @param bytes as much as the guest can hold */
  makeArtifactDisk(bytes: number): Promise<void>;
  artifactDisk(): Promise<ExtraDisk>;
  /** Before the guest writes to it. @returns whether the guest itself has to empty it */
  emptyArtifactDisk(signal: AbortSignal): Promise<'emptied' | 'guest'>;
  /** Brings what the guest wrote to the VM's folder. @returns the raw file */
  readArtifactDisk(signal: AbortSignal): Promise<string>;
}

interface Overlay {
  readonly path: string;
  readonly bytes?: number | undefined;
}

type Place = Pick<VmRecord, 'id' | 'provider' | 'connection'>;

/** Whether QEMU runs as somebody else, or elsewhere: then it reads no file of this person's. */
export function isPooled({ connection }: Place): boolean {
  return connection !== undefined && !parseConnection(connection).isSession;
}

export function storageOf(context: Context, place: Place, folder: string): VmStorage {
  return isPooled(place) && place.connection !== undefined
    ? inPool(context, place.connection, place.id, folder)
    : inFiles(context, place.id, folder);
}

/** Sealing is short and must not be cut in half by an impatient Ctrl-C. */
const unhurried = (): AbortSignal => new AbortController().signal;

function inFiles(context: Context, id: string, folder: string): VmStorage {
  const store = cacheStore(context);
  const artifacts = join(folder, vmFiles.artifacts);
  return {
    async openCache({ name, bytes }) {
      return (await openCache(store, name, id, bytes, context.signal)).path;
    },
    sealCache: (cache, { path }) => sealCache(store, { cache, path }, unhurried()),
    discardCache: (cache, { path }) => discardCache({ cache, path }),
    makeArtifactDisk: (bytes) => makeArtifactDisk(artifacts, bytes),
    async artifactDisk() {
      const direct = await allowsDirect(artifacts);
      return { serial: ARTIFACT_DISK, path: vmFiles.artifacts, format: 'raw', direct };
    },
    async emptyArtifactDisk(signal) {
      await emptyArtifactDisk(artifacts, signal);
      return 'emptied';
    },
    readArtifactDisk: () => Promise.resolve(artifacts),
  };
}

function inPool(context: Context, uri: string, id: string, folder: string): VmStorage {
  const artifacts = vmVolume(id, 'artifacts');
  return {
    openCache: ({ name, bytes }) => openPoolCache(uri, { cache: name, vmId: id, bytes }, context.signal),
    sealCache: (cache, { bytes = 0 }) => sealPoolCache(uri, { cache, vmId: id, bytes }, unhurried()),
    discardCache: (cache) => discardPoolCache(uri, cache, id),
    makeArtifactDisk: (bytes) =>
      createVolume(uri, { name: artifacts, bytes: wholeSectors(bytes), format: 'raw' }, context.signal),
    async artifactDisk() {
      return {
        serial: ARTIFACT_DISK,
        path: await volumePath(uri, artifacts, context.signal),
        format: 'raw',
      };
    },
    emptyArtifactDisk: () => Promise.resolve('guest'),
    async readArtifactDisk(signal) {
      const file = join(folder, vmFiles.artifacts);
      await rm(file, { force: true });
      await download(uri, artifacts, file, signal);
      await stat(file);
      return file;
    },
  };
}

const wholeSectors = (bytes: number): number => Math.ceil(bytes / 512) * 512;
