/** The argument vectors that shape a box, as tables. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { grubArguments, mke2fsArguments, sfdiskScript } from '../../../src/basebox/disk.js';
import { mmdebstrapArguments, sourceLines } from '../../../src/basebox/rootfs.js';
import { toolsArguments, toolsKey } from '../../../src/basebox/tools.js';
import { temporaryFolder } from '../source/repository.js';
import { DEBIAN, SECURITY, SPEC } from './spec.js';

describe('mmdebstrap', () => {
  it('gives the postinstall of a pinned project no network', () => {
    const paths = { setup: '/s', postinstall: '/s/postinstall', output: '/s', memoryBytes: undefined };
    const hooks = (postinstallOffline: boolean): readonly string[] =>
      mmdebstrapArguments({ ...SPEC, postinstallOffline }, paths).filter((hook) =>
        hook.includes('BUILD_USER'),
      );
    expect(hooks(false)).toEqual([expect.stringContaining('=chroot "$1" env ')]);
    expect(hooks(true)).toEqual([expect.stringContaining('=unshare --net chroot "$1" env ')]);
  });

  it('makes the root file system', () => {
    const paths = {
      setup: '/scratch/setup',
      postinstall: '/scratch/postinstall',
      output: '/scratch',
      memoryBytes: undefined,
    };
    expect(mmdebstrapArguments(SPEC, paths)).toMatchInlineSnapshot(`
      [
        "--mode=unshare",
        "--variant=essential",
        "--include=apt",
        "--format=tar",
        "--architectures=amd64",
        "--aptopt=APT::Install-Recommends "false"",
        "--aptopt=Acquire::Languages "none"",
        "--aptopt=Acquire::Retries "3"",
        "--aptopt=APT::Sandbox::User "root"",
        "--dpkgopt=force-unsafe-io",
        "--essential-hook=copy-in /scratch/setup /",
        "--essential-hook=chroot "$1" mv /setup /mayfly-setup",
        "--essential-hook=chroot "$1" sh /mayfly-setup/essential.sh",
        "--customize-hook=APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -q --yes --download-only dist-upgrade apt-cacher-ng busybox-static ca-certificates cpio e2fsprogs git iproute2 kmod linux-image-amd64 live-build openssh-server sudo systemd systemd-sysv udev xorriso xz-utils zstd",
        "--customize-hook=chroot "$1" sh /mayfly-setup/install.sh apt-cacher-ng busybox-static ca-certificates cpio e2fsprogs git iproute2 kmod linux-image-amd64 live-build openssh-server sudo systemd systemd-sysv udev xorriso xz-utils zstd",
        "--customize-hook=chroot "$1" sh /mayfly-setup/customize.sh builder",
        "--customize-hook=upload /scratch/postinstall /mayfly-setup/postinstall",
        "--customize-hook=chroot "$1" chmod 0755 /mayfly-setup/postinstall",
        "--customize-hook=chroot "$1" env DEBIAN_FRONTEND=noninteractive BUILD_USER=builder /mayfly-setup/postinstall || { code=$?; echo "mayfly: basebox/postinstall ended with exit code $code" >&2; exit $code; }",
        "--customize-hook=chroot "$1" sh /mayfly-setup/seal.sh",
        "--customize-hook=download /mayfly-setup/packages /scratch/packages",
        "--customize-hook=download /vmlinuz /scratch/vmlinuz",
        "--customize-hook=download /boot/mayfly-initrd.img /scratch/initrd.img",
        "--customize-hook=rm -r "$1/mayfly-setup"",
        "trixie",
        "/scratch/rootfs.tar",
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no check-date=no] http://mirror.example/debian trixie main",
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no check-date=no] http://mirror.example/debian trixie-updates main",
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian-security trixie-security main",
      ]
    `);
  });

  it('runs no postinstall where there is none, and quotes odd paths for its shell', () => {
    const paths = {
      setup: "/scr a'tch/setup",
      postinstall: undefined,
      output: '/o u t',
      memoryBytes: 2 ** 31,
    };
    const hooks = mmdebstrapArguments(SPEC, paths).filter((argument) => argument.includes('hook='));
    expect(hooks.join('\n')).not.toContain('postinstall');
    expect(hooks[0]).toMatch(/^--setup-hook=.*mount --no-mtab -t tmpfs -o mode=0755,size=2147483648 /);
    expect(hooks).toContain(`--essential-hook=copy-in '/scr a'\\''tch/setup' /`);
    expect(hooks).toContain("--customize-hook=download /vmlinuz '/o u t/vmlinuz'");
  });

  it('unpacks disk tools from the origin debian only', () => {
    expect(toolsArguments([SECURITY, DEBIAN], '/scratch/tools.tar')).toMatchInlineSnapshot(`
      [
        "--mode=unshare",
        "--variant=extract",
        "--format=tar",
        "--architectures=amd64",
        "--aptopt=APT::Install-Recommends "false"",
        "--aptopt=Acquire::Languages "none"",
        "--include=e2fsprogs,fdisk,grub-common,grub-pc-bin,libarchive13t64",
        "trixie",
        "/scratch/tools.tar",
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no check-date=no] http://mirror.example/debian trixie main",
      ]
    `);
  });
});

it('a source is one line for each suite', () => {
  expect(sourceLines({ ...DEBIAN, components: ['main', 'contrib'] })).toEqual([
    'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no check-date=no] http://mirror.example/debian trixie main contrib',
    'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no check-date=no] http://mirror.example/debian trixie-updates main contrib',
  ]);
  expect(sourceLines({ ...SECURITY, serial: 'latest' })).toEqual([
    'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian-security trixie-security main',
  ]);
});

describe('the key of a tools root', () => {
  it('changes with the serial of debian, and with nothing else', async () => {
    const key = await toolsKey([DEBIAN, SECURITY]);
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    expect(await toolsKey([{ ...DEBIAN, url: 'http://127.0.0.1/', keyring: '/k.gpg', suites: [] }])).toBe(
      key,
    );
    const other = { ...DEBIAN, serial: '2026010204' };
    expect(await toolsKey([{ ...other, releases: {} }, SECURITY])).not.toBe(key);
    // What the serial stands for counts, where that is known.
    expect(await toolsKey([other, SECURITY])).toBe(key);
    expect(await toolsKey([{ ...DEBIAN, releases: { trixie: 'f'.repeat(64) } }, SECURITY])).not.toBe(key);
  });

  it('changes with mirror and keyring where no checksum says what comes from there', async () => {
    const mirror = { ...DEBIAN, serial: 'latest', releases: {} };
    const key = await toolsKey([mirror]);
    expect(await toolsKey([{ ...mirror, url: 'http://other.example/debian' }])).not.toBe(key);
    const keyring = join(await temporaryFolder(), 'k.gpg');
    await writeFile(keyring, 'one');
    const other = await toolsKey([{ ...mirror, keyring }]);
    expect(other).not.toBe(key);
    await writeFile(keyring, 'two');
    expect(await toolsKey([{ ...mirror, keyring }])).not.toBe(other);
  });
});

describe('the disk', () => {
  it('has one bootable partition at 1 MiB', () => {
    expect(sfdiskScript()).toMatchInlineSnapshot(`
      "label: dos
      label-id: 0x6d617966
      start=2048, type=83, bootable
      "
    `);
  });

  it('gets its file system by mke2fs', () => {
    expect(mke2fsArguments('/s/disk.raw', '/s/rootfs.tar', 20 * 2 ** 30)).toMatchInlineSnapshot(`
      [
        "-q",
        "-F",
        "-t",
        "ext4",
        "-b",
        "4096",
        "-O",
        "^has_journal,^metadata_csum_seed,^orphan_file",
        "-L",
        "mayfly",
        "-U",
        "6d617966-6c79-4000-8000-626173656278",
        "-E",
        "offset=1048576,hash_seed=6d617966-6c79-4000-8000-626173656278,lazy_itable_init=1,root_owner=0:0,nodiscard",
        "-m",
        "0",
        "-d",
        "/s/rootfs.tar",
        "/s/disk.raw",
        "5242624",
      ]
    `);
  });

  it.each([
    [2 ** 30, '261888'],
    [2 ** 30 + 4095, '261888'],
    [2 ** 30 + 4096, '261889'],
  ])('of %i bytes has %s whole blocks', (bytes, blocks) => {
    expect(mke2fsArguments('/d', '/t', bytes).at(-1)).toBe(blocks);
  });

  it('boots by GRUB', () => {
    expect(grubArguments('/tools', '/s/grub.cfg', '/s/core.img')).toMatchInlineSnapshot(`
      [
        "-d",
        "/tools/usr/lib/grub/i386-pc",
        "-O",
        "i386-pc",
        "-c",
        "/s/grub.cfg",
        "-p",
        "/boot/grub",
        "-o",
        "/s/core.img",
        "biosdisk",
        "part_msdos",
        "ext2",
        "search_label",
        "configfile",
        "linux",
        "normal",
      ]
    `);
  });
});
