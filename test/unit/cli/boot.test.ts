import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeProgram, setEnvironment } from '../../rig/fake-programs.js';
import { temporaryFolder } from '../source/repository.js';
import { mayfly } from './program.js';

/** An image, and a QEMU that writes a text to the serial console, and then does `after`. */
async function imageThatSays(text: string, after: string): Promise<string> {
  const folder = await temporaryFolder();
  setEnvironment({ MAYFLY_HOME: join(folder, 'home'), MAYFLY_ACCELERATOR: 'tcg' });
  await fakeProgram(
    'qemu-system-x86_64',
    `for word; do case $word in file,id=console,path=*) echo '${text}' >"\${word#*path=}" ;; esac; done; ${after}`,
  );
  const image = join(folder, 'image.iso');
  await writeFile(image, '');
  return image;
}

describe('`boot --json`', () => {
  it('says when the text appeared; the console goes to stderr', async () => {
    const image = await imageThatSays('debian login:', 'sleep 60');
    const { exitCode, stdout, stderr } = await mayfly('boot', image, '--expect', 'login:', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ outcome: 'appeared', seconds: expect.any(Number) as unknown });
    expect(stderr).toContain('  | debian login:');
  });

  it.each([
    ['timeout', 'sleep 60'],
    ['ended', 'exit 0'],
  ])('says how it failed: %s', async (outcome, after) => {
    const image = await imageThatSays('panic', after);
    const args = ['--expect', 'login:', '--timeout', '1s', '--json', '--quiet'];
    const { exitCode, stdout } = await mayfly('boot', image, ...args);
    expect(exitCode).toBe(4);
    expect(JSON.parse(stdout)).toEqual({ outcome, seconds: expect.any(Number) as unknown });
  });
});

it('`boot` without --json prints the console, and then what it waited for', async () => {
  const image = await imageThatSays('debian login:', 'sleep 60');
  const { stdout } = await mayfly('boot', image, '--expect', 'login:');
  expect(stdout).toMatch(/^ {2}\| debian login:\n"login:" appeared after [\d.]+ s\.\n$/);
});

it('`boot` refuses a directory as it does a file that is not there', async () => {
  const folder = await temporaryFolder();
  const { exitCode, stderr } = await mayfly('boot', folder, '--expect', 'x');
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`${folder} is a directory, not an image.`);
});
