/**
 * A plain Debian to compare with: the suite of the base box, Debian's own kernel and initramfs, systemd,
 * networkd and sshd as their packages set them up. No more than that is in it, and first-boot work
 * is done beforehand, so that the comparison does not favour mayfly.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDisk, rawDisk, ROOT_LABEL } from '../src/basebox/disk.js';
import { sourceLines } from '../src/basebox/rootfs.js';
import { ensureTools } from '../src/basebox/tools.js';
import type { BuildPlan } from '../src/build/plan/plan-type.js';
import { toolsFolder } from '../src/paths.js';
import { quoteWord } from '../src/process/command-error.js';
import { run } from '../src/process/run.js';
import type { Setting } from './setting.js';

/** zstd and busybox: without recommended packages the initramfs would not be the stock one. */
export const STOCK_PACKAGES = [
  'busybox',
  'e2fsprogs',
  'initramfs-tools',
  'iproute2',
  'kmod',
  'linux-image-amd64',
  'openssh-server',
  'systemd-sysv',
  'udev',
  'zstd',
] as const;

/** The smallest size that leaves some room. Bytes. */
const DISK_BYTES = 4 * 2 ** 30;
const CREATE_MS = 10 * 60_000;

export interface StockDisk {
  readonly folder: string;
  /** Raw. */
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
}

/** @param plan of a project on the base box to compare with: it names the suite and where packages come from */
export async function makeStockDisk(setting: Setting, plan: BuildPlan): Promise<StockDisk> {
  const folder = join(setting.folder, 'stock');
  await mkdir(folder, { mode: 0o755 });
  const { spec, epoch } = plan.box;
  const { signal } = setting;
  const stock = {
    folder,
    disk: rawDisk(folder),
    kernel: join(folder, 'vmlinuz'),
    initrd: join(folder, 'initrd.img'),
  };
  const tools = await ensureTools({
    sources: spec.sources,
    store: toolsFolder(setting.home),
    scratch: folder,
    signal,
    onLine: () => undefined,
    onMake: () => undefined,
    served: () => [],
  });
  const tar = join(folder, 'rootfs.tar');
  // What the mirrors have now: the local archive is served during a build only.
  const relay = await setting.relay();
  const args = [
    ...['--mode=unshare', '--variant=apt', '--format=tar'],
    `--architectures=${spec.architecture}`,
    `--include=${STOCK_PACKAGES.join(',')}`,
    '--dpkgopt=force-unsafe-io',
    ...customizeHooks(stock).map((hook) => `--customize-hook=${hook}`),
    spec.distribution,
    tar,
    ...spec.sources.flatMap((source) =>
      sourceLines({ ...source, url: relay.url(source.origin), serial: 'latest' }),
    ),
  ];
  const env = { TMPDIR: folder };
  await run('mmdebstrap', args, { cwd: folder, env, signal, capture: false, timeoutMs: CREATE_MS });
  await makeDisk({ tools, tar, diskBytes: DISK_BYTES, epoch, scratch: folder, signal });
  return stock;
}

/** What Debian's installer would have done. */
function customizeHooks(stock: StockDisk): readonly string[] {
  const network = '[Match]\\nName=en*\\n\\n[Network]\\nDHCP=yes\\n';
  return [
    `printf 'LABEL=${ROOT_LABEL} / ext4 errors=remount-ro 0 1\\n' > "$1/etc/fstab"`,
    `printf 'stock\\n' > "$1/etc/hostname"`,
    `printf '${network}' > "$1/etc/systemd/network/wired.network"`,
    'chroot "$1" systemctl enable systemd-networkd.service ssh.service',
    // A system that has booted before.
    'rm -f "$1/etc/machine-id" && chroot "$1" systemd-machine-id-setup',
    `download /vmlinuz ${quoteWord(stock.kernel)}`,
    `download /initrd.img ${quoteWord(stock.initrd)}`,
  ];
}
