/** `mayfly vm provision` plans with the options that it is given. */
import { expect, it } from 'vitest';
import { withJournal } from '../../../src/build/record/with-journal.js';
import { vmProvision } from '../../../src/build/vm/commands.js';
import { failure } from '../source/repository.js';
import { CONFIG, testProject } from './plan/project.js';

it('knows them beside those of builder.yaml, before it looks for a VM', async () => {
  const config = CONFIG.replace('options: [noram]', 'options: [noram, offline]');
  const { context } = await testProject({ 'builder/builder.yaml': config });
  const refused = withJournal(context, (own, journal) =>
    vmProvision(own, journal, { flags: { proxy: 'noproxy' } }),
  );
  const { code, details } = await failure(refused);
  expect(code).toBe('options.invalid');
  expect(details.join('\n')).toContain('noproxy is set');
});
