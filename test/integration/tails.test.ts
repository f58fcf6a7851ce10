/** A Tails-style checkout, built by its own scripts in a VM of mayfly's: twice, the second time from the cache. */
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { thisHost } from '../rig/machines.js';
import { folder, mayfly, type Outcome } from '../rig/mayfly.js';
import { makeTailsProject, type TailsProject } from '../rig/tails-project.js';

let project: TailsProject;

beforeAll(async () => {
  project = await makeTailsProject(await mkdtemp(join(folder, 'tails-')), {
    fromThisHost: true,
    // As small as the VMs of the other tests.
    files: {
      'vagrant/lib/tails_build_settings.rb':
        "VM_MEMORY_BASE = 512\nBUILD_SPACE_REQUIREMENT = 512\nARCHITECTURE = 'amd64'\nDISTRIBUTION = 'trixie'\n",
    },
  });
});

/** What the build "made": lines of what it saw. */
async function image(artifacts: string): Promise<readonly string[]> {
  const name = (await readdir(artifacts)).find((file) => file.endsWith('.img')) ?? '';
  return (await readFile(join(artifacts, name), 'utf8')).split('\n');
}

describe('a topic branch, as on Jenkins', () => {
  let artifacts: string;

  it('its base box is made, with the name of the reference', async () => {
    await project.git('checkout', '--quiet', 'feature/devel');
    const made = await mayfly(['rake', 'basebox:create'], { cwd: project.path });
    expect(made.all).toMatch(/^Made the base box tails-builder-amd64-trixie-20260102-[0-9a-f]+ /m);
    expect(made.exitCode).toBe(0);
  });

  it('is built by the words that people know', async () => {
    artifacts = await mkdtemp(join(folder, 'artifacts-'));
    const built = await mayfly(['rake', 'build', `ARTIFACTS=${artifacts}`], {
      cwd: project.path,
      env: {
        TAILS_BUILD_OPTIONS: 'noram cachewebsite dateoffset=+400',
        JENKINS_URL: 'http://jenkins.example/',
        GIT_BRANCH: 'origin/feature/devel',
      },
    });
    expect(built.all).toContain('Build succeeded');
    expect(built.exitCode).toBe(0);
    expect(built.all).toMatch(/^box +have .*: tails-builder-amd64-trixie-20260102-[0-9a-f]+ /m);
  });

  it('its artifacts have the names of the reference', async () => {
    const short = async (ref: string): Promise<string> => await project.git('rev-parse', '--short', ref);
    const year = new Date(Date.now() + 400 * 24 * 3600 * 1000).getUTCFullYear();
    const name = `tails-amd64-feature_devel@${await short('HEAD')}+devel@${await short('origin/devel')}-${year}`;
    const files = await readdir(artifacts);
    expect(files.filter((file) => file.startsWith(name)).map((file) => file.replace(/.*\./, ''))).toEqual([
      'buildlog',
      'img',
    ]);
    expect(await readFile(join(artifacts, 'tails-build-env.list'), 'utf8')).toMatch(
      /^APT_SNAPSHOTS_SERIALS = \{"debian":"\d{10}","debian-security":"\d{10}"\}\n$/,
    );
  });

  it('its scripts saw what the reference gives them: variables, disks, submodule, the merge', async () => {
    const lines = await image(artifacts);
    const head = await project.git('rev-parse', 'HEAD');
    const base = await project.git('rev-parse', 'origin/devel');
    const merge = lines.find((line) => line.startsWith('GIT_COMMIT='))?.slice('GIT_COMMIT='.length);
    expect(merge).not.toBe(head);
    expect(lines).toEqual(
      expect.arrayContaining([
        'HOME=/home/vagrant',
        'TAILS_PROXY=http://127.0.0.1:3142',
        'TAILS_PROXY_TYPE=vmproxy',
        'TAILS_WEBSITE_CACHE=1',
        'TAILS_DATE_OFFSET=+400',
        'MKSQUASHFS_OPTIONS=-comp xz -no-exports',
        'GIT_REF=feature/devel',
        `FEATURE_BRANCH_GIT_COMMIT=${head}`,
        `BASE_BRANCH_GIT_COMMIT=${base}`,
        'JENKINS_URL=http://jenkins.example/',
        'GIT_BRANCH=origin/feature/devel',
        'submodule hello from the submodule',
        `head ${merge ?? ''}, of the base branch ${base}`,
        'disk vdb1 /var/cache/apt-cacher-ng',
        'disk vdc1 /var/cache/tails-website',
        'cache new',
      ]),
    );
    expect(lines.filter((line) => /^(?:MAYFLY_|SOURCE_DATE_EPOCH|http_proxy)/.test(line))).toEqual([]);
  });

  it('the checkout is as it was: the merge is nowhere in it', async () => {
    expect(await project.git('status', '--porcelain')).toBe('');
    expect(await project.git('log', '-1', '--format=%s')).toBe('Change topic');
  });
});

describe('the next build, by libvirt', () => {
  it('has what the scripts put on the cache disk; its failure is a failure; the VM is rescued, and used again', async () => {
    await project.commit('config/fail', 'yes\n');
    const host = await thisHost(folder);
    const build = (words: string): Promise<Outcome> =>
      mayfly(['build', '--provider', 'libvirt'], {
        cwd: project.path,
        env: { ...host.env, TAILS_BUILD_OPTIONS: words },
      });
    try {
      const built = await build('ram rescue');
      expect(built.all).toContain('libvirt at qemu:///session');
      expect(built.all).toMatch(/^box +have/m);
      expect(built.all).toContain('The build script failed with exit code 7.');
      expect(built.all).toContain('| cache used before');
      expect(built.all).toContain('| in tmpfs');
      expect(built.exitCode).toBe(7);

      await project.git('rm', '--quiet', 'config/fail');
      await project.git('commit', '--quiet', '--message', 'Go on');
      const again = await build('ram');
      expect(again.all).toMatch(/^vm +(?:have|reused)/m);
      // The results of the build before, beside the sources, are no change.
      expect(again.all).toContain('Build succeeded');
    } finally {
      await host.end();
    }
  });
});
