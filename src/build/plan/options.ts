/** The build options of a checkout, and what of them a VM that is kept decides. */
import type { Config } from '../../config/config.js';
import { resolveOptions } from '../../config/options.js';
import type { FlagValues } from '../../config/options-flags.js';
import type { Context } from '../context.js';
import { findKeptVm } from '../vm/kept.js';
import type { OptionFacts } from './facts.js';
import type { Project } from './project.js';
import { memoryOf } from './provider.js';

export interface OptionRequest {
  readonly flags: FlagValues;
}

export function optionsFor(
  config: Config,
  project: Project,
  facts: OptionFacts,
  context: Context,
  request: OptionRequest,
) {
  return resolveOptions({
    flags: request.flags,
    environment: context.env,
    config,
    facts: {
      releasing: project.checkout.releaseTag !== undefined,
      availableMemory: facts.availableMemory,
      httpProxy: facts.httpProxy,
      memory: config.vm.memory,
      buildMemory: config.vm.buildMemory,
    },
  });
}

/** Whether to build in RAM is free for choice: then not in a VM that is kept and too small for it. */
export async function optionsForVm(
  config: Config,
  project: Project,
  facts: OptionFacts,
  context: Context,
  request: OptionRequest,
) {
  const resolved = optionsFor(config, project, facts, context, request);
  const { options, origins } = resolved;
  const kept = options.forceCleanup ? undefined : await findKeptVm(context, project.checkout.topLevel);
  if (kept === undefined || origins.ram !== 'default') return { resolved, kept };
  if (kept.record.memoryBytes >= memoryOf(config.vm, options)) return { resolved, kept };
  const onDisk = optionsFor(config, project, { ...facts, availableMemory: 0 }, context, request);
  return { resolved: onDisk, kept };
}
