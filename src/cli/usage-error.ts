/**
 * What the parser of the command line finds wrong, in our words: what is wrong, what was perhaps meant, and where
 * to read on. Commander names each mistake by a code; the words at fault stand in its message. Pure.
 */
import type { Command } from 'commander';
import { didYouMean } from '../config/suggest.js';
import { MayflyError } from '../errors.js';
import { guessCommand } from './guesses.js';

/** `vm up`; nothing for mayfly itself. */
export function pathOf(command: Command): string {
  if (command.parent === null) return '';
  return `${pathOf(command.parent)} ${command.name()}`.trim();
}

/** @param message commander's own */
export function usageError(command: Command, code: string, message: string): MayflyError {
  // A suggestion of commander's stands on a line of its own.
  const [first = ''] = message.split('\n');
  switch (code) {
    case 'commander.unknownOption':
      return unknownOption(command, quoted(first));
    case 'commander.unknownCommand':
      return noCommand(command, quoted(first));
    case 'commander.missingArgument':
      return missingArgument(command, quoted(first));
    case 'commander.optionMissingArgument':
      return say(command, 'missing-value', `${flagOf(quoted(first))} needs a value: ${quoted(first)}.`);
    case 'commander.invalidArgument':
      return wrongValue(command, first);
    case 'commander.excessArguments':
      return unexpected(command);
    default:
      return say(command, 'wrong', `${first.replace(/^error: /, '').replace(/\.$/, '')}.`);
  }
}

/** Also for `mayfly help WORD`. @param word what is no command below `at` */
export function noCommand(at: Command, word: string): MayflyError {
  const path = [...pathOf(at).split(' '), word].filter((part) => part !== '');
  const guess = guessCommand(at, path);
  const meant = guess === undefined ? '.' : `; did you mean \`mayfly ${guess}\`?`;
  const text = `There is no command ${JSON.stringify(path.join(' '))}${meant}`;
  return new MayflyError('usage', 'usage.no-command', text, {
    hint: `\`${helpOf(at)}\` lists the commands.`,
  });
}

const helpOf = (command: Command): string =>
  ['mayfly', pathOf(command), '--help'].join(' ').replace('  ', ' ');

function say(command: Command, code: string, text: string, hint = ''): MayflyError {
  const more = `\`${helpOf(command)}\` lists all that it takes.`;
  return new MayflyError('usage', `usage.${code}`, text, { hint: `${hint} ${more}`.trim() });
}

/** What commander put into quotes, first to last: it escapes nothing. */
const quoted = (text: string): string => /'(.*)'/.exec(text)?.[1] ?? '';

/** `--timeout` of `-t, --timeout <TIME>` */
const flagOf = (flags: string): string => /--[\w-]+/.exec(flags)?.[0] ?? flags;

function unknownOption(command: Command, word: string): MayflyError {
  const [flag = word] = word.split('=');
  const known = command.options.flatMap(({ long }) => long ?? []);
  const near = flag.startsWith('--') ? didYouMean(flag, known) : '';
  const name = ['mayfly', pathOf(command)].join(' ').trim();
  return say(command, 'no-option', `\`${name}\` has no option ${flag}${near === '' ? '.' : near}`);
}

function missingArgument(command: Command, name: string): MayflyError {
  const argument = command.registeredArguments.find((each) => each.name() === name);
  const text = `\`mayfly ${pathOf(command)}\` needs its argument <${name}>.`;
  const meaning = argument === undefined ? '' : `<${name}>: ${argument.description}`;
  return say(command, 'missing-argument', text, meaning);
}

function unexpected(command: Command): MayflyError {
  const words = command.args.slice(command.registeredArguments.length).map((word) => JSON.stringify(word));
  const noun = words.length === 1 ? 'argument' : 'arguments';
  return say(command, 'unexpected', `\`mayfly ${pathOf(command)}\` takes no ${noun} ${words.join(' ')}.`);
}

/** An option's value or an argument, refused by us or not among the choices. */
function wrongValue(command: Command, message: string): MayflyError {
  const [, option, value, why = ''] = /option '(.*?)' argument '(.*)' is invalid\. (.*)$/.exec(message) ?? [];
  if (option !== undefined && value !== undefined)
    return say(command, 'wrong-value', `${flagOf(option)}: ${expectation(why, value)}`);
  const [, word, name, reason = ''] =
    /command-argument value '(.*)' is invalid for argument '(.*?)'\. (.*)$/.exec(message) ?? [];
  return say(command, 'wrong-value', `<${name ?? ''}>: ${expectation(reason, word ?? '')}`);
}

function expectation(why: string, value: string): string {
  const [, choices] = /^Allowed choices are (.*)\.$/.exec(why) ?? [];
  const near = choices === undefined ? '' : didYouMean(value, choices.split(', '));
  const expected = choices === undefined ? why.replace(/\.$/, '') : `expected one of ${choices}`;
  return `${expected}, found ${JSON.stringify(value)}${near === '' ? '.' : near}`;
}
