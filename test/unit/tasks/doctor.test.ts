import { describe, expect, it } from 'vitest';
import { installCommand, programFinding } from '../../../src/tasks/doctor.js';
import { fakeProgram } from '../../rig/fake-programs.js';

describe('a program', () => {
  it('that is there is named with its path', async () => {
    await fakeProgram('some-program', 'exit 0');
    const found = expect.stringMatching(/\/some-program$/) as unknown;
    expect(programFinding('some-program', 'x')).toEqual({
      name: 'some-program',
      purpose: 'x',
      state: 'ok',
      found,
    });
  });

  it.each([
    ['some-program', undefined, 'some-program'],
    ['some-program', 'some-package', 'some-package'],
  ])('%s (%s) that is not is mended by the package %s', (program, debianPackage, mends) => {
    expect(programFinding(program, 'x', debianPackage)).toMatchObject({
      state: 'missing',
      package: mends,
    });
  });
});

describe('the one command that mends it', () => {
  const finding = { name: 'x', purpose: 'x', found: 'x' };

  it('leaves out what is optional', () => {
    const optional = { ...finding, state: 'optional', package: 'ovmf' } as const;
    const missing = { ...finding, state: 'missing', package: 'xz-utils' } as const;
    expect(installCommand([optional], true)).toBeUndefined();
    expect(installCommand([missing, optional], true)).toBe(
      'apt-get install --no-install-recommends xz-utils',
    );
  });
});
