import { describe, expect, it } from 'vitest';
import { diskFindings, memoryFinding } from '../../../src/tasks/room.js';
import { contextIn } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

describe('room on disk', () => {
  it('is told once for each file system, with the folders that are on it', async () => {
    const folder = await temporaryFolder();
    const context = contextIn(folder, join(folder, 'home'));
    const one = await diskFindings({ ...context, env: { MAYFLY_TMPDIR: join(folder, 'scratch') } });
    expect(one).toHaveLength(1);
    for (const part of ['home', 'scratch']) expect(one[0]?.found).toContain(join(folder, part));
    expect(one[0]?.found).toMatch(/^\d.* [GTM]B free for /);
    expect(one[0]?.purpose).toBe('holds base boxes and caches, VMs and logs, base boxes that are being made');
  });

  it('that is too little is a warning that names what to do about that folder', async () => {
    const folder = await temporaryFolder();
    const context = contextIn(folder, join(folder, 'home'));
    // A file system of its own, without any room.
    const [home, scratch] = await diskFindings({ ...context, env: { MAYFLY_TMPDIR: '/proc/none/here' } });
    expect(home?.found).not.toContain('/proc');
    expect(scratch).toEqual({
      name: 'disk',
      purpose: 'holds base boxes that are being made',
      state: 'warning',
      found: '0 B free for /proc/none/here',
      hint: 'Free some space, or set MAYFLY_TMPDIR to a folder on a larger disk.',
    });
  });

  it('is looked at without making a folder', async () => {
    const folder = await temporaryFolder();
    await diskFindings({ ...contextIn(folder, join(folder, 'home')), env: {} });
    expect(await readdir(folder)).toEqual([]);
  });
});

it('memory is told in binary units', async () => {
  expect((await memoryFinding()).found).toMatch(/^[\d.]+ [MG]iB available$/);
});
