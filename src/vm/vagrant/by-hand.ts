/**
 * What makes `vagrant up`, `reload` and `destroy` by hand do what `mayfly vm` does: triggers, which call mayfly. It
 * serves the archive to the VM, knows the branch, and keeps what the cache disks gained.
 * @see https://developer.hashicorp.com/vagrant/docs/triggers/configuration
 */
import { quoteCommand } from '../../process/command-error.js';
import { PROGRAM } from '../../program.js';
import { quoteRuby } from './ruby.js';

/** Set where mayfly itself calls vagrant: it needs nobody to call it. */
export const CALLED_BY_MAYFLY = 'MAYFLY_CALLS_VAGRANT';

/** They say where a mayfly keeps its VMs: paths.ts. */
const PLACES = ['MAYFLY_HOME', 'XDG_DATA_HOME', 'XDG_CACHE_HOME', 'XDG_STATE_HOME'];

/** The words that call this mayfly in a checkout, with its folders as they are now. */
export function mayflyIn(checkout: string, env: NodeJS.ProcessEnv): readonly string[] {
  const places = PLACES.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [`${name}=${value}`];
  });
  return ['env', '-C', checkout, ...places, process.execPath, PROGRAM];
}

/** Vagrant runs what comes after `destroy` also where the person has said no: then the machine is there as before. */
const afterDestroy = (words: readonly string[]): readonly string[] => [
  '    config.trigger.after :destroy do |trigger|',
  '      trigger.ruby do |_, machine|',
  `        machine.id || system(${words.map(quoteRuby).join(', ')}) || raise('mayfly vm destroy failed')`,
  '      end',
  '    end',
];

/** Lines of the Vagrantfile. Pure. */
export function triggers(id: string, mayfly: readonly string[]): readonly string[] {
  const trigger = (
    when: string,
    words: readonly string[],
    more: readonly string[] = [],
  ): readonly string[] => [
    `    config.trigger.${when} do |trigger|`,
    `      trigger.info = ${quoteRuby(`mayfly ${words.join(' ')}`)}`,
    // Split as a shell would, and run without one.
    `      trigger.run = { inline: ${quoteRuby(quoteCommand([...mayfly, ...words]))} }`,
    ...more.map((line) => `      ${line}`),
    '    end',
  ];
  return [
    '  # By hand, the same as with `mayfly vm`: each start provisions, and the caches outlive the VM.',
    `  unless ENV[${quoteRuby(CALLED_BY_MAYFLY)}]`,
    ...trigger('after :up, :reload', ['vm', 'up']),
    ...trigger('after :provision', ['vm', 'provision']),
    // One that no longer answers ends all the same.
    ...trigger('before :halt, :reload, :destroy', ['vm', 'halt', id], ['trigger.on_error = :continue']),
    ...afterDestroy([...mayfly, 'vm', 'destroy', id]),
    '  end',
  ];
}
