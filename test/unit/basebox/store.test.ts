import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  commitBox,
  findBox,
  listBoxes,
  removeBox,
  removeBoxStaging,
  stageBox,
  stagedBoxes,
  staleBoxes,
  type BoxRecord,
} from '../../../src/basebox/store.js';
import { temporaryFolder } from '../source/repository.js';
import { box, FINGERPRINT } from './spec.js';

async function stage(store: string, record: Partial<BoxRecord> = {}): Promise<string> {
  const { record: whole } = box(record);
  const staging = await stageBox(store, whole.fingerprint);
  await writeFile(join(staging, 'box.json'), JSON.stringify(whole));
  return whole.fingerprint;
}

describe('the store', () => {
  it('shows a box only once it is complete', async () => {
    const store = join(await temporaryFolder(), 'boxes');
    expect(await listBoxes(store)).toEqual([]);
    await stage(store);
    expect(await findBox(store, FINGERPRINT)).toBeUndefined();
    expect(await listBoxes(store)).toEqual([]);
    expect(await stagedBoxes(store)).toEqual([FINGERPRINT]);
    const made = await commitBox(store, FINGERPRINT);
    expect(made).toEqual({ folder: join(store, FINGERPRINT), record: box().record });
    expect(await findBox(store, FINGERPRINT)).toEqual(made);
    expect(await stagedBoxes(store)).toEqual([]);
  });

  it('begins again from nothing after a crash', async () => {
    const store = await temporaryFolder();
    const first = await stageBox(store, FINGERPRINT);
    await writeFile(join(first, 'half'), '');
    const second = await stageBox(store, FINGERPRINT);
    expect(await readdir(second)).toEqual([]);
    await removeBoxStaging(store, FINGERPRINT);
    expect(await readdir(store)).toEqual([]);
  });

  it('removes a box, also when a crash left the last removal half done', async () => {
    const store = await temporaryFolder();
    await stage(store);
    await commitBox(store, FINGERPRINT);
    await mkdir(join(store, `.new-${FINGERPRINT}/rest`), { recursive: true });
    await removeBox(store, FINGERPRINT);
    expect(await readdir(store)).toEqual([]);
    await expect(removeBox(store, FINGERPRINT)).rejects.toThrow('ENOENT');
  });

  it('lists boxes newest first, and passes over folders that are no boxes', async () => {
    const store = await temporaryFolder();
    const [a, b, c] = ['a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32)];
    for (const [fingerprint, createdAt] of [
      [a, '2026-01-01T00:00:00.000Z'],
      [c, '2026-03-01T00:00:00.000Z'],
      [b, '2026-02-01T00:00:00.000Z'],
    ] as const) {
      await commitBox(store, await stage(store, { fingerprint, createdAt }));
    }
    await mkdir(join(store, 'lost+found'));
    expect((await listBoxes(store)).map(({ record }) => record.fingerprint)).toEqual([c, b, a]);
  });

  it('makes a box with a damaged record anew', async () => {
    const store = await temporaryFolder();
    await commitBox(store, await stage(store));
    await writeFile(join(store, FINGERPRINT, 'box.json'), '{"schema": 1}');
    expect(await findBox(store, FINGERPRINT)).toBeUndefined();
    expect(await listBoxes(store)).toEqual([]);
    await commitBox(store, await stage(store));
    expect(await findBox(store, FINGERPRINT)).toBeDefined();
  });
});

describe('staleBoxes', () => {
  const now = new Date('2026-12-31T00:00:00.000Z');
  const daysAgo = (days: number): string => new Date(now.getTime() - days * 86_400_000).toISOString();
  const boxes = [
    box({ fingerprint: 'old', createdAt: daysAgo(200) }),
    box({ fingerprint: 'new', createdAt: daysAgo(1) }),
    box({ fingerprint: 'older', createdAt: daysAgo(400) }),
    box({ fingerprint: 'mid', createdAt: daysAgo(100) }),
  ];

  it.each([
    ['half a year by default', {}, ['old', 'older']],
    ['other limits', { days: 50 }, ['mid', 'old', 'older']],
    ['the newest never', { days: 0 }, ['mid', 'old', 'older']],
    ['one in use never', { inUse: ['older'] }, ['old']],
    ['all but those in use', { all: true, inUse: ['mid'] }, ['new', 'old', 'older']],
    ['nothing is old enough', { days: 500 }, []],
  ])('%s', (_name, { inUse = [], ...rest }: { days?: number; all?: boolean; inUse?: string[] }, stale) => {
    const found = staleBoxes(boxes, { now, inUse: new Set(inUse), ...rest });
    expect(found.map(({ record }) => record.fingerprint)).toEqual(stale);
  });

  it('keeps the newest of each project and distribution', () => {
    const other = (label: string, days: number) =>
      box({ fingerprint: label, label, createdAt: daysAgo(days) });
    const all = [
      ...boxes,
      other('other-amd64-trixie-20250101-1a2b3c4', 400),
      other('other-amd64-trixie-20240101-1a2b3c4', 800),
      other('other-amd64-bookworm-20230101-1a2b3c4', 900),
    ];
    const stale = staleBoxes(all, { now, inUse: new Set() }).map(({ record }) => record.fingerprint);
    expect(stale).toEqual(['old', 'older', 'other-amd64-trixie-20240101-1a2b3c4']);
  });

  it('keeps a single box however old it is, unless all are asked for', () => {
    const [single] = [box({ createdAt: daysAgo(5000) })];
    const inUse = new Set<string>();
    expect(staleBoxes([single], { now, inUse })).toEqual([]);
    expect(staleBoxes([single], { now, inUse, all: true })).toEqual([single]);
    expect(staleBoxes([], { now, inUse })).toEqual([]);
  });

  it('removes one that is exactly at the limit only a moment later', () => {
    const limit = [box({ fingerprint: 'n' }), box({ fingerprint: 'limit', createdAt: daysAgo(183) })];
    const newer = { ...limit[0], folder: '', record: { ...box().record, createdAt: daysAgo(0) } };
    const stale = (at: Date) => staleBoxes([newer, ...limit.slice(1)], { now: at, inUse: new Set() });
    expect(stale(now)).toEqual([]);
    expect(stale(new Date(now.getTime() + 1))).toHaveLength(1);
  });
});
