/** A row of a table: what is typed, set and checked out in a Tails-style checkout → plan, environment of the scripts, exit code. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { BuildPlan } from '../../../src/build/plan/plan.js';
import { exitCodeOf } from '../../../src/cli/exit.js';
import { MayflyError } from '../../../src/errors.js';
import { copyOf, makeTailsProject, type TailsProject } from '../../rig/tails-project.js';
import { contextIn, plan } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';

let folder: string;
/** The clone that all others are copies of. */
export let project: TailsProject;
/** Ids of commits, by ref. */
export const id: Record<string, string> = {};

const copies = new Map<string, Promise<TailsProject>>();

/** Makes the clone before the tests of a file, and removes it after them. */
export function useTailsProject(): void {
  beforeAll(async () => {
    copies.clear();
    folder = await mkdtemp(join(tmpdir(), 'mayfly-tails-'));
    project = await makeTailsProject(folder);
    for (const ref of ['stable', 'testing', 'devel', 'feature/topic', 'feature/devel', 'feature/conflict'])
      id[ref] = await project.git('rev-parse', `origin/${ref}`);
    for (const tag of ['5.0', '4.0']) id[tag] = await project.git('rev-parse', `${tag}^{commit}`);
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });
}

export interface Row {
  /** What is checked out. Default: stable. */
  readonly at?: string;
  /** TAILS_BUILD_OPTIONS; `noram` is always there, unless `ram` or `free` is. */
  readonly words?: string;
  /** MiB of memory that this host is said to have free. */
  readonly free?: number;
  /** How many CPUs this host is said to have. */
  readonly hostCpus?: number;
  /** In a value, `<ref>` stands for the id of its commit. */
  readonly env?: Readonly<Record<string, string>>;
  readonly before?: (checkout: TailsProject) => Promise<unknown>;
  /** Of the plan. */
  readonly gives?: object;
  /** Variables that the scripts get; null: not set. */
  readonly variables?: Readonly<Record<string, string | null>>;
  readonly warns?: string;
  /** Exit code and stable name of the error. */
  readonly fails?: readonly [number, string];
  readonly says?: string;
}

const withIds = (text: string): string => text.replace(/<(.+?)>/g, (_, ref: string) => id[ref] ?? ref);

async function checkedOut(ref: string, where: string): Promise<TailsProject> {
  const checkout = await copyOf(project, where);
  await checkout.git('checkout', '--quiet', '--recurse-submodules', ref);
  return checkout;
}

/** One that no test changes. */
async function unchanged(ref: string): Promise<TailsProject> {
  const copy = copies.get(ref) ?? checkedOut(ref, join(folder, 'copies', String(copies.size)));
  copies.set(ref, copy);
  return await copy;
}

export async function planned(row: Row): Promise<BuildPlan | MayflyError> {
  const own = await temporaryFolder();
  const at = row.at ?? 'stable';
  const checkout = row.before === undefined ? await unchanged(at) : await checkedOut(at, own);
  await row.before?.(checkout);
  const words = row.words ?? '';
  const asIs = row.free !== undefined || /\bram\b/.test(words);
  const facts = {
    ...(row.free === undefined ? {} : { availableMemory: row.free * 2 ** 20 }),
    ...(row.hostCpus === undefined ? {} : { cpus: row.hostCpus }),
  };
  const env = {
    TAILS_BUILD_OPTIONS: asIs ? words : `noram ${words}`,
    ...Object.fromEntries(Object.entries(row.env ?? {}).map(([name, value]) => [name, withIds(value)])),
  };
  try {
    return await plan(contextIn(checkout.path, join(own, 'home'), env), {}, facts);
  } catch (error) {
    if (error instanceof MayflyError) return error;
    throw error;
  }
}

export async function check(row: Row): Promise<void> {
  const result = await planned(row);
  if (row.fails !== undefined) {
    const [exitCode, code] = row.fails;
    expect(result).toBeInstanceOf(MayflyError);
    const error = result as MayflyError;
    expect([exitCodeOf(error), error.code]).toEqual([exitCode, code]);
    expect([error.message, ...error.details, error.hint].join('\n')).toContain(row.says ?? '');
    return;
  }
  if (result instanceof MayflyError) throw result;
  expect(result).toMatchObject(row.gives ?? {});
  for (const [name, value] of Object.entries(row.variables ?? {})) {
    expect({ [name]: result.environment[name] }).toEqual({
      [name]: value === null ? undefined : withIds(value),
    });
  }
  expect(result.warnings.join('\n')).toContain(row.warns ?? '');
}

export type Rows = readonly (readonly [string, Row])[];

/** A change that was not committed. */
export async function scribble(checkout: TailsProject): Promise<void> {
  await writeFile(join(checkout.path, 'scribble'), 'x');
}
