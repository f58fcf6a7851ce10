import { describe, expect, it } from 'vitest';
import { Undo } from '../../../src/build/undo.js';

function recorded(): { undo: Undo; log: string[] } {
  const log: string[] = [];
  const undo = new Undo();
  for (const name of ['first', 'second', 'third']) {
    undo.push(name, () => {
      log.push(name);
      return Promise.resolve();
    });
  }
  return { undo, log };
}

describe('Undo', () => {
  it('undoes in reverse order, one at a time', async () => {
    const undo = new Undo();
    const log: string[] = [];
    for (const name of ['first', 'second']) {
      undo.push(name, async () => {
        log.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        log.push(`${name} ends`);
      });
    }
    expect(await undo.run()).toEqual([]);
    expect(log).toEqual(['second begins', 'second ends', 'first begins', 'first ends']);
  });

  it('goes on after a failure, and tells of all of them', async () => {
    const { undo, log } = recorded();
    undo.push('broken', () => Promise.reject(new Error('no')));
    undo.push('more broken', () => {
      throw new Error('at once');
    });
    expect(await undo.run()).toEqual(['more broken: at once', 'broken: no']);
    expect(log).toEqual(['third', 'second', 'first']);
  });

  it('undoes nothing twice', async () => {
    const { undo, log } = recorded();
    await undo.run();
    expect(await undo.run()).toEqual([]);
    expect(log).toHaveLength(3);
  });

  it('undoes also what is added while it undoes', async () => {
    const { undo, log } = recorded();
    undo.push('adds', () => {
      undo.push('added', () => {
        log.push('added');
        return Promise.resolve();
      });
      return Promise.resolve();
    });
    await undo.run();
    expect(log).toEqual(['added', 'third', 'second', 'first']);
  });

  it('leaves everything once it is released', async () => {
    const { undo, log } = recorded();
    undo.release();
    expect(await undo.run()).toEqual([]);
    expect(log).toEqual([]);
  });
});
