/** Commander's commands, with our words for what is wrong with a command line. */
import { Command, type ErrorOptions } from 'commander';
import { usageError } from './usage-error.js';

export class PoliteCommand extends Command {
  override createCommand(name?: string): Command {
    return new PoliteCommand(name);
  }

  /** Everything that commander finds wrong comes by here. @throws MayflyError */
  override error(message: string, options: ErrorOptions = {}): never {
    throw usageError(this, options.code ?? '', message);
  }
}
