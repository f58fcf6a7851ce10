import { describe, expect, it } from 'vitest';
import { planLines } from '../../../src/cli/plan.js';
import { PLAN } from '../build/plan/plan-value.js';

describe('a plan in words', () => {
  it('of a topic branch', () => {
    expect(planLines(PLAN).join('\n')).toMatchInlineSnapshot(`
      "project    example in /home/ada/example
      source     branch topic at cccccccccccc (ffffffffffff merged with stable bbbbbbbbbbbb)
      base box   example-amd64-trixie-20260102-1a2b3c4 (53c3e9d0a42b), to be made
      VM         qemu, 2 CPUs, 2.5 GiB, kvm: hardware virtualisation works
      build in   memory of the VM (1.0 GiB)
      snapshots  debian 2026010301 (base box: 2026010203)
      network    the archive and a configured proxy only
      packages   through the proxy in the VM
      scripts    provision/setup-builder, provision/build (at most 30 min 00 s)
      artifacts  *.iso *.packages to /home/ada/example/artifacts
      options that are not the default:
        cpus = 2 (command line)
        proxy = vmproxy (builder.yaml)
      environment of the scripts:
        GIT_REF=topic
        SOURCE_DATE_EPOCH=1633953600
      warning: The base box is not pinned."
    `);
  });

  it('of a tag, on disk, with no proxy, and all options at their defaults', () => {
    const plan = {
      ...PLAN,
      source: { ...PLAN.source, ref: { kind: 'tag' as const, name: '1.0' }, merged: false, base: undefined },
      box: { ...PLAN.box, exists: true },
      optionOrigins: { ram: 'default' },
      ramKib: undefined,
      apt: { ...PLAN.apt, proxy: undefined, proxyInVm: false },
      scripts: { ...PLAN.scripts, timeoutSeconds: undefined },
      warnings: [],
    };
    const text = planLines(plan).join('\n');
    expect(text).toContain('source     tag 1.0 at cccccccccccc\n');
    expect(text).toContain(', exists\n');
    expect(text).toContain('build in   disk of the VM\n');
    expect(text).toContain('scripts    provision/setup-builder, provision/build\n');
    expect(text).toContain('packages   straight from the archive\n');
    expect(text).not.toContain('options that are not the default');
    expect(text).not.toContain('warning:');
  });

  it.each([
    ['open', 'all that this host reaches'],
    ['none', 'nothing'],
  ] as const)('with the network %s, and one serial for box and image', (network, words) => {
    const origins = PLAN.archive.origins.map((each) => ({ ...each, box: each.image }));
    const plan = { ...PLAN, vm: { ...PLAN.vm, network }, archive: { ...PLAN.archive, origins } };
    const text = planLines(plan).join('\n');
    expect(text).toContain(`snapshots  debian 2026010301\nnetwork    ${words}\n`);
  });

  it.each([
    ['both', {}, 'debian 2026010301 (not stored here; base box: 2026010203, not stored here)'],
    ['the image', { box: {} }, 'debian 2026010301 (not stored here; base box: 2026010203)'],
    ['the base box', { image: {} }, 'debian 2026010301 (base box: 2026010203, not stored here)'],
  ] as const)('says whether snapshots are stored: not %s', (_which, stored, words) => {
    const missing = { box: { missing: 'unknown' }, image: { missing: 'unknown' }, ...stored } as const;
    const origins = PLAN.archive.origins.map((each) => ({
      ...each,
      box: { ...each.box, ...missing.box },
      image: { ...each.image, ...missing.image },
    }));
    const plan = { ...PLAN, archive: { ...PLAN.archive, origins } };
    expect(planLines(plan)).toContain(`snapshots  ${words}`);
  });

  it('with --quiet is its warnings only', () => {
    expect(planLines(PLAN, true)).toEqual(['warning: The base box is not pinned.']);
  });

  it('of a layout that is known by a profile says so', () => {
    const project = { ...PLAN.project, profile: 'tails', builderFolder: 'vagrant' } as const;
    expect(planLines({ ...PLAN, project })[0]).toBe(
      'project    example in /home/ada/example (Tails-style: vagrant/)',
    );
  });

  it('with the person’s own proxy names it', () => {
    const apt = { ...PLAN.apt, proxy: 'http://proxy.example:3128', proxyInVm: false };
    expect(planLines({ ...PLAN, apt }).join('\n')).toContain('through http://proxy.example:3128');
  });
});
