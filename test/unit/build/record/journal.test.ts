import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Journal } from '../../../../src/build/record/journal.js';
import { newBuildId } from '../../../../src/build/record/with-journal.js';
import type { MayflyEvent } from '../../../../src/report/events.js';
import { temporaryFolder } from '../../source/repository.js';

async function opened() {
  const folder = join(await temporaryFolder(), 'builds', 'one');
  const told: MayflyEvent[] = [];
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  return { journal: new Journal(folder, (event) => told.push(event)), folder, told, read };
}

describe('the journal', () => {
  it('writes every event the moment it happens, with its time', async () => {
    const { journal, told, read } = await opened();
    const event: MayflyEvent = { type: 'notice', level: 'info', text: 'two\nlines' };
    journal.tell(event);
    const lines = (await read('events.jsonl')).trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    const { time, ...rest } = JSON.parse(lines[0] ?? '') as { time: string };
    expect(rest).toEqual(event);
    expect(new Date(time).toISOString()).toBe(time);
    expect(told).toEqual([event]);
    journal[Symbol.dispose]();
  });

  it('keeps the output of both scripts in logs of their own, raw', async () => {
    const { journal, read } = await opened();
    for (const [step, line] of [
      ['build', '\u001b[31mred'],
      ['provision', 'Setting up'],
      ['box', 'neither'],
    ] as const) {
      journal.tell({ type: 'output', step, stream: 'stdout', line });
    }
    expect(await read('build.log')).toBe('\u001b[31mred\n');
    expect(await read('provision.log')).toBe('Setting up\n');
    journal[Symbol.dispose]();
  });

  it('is for its owner only', async () => {
    const { journal, folder } = await opened();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const name of ['events.jsonl', 'build.log', 'provision.log'])
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    journal[Symbol.dispose]();
  });

  it('goes on where an earlier one of the same build stopped', async () => {
    const { journal, folder, read } = await opened();
    journal.tell({ type: 'reaped', what: 'a' });
    journal[Symbol.dispose]();
    using again = new Journal(folder, () => undefined);
    again.tell({ type: 'reaped', what: 'b' });
    expect((await read('events.jsonl')).trimEnd().split('\n')).toHaveLength(2);
  });
});

describe('a step', () => {
  it('tells of its beginning, what it says, and its end', async () => {
    const { journal, told } = await opened();
    const result = await journal.step('box', 'Making the base box', (say) => {
      say.progress('downloading');
      say.output('a line', 'stderr');
      say.summary('made');
      return Promise.resolve(42);
    });
    expect(result).toBe(42);
    expect(told).toEqual([
      { type: 'step-started', step: 'box', title: 'Making the base box' },
      { type: 'progress', step: 'box', text: 'downloading' },
      { type: 'output', step: 'box', stream: 'stderr', line: 'a line' },
      {
        type: 'step-finished',
        step: 'box',
        outcome: 'ok',
        seconds: expect.any(Number) as number,
        summary: 'made',
      },
    ]);
    journal[Symbol.dispose]();
  });

  it('that reused something says so', async () => {
    const { journal } = await opened();
    await journal.step('box', 'x', (say) => {
      say.reused();
      return Promise.resolve();
    });
    expect(journal.steps).toEqual([
      { name: 'box', outcome: 'reused', seconds: expect.any(Number) as number },
    ]);
    journal[Symbol.dispose]();
  });

  it('that fails is told of as failed, with its error handed on', async () => {
    const { journal, told } = await opened();
    const error = new Error('no');
    await expect(journal.step('vm', 'x', () => Promise.reject(error))).rejects.toBe(error);
    expect(told.at(-1)).toMatchObject({ type: 'step-finished', step: 'vm', outcome: 'failed' });
    expect(journal.steps.map(({ outcome }) => outcome)).toEqual(['failed']);
    journal[Symbol.dispose]();
  });
});

it('ids of builds sort by time, and differ', () => {
  const now = new Date('2026-01-02T03:04:05.678Z');
  expect(newBuildId(now)).toMatch(/^20260102T030405Z-[0-9a-f]{4}$/);
  expect(new Set(Array.from({ length: 5 }, () => newBuildId(now))).size).toBeGreaterThan(1);
});
