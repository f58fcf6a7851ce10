/** What options, variables and Jenkins make of a plan. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failure, git, write } from '../../source/repository.js';
import { tunnelsOf } from '../../../../src/build/archive/network.js';
import { CONFIG, plan, testProject } from './project.js';

describe('options', () => {
  it('come from the command line, then the environment, then builder.yaml', async () => {
    const { context } = await testProject({}, { MAYFLY_BUILD_OPTIONS: 'cpus=3 noproxy' });
    const made = await plan(context, { flags: { cpus: '1' } });
    expect(made.vm.cpus).toBe(1);
    expect(made.optionOrigins).toMatchObject({
      cpus: 'command line',
      proxy: 'MAYFLY_BUILD_OPTIONS',
      ram: 'builder.yaml',
      rescue: 'default',
    });
    expect(made.apt).toMatchObject({ proxy: undefined, proxyInVm: false });
    expect(made.caches).toEqual({ packages: undefined, website: undefined });
  });

  it('ram: a tmpfs, and memory for it', async () => {
    const { context } = await testProject();
    const made = await plan(context, { flags: { ram: true } });
    expect([made.ramKib, made.vm.memoryBytes]).toEqual([2 ** 20, 2 * 2 ** 30]);
  });

  it('the proxies, where the VM reaches them itself', async () => {
    const { context } = await testProject(
      { 'builder/builder.yaml': CONFIG.replace('cpus: 2', 'cpus: 2, network: open') },
      { http_proxy: 'http://proxy.example:3128' },
    );
    const apt = async (proxy: string) => (await plan(context, { flags: { proxy } })).apt;
    expect(await apt('extproxy')).toMatchObject({ proxy: 'http://proxy.example:3128', proxyInVm: false });
    expect(await apt('vmproxy+extproxy')).toMatchObject({
      proxy: 'http://127.0.0.1:3142',
      proxyInVm: true,
      upstreamProxy: 'http://proxy.example:3128',
    });
    expect((await apt('vmproxy')).upstreamProxy).toBeUndefined();
  });

  it('the proxies, where the VM reaches them by a tunnel only', async () => {
    const { context } = await testProject({}, { http_proxy: 'http://me:word@proxy.example' });
    const of = (proxy: string) => plan(context, { flags: { proxy } });
    const external = await of('extproxy');
    expect(external.apt.proxy).toBe('http://me:word@127.0.0.1:3144');
    expect(external.environment['MAYFLY_PROXY']).toBe('http://me:word@127.0.0.1:3144');
    expect(tunnelsOf(external, 40000)).toEqual([
      { guestPort: 3143, host: '127.0.0.1', port: 40000 },
      { guestPort: 3144, host: 'proxy.example', port: 80 },
    ]);
    expect(tunnelsOf(await of('vmproxy'), 40000)).toHaveLength(1);
    const { vm, ...rest } = external;
    expect(tunnelsOf({ ...rest, vm: { ...vm, network: 'none' } }, 40000)).toEqual([]);
  });

  it('cachewebsite: a second disk', async () => {
    const { context } = await testProject();
    const { caches } = await plan(context, { flags: { cacheWebsite: true } });
    expect(caches.website).toMatchObject({ name: 'example-website', serial: 'mayfly-website' });
  });

  it('that are wrong are refused before anything else is done', async () => {
    const { context } = await testProject({}, { MAYFLY_BUILD_OPTIONS: 'nonsense' });
    expect(await failure(plan(context))).toMatchObject({ kind: 'usage', code: 'options.invalid' });
  });
});

it('artifacts that went into another folder of the checkout do not make it dirty', async () => {
  const { root, context } = await testProject();
  await write(root, 'results/x.iso', 'made\n');
  await write(root, 'results/build.json', '{}\n');
  await expect(plan(context)).rejects.toThrow('uncommitted');
  const made = await plan(context, { artifacts: 'results' });
  expect(made.source.dirty).toEqual([]);
});

describe('where artifacts go', () => {
  it.each([
    ['builder.yaml, from the top of the project', {}, {}, 'checkout/artifacts'],
    ['ARTIFACTS, from the top of the project', { ARTIFACTS: 'out' }, {}, 'checkout/out'],
    ['ARTIFACTS, absolute', { ARTIFACTS: '/out' }, {}, '/out'],
    [
      '--artifacts, from the folder of the command',
      { ARTIFACTS: '/out' },
      { artifacts: 'x' },
      'checkout/builder/x',
    ],
    ['--artifacts, absolute', {}, { artifacts: '/x' }, '/x'],
  ])('%s', async (_name, env, request, expected) => {
    const { root, context } = await testProject({}, env);
    const { artifacts } = await plan({ ...context, cwd: join(root, 'builder') }, request);
    expect(artifacts.directory).toBe(expected.startsWith('/') ? expected : join(root, '..', expected));
  });
});

describe('on Jenkins', () => {
  const jenkins = { JENKINS_URL: 'http://jenkins.example/', GIT_BRANCH: 'origin/topic' };

  it('the branch that was asked for must be checked out', async () => {
    const { root, context } = await testProject({}, jenkins);
    expect(await failure(plan(context))).toMatchObject({ kind: 'refused', code: 'source.other-branch' });
    await git(root, 'checkout', '--quiet', '-b', 'topic');
    expect((await plan(context)).source.ref.name).toBe('topic');
  });

  it('a tag may be built whatever the branch is', async () => {
    const { root, context } = await testProject({}, jenkins);
    await git(root, 'tag', '1.0');
    await git(root, 'checkout', '--quiet', '1.0');
    expect((await plan(context)).source).toMatchObject({
      ref: { kind: 'tag', name: '1.0' },
      releaseTag: '1.0',
    });
  });

  it('elsewhere GIT_BRANCH means nothing', async () => {
    const { context } = await testProject({}, { GIT_BRANCH: 'origin/topic' });
    expect((await plan(context)).source.ref.name).toBe('main');
  });
});
