/** All commands, in the order of the help. Their code is loaded when they run. */
import type { Command } from 'commander';
import { registerArtifacts } from './artifacts.js';
import { registerBoot } from './boot.js';
import { registerBox } from './box.js';
import { registerBuild } from './build.js';
import { registerCache } from './cache.js';
import { registerClean } from './clean.js';
import { registerCompletion } from './completion.js';
import { registerDoctor } from './doctor.js';
import { registerInit } from './init.js';
import { registerPlan } from './plan.js';
import { registerRake } from './rake.js';
import { registerSnapshots } from './snapshots.js';
import { registerVm } from './vm.js';

export function registerAll(program: Command): void {
  registerInit(program);
  registerBuild(program);
  registerPlan(program);
  registerBoot(program);
  registerArtifacts(program);
  registerVm(program);
  registerBox(program);
  registerSnapshots(program);
  registerCache(program);
  registerClean(program);
  registerRake(program);
  registerDoctor(program);
  registerCompletion(program);
}
