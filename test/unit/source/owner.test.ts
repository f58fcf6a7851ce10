import { expect, it } from 'vitest';
import { isListedSafe, trustedOwners } from '../../../src/source/owner.js';

it('files of this user, of root and of who called sudo are trusted', () => {
  expect([...trustedOwners(1000, {})]).toEqual([0, 1000]);
  expect([...trustedOwners(0, { SUDO_UID: '1000' })]).toEqual([0, 1000]);
  // Whoever is not root may say anything there.
  expect([...trustedOwners(1000, { SUDO_UID: '1001' })]).toEqual([0, 1000]);
  expect([...trustedOwners(0, { SUDO_UID: '' })]).toEqual([0]);
});

it.each([
  [[], false],
  [['/p'], true],
  [['/other'], false],
  [['*'], true],
  [['/p', ''], false],
  [['', '/p'], true],
  [['/*'], true],
  [['/q/*'], false],
])('git calls /p safe where it lists %j: %s', (listed, isSafe) => {
  expect(isListedSafe(listed, '/p')).toBe(isSafe);
});
