/** A VM that one can "work in": its ssh is a fake program on PATH that runs the command here. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestSettings } from '../../../src/guest/provision.js';
import type { GuestSession, VmEnd } from '../../../src/guest/session.js';
import { temporaryFolder } from '../source/repository.js';

export async function guestSession(gone: () => VmEnd | undefined = () => undefined): Promise<GuestSession> {
  const folder = await temporaryFolder();
  const console = join(folder, 'console.log');
  await writeFile(console, '');
  return {
    ssh: {
      host: '127.0.0.1',
      port: 1,
      user: 'root',
      folder,
      keyFile: 'key',
      knownHosts: 'known_hosts',
      socket: 'ssh.sock',
    },
    gone,
    console,
    bringConsole: () => Promise.resolve(),
  };
}

export const SETTINGS: GuestSettings = {
  tags: { source: 'source', builder: 'builder' },
  source: '/srv/source.git',
  builder: '/srv/builder',
  user: 'builder',
  setup: 'mayfly',
  ref: 'feature/x',
  packagesDisk: 'mayfly-packages',
  websiteDisk: undefined,
  aptProxy: 'http://127.0.0.1:3142',
  proxyInVm: true,
  upstreamProxy: undefined,
  proxyOffline: false,
  archiveDirect: false,
  aptSources: ['deb http://mirror.example/debian trixie main', 'deb http://mirror.example/x y main'],
  imageSources: [],
  fixes: undefined,
  fixesSources: [],
};
