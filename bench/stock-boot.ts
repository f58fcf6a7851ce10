/** Boots the plain Debian and times it. Same machine type, CPUs and memory as a builder VM's. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_LABEL } from '../src/basebox/disk.js';
import type { BuildPlan } from '../src/build/plan/plan-type.js';
import { hasCode, MayflyError, throwIfAborted } from '../src/errors.js';
import { run } from '../src/process/run.js';
import { logTail, startService, type Service } from '../src/process/service.js';
import { hasBanner } from '../src/process/ssh.js';
import { forwardedPort, QmpClient } from '../src/vm/qemu/qmp.js';
import type { StockDisk } from './stock-disk.js';

const KEY = 'id_ed25519';
const QMP = 'qmp.sock';
const CONSOLE = 'console.log';
const BOOT_MS = 10 * 60_000;
/**
 * Milliseconds that one try waits for the banner. Two series of tries at once: short ones as mayfly's own, as the
 * guest's network may swallow the first packets, and patient ones, as a slow guest may need long for its answer.
 */
const BANNER_MS = [800, 4000] as const;
const PAUSE_MS = 100;

export interface StockBoot {
  /** Seconds from the start of QEMU to the SSH banner. */
  readonly banner: number;
  /** Seconds from the start of QEMU to the end of `ssh … true`. */
  readonly command: number;
}

/** The key that gets in, made once. */
export async function makeStockKey(stock: StockDisk, signal: AbortSignal): Promise<void> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', KEY], { cwd: stock.folder, signal });
}

/** QEMU's arguments; it runs in the stock folder. Pure. @param publicKey the content of id_ed25519.pub */
export function stockArguments(stock: StockDisk, vm: BuildPlan['vm'], publicKey: string): readonly string[] {
  // systemd's own way to hand over a key (systemd.system-credentials(7)).
  const key = Buffer.from(publicKey).toString('base64');
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-machine', 'q35,usb=off,vmport=off,graphics=off'],
    ...(vm.accelerator === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host']
      : ['-accel', 'tcg,thread=multi', '-cpu', 'max']),
    ...['-smp', String(vm.cpus), '-m', `${Math.ceil(vm.memoryBytes / 2 ** 20)}M`],
    '-no-reboot',
    // Direct, which is quicker than by GRUB: to the plain Debian's advantage.
    ...['-kernel', stock.kernel, '-initrd', stock.initrd],
    // panic=-1 with -no-reboot: QEMU ends when the kernel panics, and nobody waits for what cannot come.
    ...['-append', `root=LABEL=${ROOT_LABEL} ro console=ttyS0 quiet panic=-1`],
    ...['-chardev', `socket,id=qmp,path=${QMP},server=on,wait=off`, '-mon', 'chardev=qmp,mode=control'],
    ...['-chardev', `file,id=console,path=${CONSOLE}`, '-serial', 'chardev:console'],
    ...['-object', 'rng-random,id=rng,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng'],
    ...['-drive', `file=${stock.disk},format=raw,if=none,id=root,cache=unsafe,snapshot=on`],
    ...['-device', 'virtio-blk-pci,drive=root'],
    ...['-netdev', 'user,id=net,hostfwd=tcp:127.0.0.1:0-:22'],
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
    ...['-smbios', `type=11,value=io.systemd.credential.binary:ssh.authorized_keys.root=${key}`],
  ];
}

/** Boots once, and ends the VM. */
export async function bootStock(
  stock: StockDisk,
  vm: BuildPlan['vm'],
  signal: AbortSignal,
): Promise<StockBoot> {
  const publicKey = await readFile(join(stock.folder, `${KEY}.pub`), 'utf8');
  await rm(join(stock.folder, QMP), { force: true });
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const qemu = await startService('qemu-system-x86_64', stockArguments(stock, vm, publicKey), {
    cwd: stock.folder,
    log: join(stock.folder, 'qemu.log'),
    whenWeDie: 'KILL',
  });
  const until = async (what: string, test: () => Promise<boolean>): Promise<void> => {
    while (!(await test())) {
      throwIfAborted(signal);
      refuseToWait(qemu, stock, what, elapsed());
      await sleep(PAUSE_MS);
    }
  };
  try {
    let port: number | undefined;
    await until('its control socket', async () => (port = await readPort(stock)) !== undefined);
    const at = port ?? 0;
    let seen = false;
    const series = BANNER_MS.map((wait) =>
      until('the SSH banner', async () => {
        if (
          !seen &&
          (await hasBanner({ host: '127.0.0.1', port: at, folder: stock.folder }, AbortSignal.timeout(wait)))
        )
          seen = true;
        return seen;
      }),
    );
    await Promise.race(series);
    const banner = elapsed();
    await until('a command over SSH', () => answers(stock, at, signal));
    return { banner, command: elapsed() };
  } finally {
    await qemu.end(0);
  }
}

function refuseToWait(qemu: Service, stock: StockDisk, what: string, seconds: number): void {
  const reason =
    qemu.exit !== undefined ? 'QEMU ended' : seconds * 1000 > BOOT_MS ? 'it took too long' : undefined;
  if (reason === undefined) return;
  throw new MayflyError(
    'vm',
    'bench.stock-boot',
    `The plain Debian did not come to ${what} within ${seconds.toFixed(0)} s: ${reason}.`,
    { details: [...logTail(join(stock.folder, 'qemu.log'), 5), ...logTail(join(stock.folder, CONSOLE), 15)] },
  );
}

/** Undefined while QEMU has not opened its socket yet. */
async function readPort(stock: StockDisk): Promise<number | undefined> {
  try {
    using qmp = await QmpClient.connect(stock.folder, QMP);
    return forwardedPort(await qmp.monitor('info usernet'));
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ECONNREFUSED')) return undefined;
    throw error;
  }
}

async function answers(stock: StockDisk, port: number, signal: AbortSignal): Promise<boolean> {
  // The disk is thrown away after each boot, and its host key was made with it: nothing to check it against.
  const settings = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'];
  const options = [
    '-F',
    'none',
    '-i',
    KEY,
    '-p',
    String(port),
    ...settings.flatMap((value) => ['-o', value]),
  ];
  const result = await run('ssh', [...options, 'root@127.0.0.1', 'true'], {
    cwd: stock.folder,
    accept: [0, 255],
    timeoutMs: 120_000,
    signal,
  });
  return result.exitCode === 0;
}
