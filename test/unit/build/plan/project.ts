/** A small project in a real repository, and a context to plan in. */
import { join } from 'node:path';
import type { Context } from '../../../../src/build/context.js';
import { readHostFacts, type HostFacts } from '../../../../src/build/plan/facts.js';
import { makePlan, type BuildPlan, type PlanRequest } from '../../../../src/build/plan/plan.js';
import { resolveHome } from '../../../../src/paths.js';
import { repository, temporaryFolder, type Files } from '../../source/repository.js';

export const CONFIG = `name: example
basebox:
  packages: [xorriso]
archive:
  origins:
    debian: {url: http://mirror.example/debian}
    debian-security: {url: http://mirror.example/debian-security}
vm: {memory: 1G, build_memory: 1G, cpus: 2}
options: [noram]
build: {timeout: 30m}
artifacts: {patterns: ['*.iso']}
`;

export const FILES: Files = {
  '.gitignore': '/artifacts\n',
  'builder/builder.yaml': CONFIG,
  'builder/basebox/APT_snapshots.d/debian/serial': '2026010203\n',
  'builder/basebox/APT_snapshots.d/debian-security/serial': '2026010204\n',
  'config/APT_snapshots.d/debian/serial': '2026010301\n',
  'config/APT_snapshots.d/debian-security/serial': '2026010302\n',
  'builder/provision/setup-builder': '#!/bin/sh\n',
  'builder/provision/build': '#!/bin/sh\n',
  'README.md': 'hello\n',
};

export interface TestProject {
  readonly root: string;
  readonly context: Context;
}

export async function testProject(files: Files = {}, env: Context['env'] = {}): Promise<TestProject> {
  const folder = await temporaryFolder();
  const root = await repository(join(folder, 'checkout'), { ...FILES, ...files });
  return { root, context: contextIn(root, join(folder, 'home'), env) };
}

export function contextIn(cwd: string, home: string, env: Context['env'] = {}): Context {
  return {
    home: resolveHome({ MAYFLY_HOME: home }),
    cwd,
    env: { MAYFLY_ACCELERATOR: 'tcg', ...env },
    report: () => undefined,
    signal: new AbortController().signal,
  };
}

/** @param facts what this host is said to have */
export async function plan(
  context: Context,
  request: Partial<PlanRequest> = {},
  facts: Partial<HostFacts> = {},
): Promise<BuildPlan> {
  const whole = { flags: {}, scratch: await temporaryFolder(), ...request };
  return await makePlan(context, whole, async (env) => ({ ...(await readHostFacts(env)), ...facts }));
}
