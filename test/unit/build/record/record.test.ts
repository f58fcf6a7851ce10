import { describe, expect, it } from 'vitest';
import { estimate, expectedBytes } from '../../../../src/build/box/ensure.js';
import { guestSettings, scriptEnvironment } from '../../../../src/build/plan/guest-environment.js';
import { describeHost } from '../../../../src/build/record/host.js';
import { buildRecord, buildRecordSchema } from '../../../../src/build/record/record.js';
import { OPEN_VARIABLES, reservedVariables } from '../../../../src/config/variables.js';
import { box } from '../../basebox/spec.js';
import { PLAN } from '../plan/plan-value.js';
import { RECORD } from './record-value.js';

describe('the build record', () => {
  it('is read back as it was written, with its whole plan', () => {
    expect(buildRecord.parse(JSON.parse(JSON.stringify(RECORD)))).toEqual(JSON.parse(JSON.stringify(RECORD)));
  });

  it('of a build that failed before there was a plan is a record too', () => {
    const { box: _box, vm: _vm, ...rest } = RECORD;
    const error = { kind: 'usage', code: 'config.invalid', message: 'No.' };
    const failed = {
      ...rest,
      outcome: 'failure',
      error,
      commit: '',
      ref: '',
      steps: [],
      artifacts: [],
      plan: {},
    };
    expect(buildRecord.safeParse(failed).success).toBe(true);
  });

  it.each([
    ['another schema', { schema: 2 }],
    ['an outcome that there is not', { outcome: 'fine' }],
    ['a checksum that is none', { artifacts: [{ name: 'a', bytes: 1, sha256: 'ab' }] }],
    ['a date that is none', { startedAt: 'yesterday' }],
    ['half a byte', { artifacts: [{ name: 'a', bytes: 0.5, sha256: 'ab'.repeat(32) }] }],
    ['no host', { host: undefined }],
  ])('refuses %s', (_name, change) => {
    expect(buildRecord.safeParse({ ...RECORD, ...change }).success).toBe(false);
  });

  it('has a schema that is published, and says what its fields mean', () => {
    const text = buildRecordSchema();
    const schema = JSON.parse(text) as { $schema: string; required: string[]; properties: object };
    expect(schema.$schema).toContain('draft-07');
    expect(Object.keys(schema.properties).sort()).toEqual(Object.keys({ ...RECORD, error: 0 }).sort());
    expect(schema.required).toContain('plan');
    expect(text).toContain('"description": "The commit that was built."');
  });

  it('describes this host', async () => {
    const host = await describeHost();
    expect(buildRecord.shape.host.safeParse(host).success).toBe(true);
    expect(host.tools['git']).toMatch(/^\d+\.\d+/);
    expect(host.memoryBytes).toBeGreaterThan(2 ** 20);
  });
});

describe('the environment of scripts', () => {
  it('of the build script is the build user’s', () => {
    expect(scriptEnvironment(PLAN, 'build').join('\n')).toMatchInlineSnapshot(`
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
      HOME=/home/builder
      USER=builder
      LOGNAME=builder
      SHELL=/bin/bash
      LANG=C.UTF-8
      TZ=UTC
      DEBIAN_FRONTEND=noninteractive
      MAYFLY_APT_SOURCES=/run/mayfly/image.list
      MAYFLY_BUILD_DIR=/build/scratch
      http_proxy=http://127.0.0.1:3142
      GIT_REF=topic
      SOURCE_DATE_EPOCH=1633953600"
    `);
  });

  it('of the provisioning script is root’s, and has no build directory', () => {
    const words = scriptEnvironment(PLAN, 'provision');
    expect(words).toEqual(expect.arrayContaining(['HOME=/root', 'USER=root', 'GIT_REF=topic']));
    expect(words.filter((word) => word.startsWith('MAYFLY_BUILD_DIR='))).toEqual([]);
  });

  it('has no proxy without one; the plan’s own variables come last', () => {
    const plan = { ...PLAN, apt: { ...PLAN.apt, proxy: undefined }, environment: { LANG: 'de_DE.UTF-8' } };
    const words = scriptEnvironment(plan, 'build');
    expect(words.filter((word) => word.startsWith('http_proxy='))).toEqual([]);
    expect(words.filter((word) => word.startsWith('LANG='))).toEqual(['LANG=de_DE.UTF-8']);
  });

  it('is mayfly’s: a project cannot say any of it, but for what is its own to choose', () => {
    const plan = { ...PLAN, apt: { ...PLAN.apt, proxyInVm: false } };
    const names = scriptEnvironment(plan, 'build').map((word) => word.split('=')[0]);
    const known = [...reservedVariables('MAYFLY'), ...OPEN_VARIABLES];
    expect(names).toContain('no_proxy');
    expect(names.filter((name = '') => !known.includes(name))).toEqual([]);
  });

  it('guestSettings hands the plan across', () => {
    expect(guestSettings(PLAN)).toMatchObject({
      ref: 'topic',
      user: 'builder',
      packagesDisk: 'mayfly-packages',
      websiteDisk: undefined,
      aptProxy: 'http://127.0.0.1:3142',
      proxyInVm: true,
      offline: false,
    });
  });

  it('fixes of security have the source that their origin is at, a mirror, too', () => {
    const sources = [
      'deb [check-date=no] http://127.0.0.1:3143/debian/2026010203 trixie main',
      'deb [signed-by=/k] http://mirror.example/debian-security trixie-security main',
    ];
    const [debian] = PLAN.archive.origins;
    if (debian === undefined) throw new Error('the plan has no origin');
    const origins = [debian, { ...debian, origin: 'debian-security', suites: ['trixie-security'] }];
    const plan = { ...PLAN, apt: { ...PLAN.apt, sources }, archive: { ...PLAN.archive, origins } };
    expect(guestSettings(plan, undefined, 'latest').fixesSources).toEqual([sources[1]]);
    expect(guestSettings(PLAN).fixesSources).toEqual([]);
  });
});

describe('what a base box will cost', () => {
  it('is guessed the first time, and known afterwards', () => {
    expect(estimate([])).toContain('about 200 MB');
    expect(estimate([box({ seconds: 63.2, fileBytes: 250_000_000 })])).toBe(
      'Making the base box: the last one took 60 s here and has 250 MB.',
    );
    expect(estimate([box({ seconds: 1 })])).toContain('took 10 s');
  });

  it('is to be fetched like the last one, without the disk tools that are there', () => {
    const file = (bytes: number) => ({ origin: 'debian', serial: '1', path: 'p', sha256: '', bytes });
    expect(expectedBytes([file(100), file(20)], [])).toBe(120);
    expect(expectedBytes([file(100), file(20)], [file(20)])).toBe(100);
    expect(expectedBytes([], [file(20)])).toBeUndefined();
  });
});
