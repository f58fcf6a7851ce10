/** `mayfly rake`: the task names of a Rakefile that people know from Tails-style checkouts. */
import { Argument, type Command } from 'commander';
import { MayflyError } from '../errors.js';
import { didYouMean } from '../config/suggest.js';
import { print, table } from './common.js';
import { addExamples } from './help.js';
import { makeProgram } from './main.js';

interface Task {
  readonly name: string;
  readonly does: string;
  /** The commands that do it. @param env a CI system keeps old base boxes for a shorter time */
  readonly commands: (env: NodeJS.ProcessEnv) => readonly (readonly string[])[];
}

/** How long a base box is kept, in days: six months, or four on Jenkins. */
const KEPT_DAYS = { person: 183, jenkins: 122 } as const;

const one =
  (...command: readonly string[]) =>
  () => [command];

export const TASKS: readonly Task[] = [
  { name: 'build', does: 'build the image', commands: one('build') },
  { name: 'vm:up', does: 'start the VM, provision it, and keep it', commands: one('vm', 'up') },
  { name: 'vm:ssh', does: 'log in to the VM', commands: one('vm', 'ssh') },
  { name: 'vm:halt', does: 'power the VM off', commands: one('vm', 'halt') },
  { name: 'vm:provision', does: 'provision the VM again', commands: one('vm', 'provision') },
  { name: 'vm:destroy', does: 'remove the VM, but not its cache disks', commands: one('vm', 'destroy') },
  { name: 'basebox:create', does: 'make the base box, unless it exists', commands: one('box', 'create') },
  {
    name: 'basebox:clean_old',
    does: 'remove base boxes older than six months (on Jenkins: four)',
    commands: (env) => {
      const days = (env['JENKINS_URL'] ?? '') === '' ? KEPT_DAYS.person : KEPT_DAYS.jenkins;
      return [['box', 'clean', '--older-than', String(days)]];
    },
  },
  {
    name: 'basebox:clean_all',
    does: 'remove the base boxes of all projects that no VM uses',
    commands: one('box', 'clean', '--all'),
  },
  {
    name: 'clean_up_libvirt_volumes',
    does: 'remove what crashed builds left behind',
    commands: one('clean'),
  },
  {
    name: 'clean_all',
    does: 'remove VM, base boxes and leftovers, but not the cache disks',
    commands: () => [['vm', 'destroy'], ['clean'], ['box', 'clean', '--all']],
  },
  { name: 'retrieve_artifacts', does: 'fetch artifacts from the kept VM', commands: one('artifacts') },
];

export function registerRake(program: Command): void {
  const tasks = new Argument('[tasks...]', 'Tasks, and variables as NAME=value.');
  // For completion only: a variable may stand among them.
  tasks.argChoices = TASKS.map(({ name }) => name);
  const command = program
    .command('rake')
    .summary('run tasks by their names in a Rakefile')
    .description(
      'Runs tasks by the names that they have in the Rakefile of a Tails-style checkout, one after the other. Build options come from MAYFLY_BUILD_OPTIONS, or else from TAILS_BUILD_OPTIONS.',
    )
    .addArgument(tasks)
    .option('-T, --tasks', 'List the tasks.');
  addExamples(
    command,
    ['mayfly rake -T', 'list the tasks'],
    ['mayfly rake build ARTIFACTS=/srv/images', 'build, with a variable'],
    ['mayfly rake vm:destroy build', 'run two tasks'],
  );
  command.action(async (words: readonly string[], flags: { tasks?: boolean }) => {
    if (flags.tasks === true) {
      for (const line of table(TASKS.map(({ name, does }) => [`mayfly rake ${name}`, `# ${does}`])))
        print(line);
      return;
    }
    const { variables, commands } = readWords(words, process.env);
    Object.assign(process.env, variables);
    for (const line of commands) {
      await makeProgram().parseAsync([...line], { from: 'user' });
      // A shell in the VM tells by its exit code alone.
      if (process.exitCode !== undefined && process.exitCode !== 0) return;
    }
  });
}

interface RakeLine {
  readonly variables: Readonly<Record<string, string>>;
  readonly commands: readonly (readonly string[])[];
}

const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/;

/** @throws MayflyError `rake.no-task`, `rake.unknown-task` (usage) */
export function readWords(words: readonly string[], env: NodeJS.ProcessEnv): RakeLine {
  const pairs = words.flatMap((word) => {
    const [, name, value] = VARIABLE.exec(word) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  const variables = Object.fromEntries(pairs);
  const names = words.filter((word) => !VARIABLE.test(word));
  if (names.length === 0) {
    throw new MayflyError('usage', 'rake.no-task', 'No task is named.', {
      hint: '`mayfly rake -T` lists them; `mayfly rake build` builds.',
    });
  }
  const commands = names.flatMap((name) => {
    const task = TASKS.find((known) => known.name === name);
    if (task !== undefined) return task.commands({ ...env, ...variables });
    const help = didYouMean(
      name,
      TASKS.map((known) => known.name),
    );
    const message = `There is no task ${JSON.stringify(name)}${help === '' ? '.' : help}`;
    throw new MayflyError('usage', 'rake.unknown-task', message, {
      hint: name.includes('=')
        ? 'A variable is NAME=value, its name of letters, digits and _. `mayfly rake -T` lists the tasks.'
        : '`mayfly rake -T` lists the tasks.',
    });
  });
  return { variables, commands };
}
