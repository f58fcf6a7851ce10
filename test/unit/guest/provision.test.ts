import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { collectArtifacts, finish, runBuild } from '../../../src/guest/build.js';
import { guestError, prepare, prepareValues, provision } from '../../../src/guest/provision.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { failure } from '../source/repository.js';
import { guestSession, SETTINGS } from './session.js';

const OPTIONS = { signal: new AbortController().signal, onLine: () => undefined };

/** Makes ssh fail with our line. */
const failing = (code: string, text: string) =>
  fakeProgram(
    'ssh',
    `secret=$(sed -n 's/^MF_SECRET=//p'); echo "mayfly-failure $secret ${code} ${text}" >&2; exit 70`,
  );

/** What a script of ours says when one of the project's has ended. */
const ENDED = (code: number): string =>
  `secret=$(sed -n 's/^MF_SECRET=//p'); echo "mayfly-ended $secret ${code}" >&2`;

describe('guestError', () => {
  it.each([
    ['guest.wrong-branch', 'refused', 'This VM was started for X and cannot build feature/x.', 'vm destroy'],
    ['guest.no-script', 'usage', 'The builder directory has no X.', 'builder.yaml'],
    ['guest.not-installed', 'usage', 'The provisioning script has not installed X in the VM.', 'vm ssh'],
    ['guest.not-executable', 'usage', 'X in the builder directory is not executable.', 'chmod +x X'],
    ['guest.no-cache-disk', 'vm', 'The cache disk X is not plugged into the VM.', '--proxy noproxy'],
    ['guest.same-name', 'usage', 'Two artifacts have the same name: X.', 'artifacts.patterns'],
    ['guest.copy', 'vm', 'The artifact X could not be copied out of the VM.', 'basebox.disk'],
    ['guest.clone', 'vm', 'In the VM: X.', undefined],
    ['guest.something-new', 'vm', 'In the VM: X.', undefined],
  ])('%s is of kind %s', (code, kind, message, hint) => {
    const error = guestError({ code, text: 'X' }, 'feature/x');
    expect(error).toMatchObject({ code, kind, message });
    expect(error.hint ?? '').toContain(hint ?? '');
  });
});

it('every failure that our scripts report has words of its own, or needs none', async () => {
  const folder = new URL('../../../src/guest/scripts/', import.meta.url);
  const texts = await Promise.all(
    (await readdir(folder)).map((name) => readFile(new URL(name, folder), 'utf8')),
  );
  const codes = new Set(
    texts.flatMap((text) => Array.from(text.matchAll(/\bfail (guest\.[a-z-]+)/g), ([, code]) => code)),
  );
  expect(codes.size).toBeGreaterThan(4);
  for (const code of codes) expect(guestError({ code: code ?? '', text: 'X' }, 'r').message).toMatch(/\bX\b/);
});

it('prepareValues: one value for each setting, empty for none', () => {
  expect(prepareValues(SETTINGS)).toMatchInlineSnapshot(`
    {
      "MF_APT_PROXY": "http://127.0.0.1:3142",
      "MF_APT_SOURCES": "deb http://mirror.example/debian trixie main
    deb http://mirror.example/x y main
    ",
      "MF_ARCHIVE_DIRECT": "",
      "MF_BUILDER": "/srv/builder",
      "MF_BUILDER_TAG": "builder",
      "MF_CACHE_PACKAGES": "mayfly-packages",
      "MF_CACHE_WEBSITE": "",
      "MF_FIXES": "",
      "MF_FIXES_SOURCES": "",
      "MF_IMAGE_SOURCES": "",
      "MF_PROXY_IN_VM": "yes",
      "MF_PROXY_OFFLINE": "",
      "MF_REF": "feature/x",
      "MF_SETUP": "mayfly",
      "MF_SOURCE": "/srv/source.git",
      "MF_SOURCE_TAG": "source",
      "MF_UPSTREAM_PROXY": "",
      "MF_USER": "builder",
    }
  `);
});

describe('a step in the guest', () => {
  it('that is refused is an error of its kind, whichever step it is', async () => {
    const guest = await guestSession();
    await failing('guest.wrong-branch', 'main');
    expect(await failure(prepare(guest, SETTINGS, OPTIONS))).toMatchObject({ kind: 'refused' });
    await failing('guest.no-script', 'provision/setup-builder');
    expect(await failure(provision(guest, 'x', SETTINGS, [], OPTIONS))).toMatchObject({ kind: 'usage' });
    const request = {
      script: 'provision/build',
      commit: 'c',
      refKind: 'branch',
      refName: 'main',
      ramKib: undefined,
      now: 0,
      results: { patterns: ['*.iso'], from: '/' },
      environment: [],
    } as const;
    expect(await failure(runBuild(guest, SETTINGS, request, OPTIONS))).toMatchObject({
      code: 'guest.no-script',
    });
    await failing('guest.same-name', 'a.iso');
    expect(
      await failure(
        collectArtifacts(guest, SETTINGS, { patterns: ['*'], from: '/', disk: 'd', empty: false }, OPTIONS),
      ),
    ).toMatchObject({ kind: 'usage' });
  });

  it('that is done says what it noticed', async () => {
    await fakeProgram(
      'ssh',
      `secret=$(sed -n 's/^MF_SECRET=//p'); echo "mayfly-notice $secret guest.fixes-held mawk libc6 " >&2
      echo 'mayfly-notice 0a guest.fixes-held xyzzy' >&2`,
    );
    expect(await prepare(await guestSession(), SETTINGS, OPTIONS)).toEqual([
      'APT holds back fixes of debian-security, as each would remove another package of the VM: mawk, libc6.',
    ]);
  });

  it('that just fails says which', async () => {
    const guest = await guestSession();
    await fakeProgram('ssh', 'cat >/dev/null; exit 3');
    expect(await failure(prepare(guest, SETTINGS, OPTIONS))).toMatchObject({ code: 'guest.prepare-failed' });
    // Before the project's script was begun.
    expect(await failure(provision(guest, 'provision/x', SETTINGS, [], OPTIONS))).toMatchObject({
      kind: 'vm',
      code: 'guest.broken',
      message: "mayfly's own provision.sh ended in the VM with exit code 3, before the project's script did.",
    });
    await fakeProgram('ssh', `${ENDED(3)}; exit 3`);
    const error = await failure(provision(guest, 'provision/x', SETTINGS, [], OPTIONS));
    expect(error).toMatchObject({
      code: 'guest.provision-failed',
      message: 'The provisioning script provision/x failed with exit code 3.',
    });
    expect(
      await failure(
        collectArtifacts(guest, SETTINGS, { patterns: ['*'], from: '/', disk: 'd', empty: false }, OPTIONS),
      ),
    ).toMatchObject({
      code: 'guest.collect-failed',
    });
    const { clean } = await finish(guest, { keepBuild: true, unmount: true }, OPTIONS);
    expect(clean).toBe(false);
  });

  it('what the guest offers is read, and the rest of its output shown', async () => {
    const shown: string[] = [];
    await fakeProgram(
      'ssh',
      'cat >/dev/null; printf "artifact 0 5 a b.iso\\nhello\\nartifact x 5 c\\nartifact 1048576 0 z\\n"',
    );
    const offers = await collectArtifacts(
      await guestSession(),
      SETTINGS,
      { patterns: ['*'], from: '/', disk: 'd', empty: false },
      { ...OPTIONS, onLine: (line) => shown.push(line) },
    );
    expect(offers).toEqual([
      { offset: 0, bytes: 5, name: 'a b.iso' },
      { offset: 1048576, bytes: 0, name: 'z' },
    ]);
    expect(shown).toEqual(['hello', 'artifact x 5 c']);
  });

  it('the build script’s exit code is handed on', async () => {
    await fakeProgram('ssh', `${ENDED(42)}; exit 42`);
    const request = {
      script: 's',
      commit: 'c',
      refKind: 'tag',
      refName: '1.0',
      ramKib: 1024,
      now: 1,
      results: { patterns: ['*.iso'], from: '/' },
      environment: ['A=b c'],
    } as const;
    expect(await runBuild(await guestSession(), SETTINGS, request, OPTIONS)).toMatchObject({ exitCode: 42 });
    // Out of room for the clone, say.
    await fakeProgram('ssh', 'cat >/dev/null; exit 32');
    expect(await failure(runBuild(await guestSession(), SETTINGS, request, OPTIONS))).toMatchObject({
      kind: 'vm',
      code: 'guest.broken',
    });
  });
});
