/** `mayfly artifacts` */
import type { Command } from 'commander';
import { addArtifactsFlag, addGlobalFlags, print, printJson } from './common.js';
import { addExamples } from './help.js';
import { openSession, type GlobalOptions } from './session.js';

export function registerArtifacts(program: Command): void {
  const command = program
    .command('artifacts')
    .summary('fetch artifacts from the kept VM of this checkout')
    .description(
      'Fetches what matches artifacts.patterns from a VM that was kept, for example after `mayfly build --rescue` failed. The record of a build in that folder goes, unless it is of these very files.',
    );
  addArtifactsFlag(command);
  addGlobalFlags(command, 'Print name, size and SHA-256 as JSON.');
  addExamples(command, ['mayfly artifacts --artifacts partial', 'fetch what there is into ./partial']);
  command.action(async (flags: GlobalOptions & { artifacts?: string }) => {
    const { fetchArtifacts } = await import('../build/results/fetch.js');
    using session = openSession(flags, false);
    const { artifacts, directory } = await fetchArtifacts(session.context, flags.artifacts);
    if (flags.json === true) {
      printJson(artifacts);
      return;
    }
    for (const { name } of artifacts) print(`${directory}/${name}`);
  });
}
