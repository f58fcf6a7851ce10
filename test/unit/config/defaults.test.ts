import { describe, expect, it } from 'vitest';
import { normaliseName } from '../../../src/config/defaults.js';

describe('normaliseName', () => {
  it.each([
    ['tails', 'tails'],
    ['My_OS 2.0', 'my-os-2-0'],
    ['--x--', 'x'],
    ['Éléphant', 'elephant'],
    ['amnesia.git', 'amnesia-git'],
    ['日本', 'project'],
    ['', 'project'],
    [`${'a'.repeat(62)}-b`, 'a'.repeat(62)],
  ])('%j → %s', (folder, name) => {
    expect(normaliseName(folder)).toBe(name);
  });
});
