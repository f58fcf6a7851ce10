/** What mends user namespaces, by what the host says of them. */
import { describe, expect, it } from 'vitest';
import { namespaceHint, type NamespaceHost } from '../../../src/tasks/doctor-namespaces.js';

const ADA = 'ada:100000:65536\n';
const HOST: NamespaceHost = { user: ['eve', '1001'], subuid: '', subgid: '', settings: {} };

describe('without subordinate ids', () => {
  it.each([
    ['nobody has any', '', '', '100000-165535'],
    ['another user has the first', ADA, ADA, '165536-231071'],
    ['one file goes further than the other', ADA, `${ADA}bob:165536:65536\n`, '231072-296607'],
    ['lines are no ranges', '# none\nada\n:x:\n', '', '100000-165535'],
  ])('the next free range is named: %s', (_, subuid, subgid, range) => {
    expect(namespaceHint({ ...HOST, subuid, subgid })).toContain(
      `sudo usermod --add-subuids ${range} --add-subgids ${range} "$USER"`,
    );
  });

  it.each([['eve:165536:65536\n'], ['1001:165536:65536\n']])('in one file only, that one: %j', (line) => {
    const hint = namespaceHint({ ...HOST, subuid: ADA + line, subgid: ADA });
    expect(hint).toBe(
      'There is no line for you in /etc/subgid: sudo usermod --add-subgids 231072-296607 "$USER"',
    );
  });
});

describe('with subordinate ids', () => {
  const own = { ...HOST, subuid: `${ADA}eve:165536:65536\n`, subgid: `${ADA}eve:165536:65536\n` };

  it.each([
    ['kernel.unprivileged_userns_clone', '0', '1'],
    ['user.max_user_namespaces', '0', '10000'],
    ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
  ])('the setting that forbids it is named: %s', (name, forbids, allows) => {
    const hint = namespaceHint({ ...own, settings: { [name]: forbids } });
    expect(hint).toContain(`sudo sysctl --write ${name}=${allows}.`);
  });

  it('all are named where none forbids it', () => {
    const settings = { 'user.max_user_namespaces': '63000', 'kernel.unprivileged_userns_clone': '1' };
    const hint = namespaceHint({ ...own, settings });
    expect(hint).toContain('kernel.unprivileged_userns_clone user.max_user_namespaces');
    expect(hint).toContain('kernel.apparmor_restrict_unprivileged_userns');
    expect(hint).not.toContain('usermod');
  });
});
