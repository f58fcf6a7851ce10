/** What the archive served for the disk tools is told from the rest. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { SourceFile } from '../../../src/basebox/store.js';
import { toolsAside } from '../../../src/basebox/tools-aside.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { failure } from '../source/repository.js';
import { fakeMmdebstrap, fakeTools } from './fake-box.js';
import { SPEC } from './spec.js';

const file = (path: string): SourceFile => ({ origin: 'debian', serial: '1', path, sha256: path, bytes: 1 });

async function rig() {
  const root = await mkdtemp(join(tmpdir(), 'mayfly-aside-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, 'scratch'));
  await fakeTools(root);
  const served: SourceFile[] = [file('box')];
  const job = {
    sources: SPEC.sources,
    store: join(root, 'tools'),
    scratch: join(root, 'scratch'),
    signal: new AbortController().signal,
    // What mmdebstrap says.
    onLine: () => void served.push(file('tools')),
    onMake: () => undefined,
    served: () => [...served],
  };
  return { root, served, job };
}

it('counts what was served while it worked as its own, and nothing else', async () => {
  const { root, served, job } = await rig();
  await fakeMmdebstrap(root);
  await using aside = toolsAside(job);
  aside.begin();
  expect(aside.isAtWork).toBe(true);
  await aside.settled();
  expect(aside.isAtWork).toBe(false);
  served.push(file('again'));
  expect((await aside.take()).files).toEqual([file('tools')]);
  expect(aside.others()).toEqual([file('box'), file('again')]);
});

it('tells what went wrong to who takes the tools', async () => {
  const { job } = await rig();
  await fakeProgram('mmdebstrap', 'echo "E: no" >&2; exit 25');
  await using aside = toolsAside(job);
  aside.begin();
  await aside.settled();
  expect(await failure(aside.take())).toMatchObject({ code: 'command.failed' });
});

it('is stopped, and waited for, when nobody takes them', async () => {
  const { job } = await rig();
  await fakeProgram('mmdebstrap', 'sleep 60');
  const begun = performance.now();
  {
    await using aside = toolsAside(job);
    aside.begin();
  }
  expect(performance.now() - begun).toBeLessThan(30_000);
});
