/**
 * The folders of mayfly's, and the names of files that several parts know. A file that one part alone reads and
 * writes is named there.
 *
 * $XDG_DATA_HOME/mayfly    boxes/, caches/ and archive/: slow to make again, or not at all
 * $XDG_CACHE_HOME/mayfly   tools/: quick to make again
 * $XDG_STATE_HOME/mayfly   vms/, builds/, locks/, tmp/, differences/: of this machine only
 *
 * MAYFLY_HOME puts the three below one folder. Stores are content-addressed and hold no absolute path.
 */
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { MayflyError } from './errors.js';

export interface Home {
  readonly data: string;
  readonly cache: string;
  readonly state: string;
}

/**
 * The folder that a variable of ours names; undefined when it is unset or empty.
 * @throws MayflyError `environment.relative-folder`: the same build must not depend on where it is called
 */
export function folderVariable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name];
  if (value === undefined || value === '') return undefined;
  if (isAbsolute(value)) return value;
  throw new MayflyError('usage', 'environment.relative-folder', `${name} is ${value}, a relative path.`, {
    hint: `Give ${name} an absolute path, or unset it.`,
  });
}

/** @throws MayflyError as folderVariable */
export function resolveHome(env: NodeJS.ProcessEnv = process.env): Home {
  const own = folderVariable(env, 'MAYFLY_HOME');
  if (own !== undefined) {
    return { data: join(own, 'data'), cache: join(own, 'cache'), state: join(own, 'state') };
  }
  // An empty HOME would put everything below the folder of the command.
  const home = env['HOME'] === undefined || env['HOME'] === '' ? homedir() : env['HOME'];
  // XDG Base Directory Specification: a relative path is to be ignored.
  const xdg = (name: string, fallback: string): string => {
    const value = env[name];
    return join(value !== undefined && isAbsolute(value) ? value : join(home, fallback), 'mayfly');
  };
  return {
    data: xdg('XDG_DATA_HOME', '.local/share'),
    cache: xdg('XDG_CACHE_HOME', '.cache'),
    state: xdg('XDG_STATE_HOME', '.local/state'),
  };
}

export const boxesFolder = (home: Home): string => join(home.data, 'boxes');
export const cachesFolder = (home: Home): string => join(home.data, 'caches');
export const archiveFolder = (home: Home): string => join(home.data, 'archive');
export const toolsFolder = (home: Home): string => join(home.cache, 'tools');
export const vmsFolder = (home: Home): string => join(home.state, 'vms');
export const buildsFolder = (home: Home): string => join(home.state, 'builds');
/** Reports on base boxes that did not come out the same. */
export const differencesFolder = (home: Home): string => join(home.state, 'differences');
export const scratchFolder = (home: Home): string => join(home.state, 'tmp');
/** Where base boxes were copied to. */
export const copiesFile = (home: Home): string => join(home.state, 'box-copies');
/** @throws Error when the name would leave the folder: who calls has verified it */
export function lockFile(home: Home, name: string): string {
  if (/[/\0]/.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a lock`);
  return join(home.state, 'locks', `${name}.lock`);
}

/** The lock of all that is done by way of Vagrant. @param folder of a VM */
export const vagrantLockFile = (folder: string): string =>
  lockFile({ data: '', cache: '', state: dirname(dirname(folder)) }, 'vagrant');

/** Files of one base box, in boxes/FINGERPRINT/. */
export const boxFiles = {
  record: 'box.json',
  disk: 'disk.qcow2',
  kernel: 'vmlinuz',
  initrd: 'initrd.img',
  packages: 'packages.json',
  files: 'files.json',
} as const;

/** Files of one builder VM, in vms/ID/. QEMU runs in this folder, so that socket paths stay short (108 bytes). */
export const vmFiles = {
  record: 'vm.json',
  disk: 'overlay.qcow2',
  console: 'console.log',
  qemuLog: 'qemu.log',
  sshLog: 'ssh.log',
  qmp: 'qmp.sock',
  sshMaster: 'ssh.sock',
  sshKey: 'id_ed25519',
  hostKey: 'ssh_host_ed25519_key',
  knownHosts: 'known_hosts',
  network: 'network',
  /** A tar of keys and settings, for providers that hand them over on a disk. */
  handover: 'handover.raw',
  /** libvirt's description of the VM, and what virsh says while it runs. */
  domain: 'domain.xml',
  virshLog: 'virsh.log',
  /** The Vagrantfile and what Vagrant keeps beside it. */
  vagrant: 'vagrant',
  vagrantLog: 'vagrant.log',
  /** libvirt's descriptions of what keeps a VM of Vagrant's from the host, and of the interface that it is put on. */
  networkFilter: 'network-filter.xml',
  interface: 'interface.xml',
  /** Shared with the guest, read-only. */
  source: 'source',
  builder: 'builder',
  /** The disk that the guest writes its results to. */
  artifacts: 'artifacts.raw',
  /** QEMU's events, for whoever works in the VM. */
  events: 'events.sock',
} as const;

/** Files of one build, in builds/ID/, the first three also beside its artifacts. */
export const buildFiles = {
  record: 'build.json',
  events: 'events.jsonl',
  log: 'build.log',
  console: 'console.log',
  provisionLog: 'provision.log',
  checksums: 'SHA256SUMS',
  /** What QEMU and ssh said of the VM, where they said anything. */
  qemuLog: 'qemu.log',
  sshLog: 'ssh.log',
  /** What the log is of, from its first moment. */
  about: 'about.json',
} as const;

/** In a build's folder: an artifact disk whose files could not be published, and that waits for a person. */
export const KEPT_DISK = 'artifacts-kept.raw';

/** Files of one project. */
export const projectFiles = {
  builderFolder: 'builder',
  config: 'builder.yaml',
} as const;

/** Name of a project's cache in the cache store. */
export const cacheName = (project: string, kind: string): string => `${project}-${kind}`;
