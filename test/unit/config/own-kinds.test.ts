/** Origins with a kind of their own in builder.yaml: what it becomes, and what is wrong with it, all at once. */
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { MayflyError } from '../../../src/errors.js';

const load = (text: string) =>
  loadConfig(text, { file: 'builder.yaml', defaults: { name: 'example' } }).archive;

const archive = (settings: string, ...origins: readonly string[]): string =>
  `archive:\n  ${settings}\n  origins:\n${origins.map((line) => `    ${line}\n`).join('')}`;

const STAMPS = 'kind: timestamps\n  url: http://stamps.example/';

describe('the address of an origin', () => {
  it.each([
    ['without anything of its own', 'debian: {}', undefined],
    ['that says the same', 'debian: {kind: timestamps}', undefined],
    [
      'of another kind',
      'debian: {kind: serials, service: http://s.example/, tagged_service: http://t.example/}',
      { kind: 'serials', url: 'http://s.example', taggedUrl: 'http://t.example' },
    ],
    [
      'of the same kind elsewhere',
      'debian: {service: http://s.example}',
      { kind: 'timestamps', url: 'http://s.example', taggedUrl: undefined },
    ],
    ['from a mirror', 'debian: {kind: mirror}', { kind: 'mirror', url: undefined, taggedUrl: undefined }],
    [
      'of the local archive',
      'debian: {kind: local}',
      { kind: 'local', url: undefined, taggedUrl: undefined },
    ],
    [
      'of a third party, which needs no mirror then',
      'third: {kind: ubuntu, service: http://s.example, suites: [x]}',
      { kind: 'ubuntu', url: 'http://s.example', taggedUrl: undefined },
    ],
  ])('%s', (_, line, address) => {
    const { origins } = load(archive(STAMPS, line));
    expect(origins[line.split(':')[0] ?? '']?.address).toEqual(address);
    expect(origins['debian-security']).not.toHaveProperty('address');
  });

  it('has the tags of the archive, where it has its service', () => {
    const all = 'kind: serials\n  url: http://s.example\n  tagged_url: http://t.example';
    const { origins } = load(
      archive(all, 'debian: {tagged_service: http://o.example}', 'debian-security: {}'),
    );
    expect(origins['debian']?.address).toEqual({
      kind: 'serials',
      url: 'http://s.example',
      taggedUrl: 'http://o.example',
    });
    expect(origins['debian-security']?.address).toBeUndefined();
  });
});

it('what is wrong is told all at once, each with its place', () => {
  const text = archive(
    STAMPS,
    'debian: {kind: serials}',
    'debian-security: {kind: mirror, service: http://s.example, tagged_service: http://t.example}',
    'one: {kind: ubuntu, service: http://s.example}',
    'two: {kind: nonsense, url: http://m.example, suites: [x]}',
    'three: {kind: local, suites: [x]}',
    'four: {service: "no url", suites: [x]}',
    'five: {sevice: http://s.example, url: http://m.example, suites: [x]}',
  );
  let details: readonly string[] = [];
  try {
    load(text);
  } catch (error) {
    if (error instanceof MayflyError) details = error.details;
  }
  const told = details.join('\n');
  for (const words of [
    'archive.origins.debian.kind: the origin debian, of the kind serials, needs service',
    'archive.origins.debian-security.service: service is for the kinds serials, timestamps and ubuntu',
    'archive.origins.debian-security.tagged_service: tagged_service is for the kind serials',
    'archive.origins.one: the origin one needs suites',
    'archive.origins.two.kind: expected one of local, mirror, serials, timestamps, ubuntu, found "nonsense"',
    'archive.origins.three: the origin three needs url',
    'archive.origins.four.service: expected a URL',
    'archive.origins.five.sevice: unknown key; did you mean service?',
  ])
    expect(told).toContain(words);
  expect(told).not.toContain('origin one needs url');
});
