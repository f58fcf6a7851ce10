/** How other tools are told to make a system of the same packages. Pure: vectors and specifications, nothing runs here. */
import { stringify } from 'yaml';

export interface OtherBox {
  readonly suite: string;
  readonly architecture: string;
  /** Mirror of the suite. */
  readonly mirror: string;
  readonly keyring: string;
  /** Every source of the base box, as lines of sources.list. */
  readonly sources: readonly string[];
  readonly packages: readonly string[];
}

/** In the folder of a run. */
export const otherFiles = {
  specification: 'specification.yaml',
  disk: 'disk.raw',
  qcow2: 'disk.qcow2',
  tarball: 'rootfs.tar',
  packed: 'rootfs.tar.gz',
  root: 'root',
} as const;

/** Of vmdb2's disk. */
const SIZE = '4G';

/** A package's daemon must not start on this host. */
const NO_DAEMONS = String.raw`printf '#!/bin/sh\nexit 101\n'`;

/** $1 the root, $2 the architecture, $3 the keyring, $4 the suite, $5 the mirror, $6 the sources; packages follow. */
const SCRIPT = `set -eu
root=$1 architecture=$2 keyring=$3 suite=$4 mirror=$5 sources=$6
shift 6
debootstrap --variant=minbase --arch="$architecture" --keyring="$keyring" "$suite" "$root" "$mirror"
mountpoint --quiet "$root/proc" || mount -t proc proc "$root/proc"
printf '%s\\n' "$sources" > "$root/etc/apt/sources.list"
${NO_DAEMONS} > "$root/usr/sbin/policy-rc.d"
chmod 0755 "$root/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive
chroot "$root" apt-get --quiet -o Acquire::Languages=none update
chroot "$root" apt-get --quiet --yes --no-install-recommends install "$@"
`;

/**
 * debootstrap and apt-get, as root. Mounts and processes are in namespaces of their own, so that
 * nothing of it outlives the command.
 */
export function debootstrapCommand(box: OtherBox): readonly [string, readonly string[]] {
  const { architecture, keyring, suite, mirror, sources, packages } = box;
  const values = [otherFiles.root, architecture, keyring, suite, mirror, sources.join('\n')];
  return [
    'unshare',
    [
      ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
      ...['sh', '-c', SCRIPT, 'debootstrap', ...values, ...packages],
    ],
  ];
}

/** vmdb2 keeps a whole root file system, where it is told to, and unpacks it the next time. */
export function vmdb2Command(): readonly [string, readonly string[]] {
  const { disk, tarball, specification } = otherFiles;
  const args = ['--verbose', `--output=${disk}`, `--rootfs-tarball=${tarball}`, specification];
  return ['unshare', ['--mount', '--', 'vmdb2', ...args]];
}

export function vmdb2Specification(box: OtherBox): string {
  const device = '{{ output }}';
  const once = { unless: 'rootfs_unpacked' };
  return stringify({
    steps: [
      { mkimg: device, size: SIZE },
      { mklabel: 'msdos', device },
      { mkpart: 'primary', device, start: '1M', end: '100%', tag: 'root' },
      { kpartx: device },
      { mkfs: 'ext4', partition: 'root' },
      { mount: 'root', zerofree: false },
      { 'unpack-rootfs': 'root' },
      {
        debootstrap: box.suite,
        arch: box.architecture,
        variant: 'minbase',
        keyring: box.keyring,
        mirror: box.mirror,
        target: 'root',
        ...once,
      },
      { 'create-file': '/etc/apt/sources.list', contents: `${box.sources.join('\n')}\n`, ...once },
      { 'create-file': '/usr/sbin/policy-rc.d', contents: '#!/bin/sh\nexit 101\n', perm: 0o755, ...once },
      { apt: 'install', packages: [...box.packages], tag: 'root', recommends: false, ...once },
      { 'cache-rootfs': 'root', ...once },
    ],
  });
}

/** Why vmdb2 failed: the program that it ran last, and the first error after it. Pure. */
export function vmdb2Reason(lines: readonly string[]): string | undefined {
  const at = lines.findIndex((line) => line.startsWith('ERROR'));
  if (at === -1) return undefined;
  const words = lines.slice(0, at).findLast((line) => line.startsWith('Exec: '));
  const program = [...(words ?? '').matchAll(/'([^']*)'/g)].map((match) => match[1] ?? '').join(' ');
  const error = (lines[at] ?? '').replace(/^ERROR(?::root)?: ?/, '');
  return program === '' ? error : `${program}: ${error}`;
}

/** systemd-nspawn, which debos runs, refuses to work below /run where that is no tmpfs. */
const DEBOS = `set -eu
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
exec debos --disable-fakemachine --verbose --artifactdir=. "$1"
`;

export function debosCommand(): readonly [string, readonly string[]] {
  return ['unshare', ['--mount', '--', 'sh', '-c', DEBOS, 'debos', otherFiles.specification]];
}

/** A tar, not a disk: its disks need udev on this host, and partitions on loop devices. */
export function debosSpecification(box: OtherBox): string {
  const lines = box.sources.map((line) => `echo '${line}'`).join('; ');
  return stringify({
    architecture: box.architecture,
    actions: [
      {
        action: 'debootstrap',
        suite: box.suite,
        components: ['main'],
        mirror: box.mirror,
        variant: 'minbase',
        'keyring-file': box.keyring,
      },
      { action: 'run', chroot: true, command: `{ ${lines}; } > /etc/apt/sources.list` },
      { action: 'apt', recommends: false, packages: [...box.packages] },
      { action: 'pack', file: otherFiles.packed, compression: 'gz' },
    ],
  });
}

/** As mayfly compresses a base box. */
export const COMPRESS = [
  'convert',
  ...['-f', 'raw', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd'],
  otherFiles.disk,
  otherFiles.qcow2,
] as const;

/** Devices that `losetup --noheadings --output NAME --associated FILE` names. Pure. */
export function parseLoops(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('/dev/loop'));
}
