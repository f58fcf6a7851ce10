/** What comes out of a VM: every byte of it, holes as holes, and nothing that was not asked for. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { mayfly } from '../rig/mayfly.js';
import { makeProject, type TestProject } from '../rig/project.js';

const MIB = 2 ** 20;

let project: TestProject;

it('plain and sparse files, folders deep, each once, also from a VM that is used again', async () => {
  project = await makeProject({
    build: [
      'mkdir -p "sub folder/deep"',
      'head -c 9000001 /dev/urandom > "sub folder/deep/plain ä.img"',
      // Its checksum is made under emulation, too: no larger than it must be.
      'truncate --size 40M sparse.img',
      'printf middle | dd of=sparse.img bs=1 seek=20971525 conv=notrunc status=none',
      'printf end | dd of=sparse.img bs=1 seek=41943037 conv=notrunc status=none',
      ': > empty.img',
      'ln -s sparse.img link.img',
      'mkdir folder.img',
      'echo no > other.txt',
      'sha256sum *.img "sub folder/deep/plain ä.img" 2>/dev/null | sed "s|sub folder/deep/||" > sums.sha || :',
    ].join('\n'),
    settings: {
      vm: { memory: '512M', build_memory: '512M' },
      artifacts: { patterns: ['*.img', '**/*.img', '*.sha'] },
    },
  });
  for (const _ of [1, 2]) {
    const built = await mayfly(['build', '--keep-running'], { cwd: project.path });
    expect(built.exitCode).toBe(0);
    const at = (name: string): string => join(project.path, 'artifacts', name);
    const record = JSON.parse(await readFile(at('build.json'), 'utf8')) as {
      artifacts: { name: string; bytes: number; sha256: string }[];
    };
    const bytes = Object.fromEntries(record.artifacts.map((artifact) => [artifact.name, artifact.bytes]));
    expect(bytes).toMatchObject({ 'empty.img': 0, 'plain ä.img': 9000001, 'sparse.img': 40 * MIB });
    expect(Object.keys(bytes).sort()).toEqual(['empty.img', 'plain ä.img', 'sparse.img', 'sums.sha']);
    const inGuest = await readFile(at('sums.sha'), 'utf8');
    for (const { name, sha256 } of record.artifacts.filter((artifact) => artifact.name !== 'sums.sha')) {
      expect(inGuest).toContain(`${sha256}  ${name}\n`);
    }
    expect((await stat(at('sparse.img'))).blocks * 512).toBeLessThan(8 * MIB);
  }
});

it('two files of one name are refused, and said', async () => {
  const script = '#!/bin/sh\nset -eu\nmkdir a b; echo 1 > a/x.img; echo 2 > b/x.img\n';
  await project.commit('builder/provision/build', script);
  const built = await mayfly(['build'], { cwd: project.path });
  expect(built.all).toContain('Two artifacts have the same name: x.img.');
  expect(built.exitCode).toBe(2);
});
