/** Faults of the build system that this layout comes from, and which must not be here (docs/coming-from-rake.md). */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BuildPlan } from '../../../src/build/plan/plan.js';
import { qemuArguments } from '../../../src/vm/qemu/arguments.js';
import type { TailsProject } from '../../rig/tails-project.js';
import { SPEC } from '../vm/spec.js';
import { planned, useTailsProject } from './row.js';

useTailsProject();

const BOX = 'vagrant/definitions/tails-builder';

async function planOf(row: Parameters<typeof planned>[0]): Promise<BuildPlan> {
  const made = await planned(row);
  if (made instanceof Error) throw made;
  return made;
}

describe('sources of security', () => {
  it('have a serial of their own, whatever that of debian is', async () => {
    const { apt } = await planOf({
      before: (checkout) =>
        checkout.commit(`${BOX}/config/APT_snapshots.d/debian-security/serial`, '2026030301\n'),
    });
    expect(apt.sources.map((line) => line.replace(/^.*snapshots\.example\//, ''))).toEqual([
      'debian/2026010203 trixie main',
      'debian/2026010203 trixie-updates main',
      'debian-security/2026030301 trixie-security main',
    ]);
  });
});

describe('the order of disks', () => {
  it('root, caches, artifacts; each has a serial as well', () => {
    const disk = (serial: string) => ({ serial, path: `${serial}.qcow2`, format: 'qcow2' as const });
    const disks = ['mayfly-packages', 'mayfly-website', 'mayfly-artifacts'].map(disk);
    const devices = qemuArguments({ ...SPEC, disks })
      .filter((word) => word.startsWith('virtio-blk-pci'))
      .map((word) => /serial=([a-z-]+)/.exec(word)?.[1]);
    expect(devices).toEqual(['mayfly-root', 'mayfly-packages', 'mayfly-website', 'mayfly-artifacts']);
  });

  it('the first cache disk is there whatever the proxy is', async () => {
    const { caches } = await planOf({ words: 'noproxy cachewebsite' });
    expect([caches.packages?.serial, caches.website?.serial]).toEqual(['mayfly-packages', 'mayfly-website']);
  });
});

describe('the base box', () => {
  const changed = async (file: string, content: string): Promise<BuildPlan> =>
    await planOf({ before: (checkout: TailsProject) => checkout.commit(file, content) });

  it('is the same after a commit that changes nothing in it, under another name', async () => {
    const before = await planOf({});
    const after = await changed('vagrant/README', 'Read me.\n');
    expect(after.box.fingerprint).toBe(before.box.fingerprint);
    expect(after.box.label).not.toBe(before.box.label);
  });

  it('is another one when its packages, its serials or its postinstall change', async () => {
    const boxes = [
      await planOf({}),
      await changed(`${BOX}/postinstall.sh`, '#!/bin/sh\n'),
      await changed(`${BOX}/postinstall.sh`, '#!/bin/sh\napt-get install -y live-build\n'),
      await changed(`${BOX}/config/APT_snapshots.d/debian/serial`, '2026010301\n'),
    ].map(({ box }) => box.fingerprint);
    expect(new Set(boxes).size).toBe(4);
  });

  it('is another one, called +dirty, with an edit that is not committed', async () => {
    const before = await planOf({});
    const edit = async ({ path }: TailsProject): Promise<void> =>
      await writeFile(join(path, BOX, 'postinstall.sh'), '#!/bin/sh\necho edited\n');
    const after = await planOf({ words: 'ignorechanges', before: edit });
    expect(after.box.fingerprint).not.toBe(before.box.fingerprint);
    expect([before.box.label, after.box.label].map((label) => label.endsWith('+dirty'))).toEqual([
      false,
      true,
    ]);
    expect(after.warnings.join()).toContain('uncommitted changes');
  });
});
