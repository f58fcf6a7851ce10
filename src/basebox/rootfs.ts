/** The box's root file system as a tar: mmdebstrap, by an ordinary user or by root, without a mount on the host. */
import { join } from 'node:path';
import { quoteWord } from '../process/command-error.js';
import { tellingFailure } from './postinstall.js';
import { allPackages, type ArchiveSource, type BoxSpec } from './recipe.js';

export interface RootfsPaths {
  /** Our setup/ folder. */
  readonly setup: string;
  /** The project's postinstall script, written out; undefined when it has none. */
  readonly postinstall: string | undefined;
  /** Folder that receives rootfs.tar, packages, vmlinuz and initrd.img. */
  readonly output: string;
  /** Bytes of memory that the tree may take while it is made; undefined: it is made on disk. */
  readonly memoryBytes: number | undefined;
}

/** Names in the output folder. */
export const rootfsFiles = {
  tar: 'rootfs.tar',
  packages: 'packages',
  kernel: 'vmlinuz',
  initrd: 'initrd.img',
} as const;

/**
 * A source as APT's one-line format has it. A snapshot's Release file is old on purpose, and may be
 * from the future where the guest's clock is moved: whether it may be used was decided before.
 */
export function sourceLines(source: ArchiveSource): readonly string[] {
  const options = [`signed-by=${source.keyring}`];
  if (source.serial !== 'latest') options.push('check-valid-until=no', 'check-date=no');
  return source.suites.map(
    (suite) => `deb [${options.join(' ')}] ${source.url} ${suite} ${source.components.join(' ')}`,
  );
}

/**
 * The arguments of mmdebstrap. In its unshare mode hooks run as a user that may not be able to
 * read the project's folder, so files go in and out by mmdebstrap's own copy hooks, which run as us.
 */
export function mmdebstrapArguments(spec: BoxSpec, paths: RootfsPaths): readonly string[] {
  const out = (name: string): string => quoteWord(join(paths.output, name));
  const inside = (command: string): string => `chroot "$1" ${command}`;
  const postinstall =
    paths.postinstall === undefined
      ? []
      : [
          `upload ${quoteWord(paths.postinstall)} /mayfly-setup/postinstall`,
          inside('chmod 0755 /mayfly-setup/postinstall'),
          tellingFailure(
            (spec.postinstallOffline === true ? 'unshare --net ' : '') +
              inside(
                `env DEBIAN_FRONTEND=noninteractive BUILD_USER=${quoteWord(spec.user)} /mayfly-setup/postinstall`,
              ),
          ),
        ];
  const memory = paths.memoryBytes === undefined ? [] : [`--setup-hook=${inMemoryHook(paths.memoryBytes)}`];
  const packages = allPackages(spec).map(quoteWord).join(' ');
  const customize = [
    // In a mirror's state at `latest`, essential packages may have a fix, too.
    `APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -q --yes --download-only dist-upgrade ${packages}`,
    inside(`sh /mayfly-setup/install.sh ${packages}`),
    inside(`sh /mayfly-setup/customize.sh ${quoteWord(spec.user)}`),
    ...postinstall,
    inside('sh /mayfly-setup/seal.sh'),
    `download /mayfly-setup/packages ${out(rootfsFiles.packages)}`,
    `download /vmlinuz ${out(rootfsFiles.kernel)}`,
    `download /boot/mayfly-initrd.img ${out(rootfsFiles.initrd)}`,
    'rm -r "$1/mayfly-setup"',
  ];
  return [
    '--mode=unshare',
    // Releases of mmdebstrap differ in what else comes with the essential packages, and when: APT alone, after them.
    '--variant=essential',
    '--include=apt',
    '--format=tar',
    `--architectures=${spec.architecture}`,
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::Retries "3"',
    // Else two folders belong to `_apt`, or to root where that user cannot see our folder.
    '--aptopt=APT::Sandbox::User "root"',
    '--dpkgopt=force-unsafe-io',
    ...memory,
    `--essential-hook=copy-in ${quoteWord(paths.setup)} /`,
    `--essential-hook=${inside('mv /setup /mayfly-setup')}`,
    `--essential-hook=${inside('sh /mayfly-setup/essential.sh')}`,
    ...customize.map((hook) => `--customize-hook=${hook}`),
    spec.distribution,
    join(paths.output, rootfsFiles.tar),
    ...spec.sources.flatMap(sourceLines),
  ];
}

/**
 * Puts a tmpfs over the tree that has just been begun: dpkg waits for the disk after each package, whatever it is told,
 * and that is a sixth of the time where it was measured (docs/decisions/0001). It is mounted in mmdebstrap's own mount namespace, and gone with it. Where it cannot
 * be mounted, the tree stays on disk. No mtab: an ordinary user may not write there, and mount(8) would call that a failure.
 */
function inMemoryHook(bytes: number): string {
  const memory = '"$1/.memory"';
  const steps = [
    `mkdir ${memory}`,
    `mount --no-mtab -t tmpfs -o mode=0755,size=${bytes} mayfly ${memory}`,
    `tar -C "$1" --one-file-system --exclude=./.memory -cf - . | tar -C ${memory} -xpf -`,
    `mount --no-mtab --move ${memory} "$1"`,
  ];
  return `{ ${steps.join(' && ')}; } || { umount --no-mtab ${memory} || :; rmdir ${memory} || :; }`;
}
