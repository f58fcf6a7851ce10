/** The main job, whole: a new project, its image, twice the same, and it boots. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildRecord } from '../../src/build/record/record.js';
import { sha256 } from '../../src/basebox/recipe.js';
import { folder, mayfly } from '../rig/mayfly.js';

describe('the template minimal', () => {
  const project = join(folder, 'with blanks', 'münimal');
  const artifacts = join(project, 'artifacts');
  let image: string;

  it('is made, and is clean', async () => {
    const made = await mayfly(['init', project, '--template', 'minimal']);
    expect(made).toMatchObject({ exitCode: 0 });
    const plan = await mayfly(['plan', '--json'], { cwd: project });
    expect(JSON.parse(plan.stdout)).toMatchObject({
      source: { dirty: [], ref: { name: 'main' } },
      warnings: [],
      vm: { network: 'archive' },
      project: { name: 'munimal' },
    });
  });

  it('builds', async () => {
    const built = await mayfly(['build'], { cwd: project });
    expect(built.all).toContain('Build succeeded');
    expect(built.exitCode).toBe(0);
    image = built.stdout.split('\n').find((line) => line.endsWith('.iso')) ?? '';
    expect(image).toBe(join(artifacts, 'munimal.iso'));
  });

  it('leaves a record, checksums and logs that agree', async () => {
    const record = buildRecord.parse(JSON.parse(await readFile(join(artifacts, 'build.json'), 'utf8')));
    expect(record).toMatchObject({
      outcome: 'success',
      ref: 'main',
      vm: { provider: 'qemu', reused: false },
    });
    expect(record.steps.map(({ name }) => name)).toEqual([
      'reap',
      'plan',
      'source',
      'box',
      'vm',
      'ready',
      'provision',
      'build',
      'artifacts',
      'destroy',
      'publish',
    ]);
    expect(record.box?.packages.find(({ name }) => name === 'apt-cacher-ng')?.version).toMatch(/^\d/);
    const serial = record.archive?.serials['debian'];
    expect(serial?.box).toMatch(/^\d{10}$/);
    expect(serial?.image).toBe(serial?.box);
    const served = record.archive?.served ?? [];
    expect(served.find(({ path }) => path.includes('/busybox-static_'))?.sha256).toMatch(/^[0-9a-f]{64}$/);
    const sums = await readFile(join(artifacts, 'SHA256SUMS'), 'utf8');
    for (const { name, sha256: recorded, bytes } of record.artifacts) {
      const content = await readFile(join(artifacts, name));
      expect({ name, sum: sha256(content), bytes: content.length }).toEqual({ name, sum: recorded, bytes });
      expect(sums).toContain(`${recorded}  ${name}\n`);
      expect((await stat(join(artifacts, name))).mode & 0o777).toBe(0o644);
    }
    const events = (await readFile(join(artifacts, 'events.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    expect(events.map(({ type }) => type)).toContain('step-finished');
    expect(await readFile(join(artifacts, 'build.log'), 'utf8')).toContain('ISO: with a boot loader');
  });

  it('boots to its greeting', async () => {
    const { commit } = buildRecord.parse(JSON.parse(await readFile(join(artifacts, 'build.json'), 'utf8')));
    const booted = await mayfly([
      'boot',
      image,
      '--expect',
      `built from commit ${commit}`,
      '--timeout',
      '5m',
    ]);
    expect(booted.all).toContain('appeared after');
    expect(booted.exitCode).toBe(0);
  });

  it('builds again: same box, same bytes', async () => {
    const before = await readFile(join(artifacts, 'SHA256SUMS'), 'utf8');
    const again = await mayfly(['build'], { cwd: project });
    expect(again.exitCode).toBe(0);
    expect(again.all).toMatch(/^box +have/m);
    expect(await readFile(join(artifacts, 'SHA256SUMS'), 'utf8')).toBe(before);
  });
});
