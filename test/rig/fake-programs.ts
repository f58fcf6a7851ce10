/**
 * Tiny programs that stand before the real ones on PATH and note what they were asked. Everything
 * that mayfly starts is looked up on PATH, so nothing else has to be replaced.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface FakeProgram {
  /** The argument vectors of all calls so far, in order. */
  calls(): Promise<readonly (readonly string[])[]>;
}

/** Puts a program on PATH for the rest of this test. @param body what it does: a sh script */
export async function fakeProgram(name: string, body: string): Promise<FakeProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-fake-'));
  const log = join(folder, 'calls');
  const program = join(folder, name);
  // A count before each vector: arguments may be empty, and may hold anything but a NUL.
  await writeFile(program, `#!/bin/sh\nprintf '%s\\0' "$#" "$@" >>'${log}'\n${body}\n`);
  await chmod(program, 0o755);
  const before = process.env['PATH'] ?? '';
  process.env['PATH'] = `${folder}:${before}`;
  onTestFinished(async () => {
    process.env['PATH'] = before;
    await rm(folder, { recursive: true, force: true });
  });
  return { calls: () => readCalls(log) };
}

async function readCalls(log: string): Promise<readonly (readonly string[])[]> {
  const words = (await readFile(log, 'utf8').catch(() => '')).split('\0').slice(0, -1);
  const calls: string[][] = [];
  while (words.length > 0) calls.push(words.splice(0, Number(words.shift())));
  return calls;
}

/** Leaves the programs of these folders only; for tests of what is not installed. */
export function onlyPath(...folders: readonly string[]): void {
  setEnvironment({ PATH: folders.join(':') });
}

/** Sets variables of our own environment (undefined removes one) for the rest of this test. */
export function setEnvironment(values: Readonly<Record<string, string | undefined>>): void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  const apply = (entries: readonly (readonly [string, string | undefined])[]): void => {
    for (const [name, value] of entries) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  };
  apply(Object.entries(values));
  onTestFinished(() => apply(before));
}
