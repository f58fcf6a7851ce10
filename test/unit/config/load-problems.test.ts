import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { rejection } from './rejection.js';

const fail = (text: string) =>
  rejection(() => loadConfig(text, { file: 'builder.yaml', defaults: { name: 'x' } }));
/** Without the source lines and squiggles. */
const heads = (text: string): readonly string[] =>
  fail(text).details.filter((line) => !line.startsWith('    '));

describe('loadConfig, given something wrong', () => {
  it('shows the place, the line and what to do', () => {
    const error = fail('name: tails\nvm:\n  memroy: 2G\n  provider: "kvm" # fast\n');
    expect({ kind: error.kind, code: error.code, message: error.message }).toEqual({
      kind: 'usage',
      code: 'config.invalid',
      message: 'builder.yaml has 2 problems.',
    });
    expect(error.details).toEqual([
      'builder.yaml:3:3: vm.memroy: unknown key; did you mean memory?',
      '      memroy: 2G',
      '      ^^^^^^',
      'builder.yaml:4:13: vm.provider: expected one of qemu, libvirt, vagrant, auto, found "kvm"',
      '      provider: "kvm" # fast',
      '                ^^^^^',
    ]);
    // Wherever the person is: the page is in mayfly's installation, not in the project.
    expect(error.hint).toContain(`${resolve('docs/builder.yaml.md')} describes every field.`);
  });

  it('shows the problems of all sections at once, in the order of the file', () => {
    const found = heads(`
options: [noram, 7, ram, keeprunnin, {a: b}]
caches: {packages: 12}
artifacts: {patterns: []}
build: {environment: {GIT_REF: x}, timeout: 90}
guest: {source: /a/b, builder: /a, user: 7}
vm: {cpus: 0}
archive: {origins: {tor: {}, debian: 7}}
basebox: {distribution: sid}
name: A
`);
    expect(found.map((line) => /^builder\.yaml:(\d+):\d+: ([^:]+): /.exec(line)?.slice(1).join(' '))).toEqual(
      [
        '2 options[1]',
        '2 options[2]',
        '2 options[3]',
        '2 options[4]',
        '3 caches.packages',
        '4 artifacts.patterns',
        '5 build.environment.GIT_REF',
        '5 build.timeout',
        '6 guest.source',
        '6 guest.user',
        '7 vm.cpus',
        '8 archive.origins.tor',
        '8 archive.origins.debian',
        '9 basebox.distribution',
        '10 name',
      ],
    );
  });

  const size = (least: string): string =>
    `expected a size of at least ${least}, such as 1.5G or 20G (a bare number counts bytes)`;
  const insidePath = 'expected a path inside the builder directory (relative, without ..)';
  const glob = 'expected a pattern relative to the clone, such as *.iso (no absolute path, no ..)';
  const originValue = 'expected a mapping with url, suites, components and keyring, or false';

  it.each<[string, string]>([
    ['- a', '1:1: expected a mapping of settings, found a list'],
    ['hello', '1:1: expected a mapping of settings, found "hello"'],
    [
      'name: My_OS',
      '1:7: name: expected a name: lower-case letters, digits and -, 63 at most, found "My_OS"',
    ],
    ['name: 7', '1:7: name: expected a name: lower-case letters, digits and -, 63 at most, found 7'],
    ['vm: 7', '1:5: vm: expected a mapping, found 7'],
    ['vm: {memory: 1536}', `1:14: vm.memory: ${size('256M')}, found 1536`],
    ['vm: {memory: 2GB}', `1:14: vm.memory: ${size('256M')}, found "2GB"`],
    ['vm: {memory: .inf}', `1:14: vm.memory: ${size('256M')}, found Infinity`],
    ['basebox: {disk: -1}', `1:17: basebox.disk: ${size('1G')}, found -1`],
    ['basebox: {disk: 2T}', '1:17: basebox.disk: expected a size of at most 1T, found "2T"'],
    ['vm: {cpus: 1.5}', '1:12: vm.cpus: expected a whole number from 1 to 288, found 1.5'],
    ['basebox: {architecture: arm64}', '1:25: basebox.architecture: expected amd64, found "arm64"'],
    ['basebox: {packages: git}', '1:21: basebox.packages: expected a list of packages, found "git"'],
    [
      'basebox: {packages: [git, G!t]}',
      '1:27: basebox.packages[1]: expected the name of a Debian package, found "G!t"',
    ],
    [
      'basebox: {packages: [git, ~]}',
      '1:27: basebox.packages[1]: expected the name of a Debian package, found nothing',
    ],
    ['basebox: {postinstall: /etc/x}', `1:24: basebox.postinstall: ${insidePath}, found "/etc/x"`],
    ['build: {script: a/../../b}', `1:17: build.script: ${insidePath}, found "a/../../b"`],
    ['artifacts: {patterns: [/etc/passwd]}', `1:24: artifacts.patterns[0]: ${glob}, found "/etc/passwd"`],
    ['artifacts: {patterns: ["..", ok..x]}', `1:24: artifacts.patterns[0]: ${glob}, found ".."`],
    ['artifacts: {patterns: []}', '1:23: artifacts.patterns: expected at least one pattern, found a list'],
    ['guest: {user: root}', '1:15: guest.user: expected the name of a user other than root, found "root"'],
    ['guest: {builder: /}', '1:18: guest.builder: expected an absolute path such as /builder, found "/"'],
    [
      'guest: {builder: /a/../b}',
      '1:18: guest.builder: expected an absolute path such as /builder, found "/a/../b"',
    ],
    [
      'guest: {source: /a/b, builder: /a}',
      '1:17: guest.source: source (/a/b) and builder (/a) must be separate folders',
    ],
    [
      'build: {timeout: 90}',
      '1:18: build.timeout: expected a duration such as 2h, 90m or 1h30m, 480h at most, found 90',
    ],
    [
      'build: {timeout: 999h}',
      '1:18: build.timeout: expected a duration such as 2h, 90m or 1h30m, 480h at most, found "999h"',
    ],
    [
      'build: {variables_prefix: tails}',
      '1:27: build.variables_prefix: expected a prefix such as MAYFLY (capitals, digits and _), found "tails"',
    ],
    [
      'build: {environment: {1A: x}}',
      '1:23: build.environment.1A: expected the name of a variable, such as BUILD_FLAVOUR, found "1A"',
    ],
    ['build: {environment: {A: [x]}}', '1:26: build.environment.A: expected text, found a list'],
    [
      'build: {environment: {MAYFLY_PROXY: x}}',
      '1:23: build.environment.MAYFLY_PROXY: MAYFLY_PROXY is a variable that mayfly sets itself; choose another name',
    ],
    ...[
      'PATH',
      'HOME',
      'http_proxy',
      'no_proxy',
      'SOURCE_DATE_EPOCH',
      'MAYFLY_NAME',
      'MAYFLY_DISTRIBUTION',
    ].map((name): [string, string] => [
      `build: {variables_prefix: OS, environment: {${name}: x}}`,
      `1:45: build.environment.${name}: ${name} is a variable that mayfly sets itself; choose another name`,
    ]),
    [
      'archive: {origins: {Debian: {}}}',
      '1:21: archive.origins.Debian: expected the name of an origin: lower-case letters, digits and -, 63 at most, found "Debian"',
    ],
    ['archive: {origins: {debian: 7}}', `1:29: archive.origins.debian: ${originValue}, found 7`],
    [
      'archive: {origins: {debian: {url: "ftp://x"}}}',
      '1:35: archive.origins.debian.url: expected a URL such as http://mirror.example/debian (http or https, no query), found "ftp://x"',
    ],
    [
      'archive: {origins: {debian: {URL: x}}}',
      '1:30: archive.origins.debian.URL: unknown key; did you mean url?',
    ],
    [
      'archive: {origins: {tor: {suites: [a]}}}',
      '1:21: archive.origins.tor: the origin tor needs url: only debian and debian-security have a default',
    ],
    [
      'options: 5',
      '1:10: options: expected a list of build options such as [noram, cpus=2], or a mapping such as {noram: true, cpus: 2}, found 5',
    ],
    ['options: [ram, noram]', '1:16: options[1]: noram contradicts ram; leave one of them out'],
    ['options: [cpus=x]', '1:11: options[0]: cpus=x: expected a whole number from 1 to 288, found "x"'],
    ['options: {ram: false}', '1:16: options.ram: ram=false: ram takes no value'],
    [
      'options: [{cpus: 2}]',
      '1:11: options[0]: expected a build option such as noram or cpus=2, found a mapping',
    ],
    ['memory: 2G', '1:1: memory: unknown key here; did you mean vm.memory?'],
    ['vm: {name: x}', '1:6: vm.name: unknown key here; it belongs at the top of the file'],
    [
      'vm: {zzzzzz: x}',
      '1:6: vm.zzzzzz: unknown key; known here are provider, libvirt, vagrantfile, network, memory, build_memory, cpus',
    ],
    [
      'a: &a {cpus: 2}\nvm:\n  <<: *a',
      '3:3: vm.<<: unknown key; known here are provider, libvirt, vagrantfile, network, memory, build_memory, cpus',
    ],
    ['12: x', '1:1: expected a word as the key, found 12'],
    ['? [a]\n: x', '1:3: expected a word as the key, found something else'],
    [
      'build: {environment: {__proto__: x}}',
      '1:23: build.environment: expected a word as the key, found "__proto__"',
    ],
    ['name: a\nname: b', '2:1: this key stands there already; leave one of them out'],
    ['name: "a', '1:7: expected a closing ", found the end of the file'],
    ["name: 'a\nvm: {cpus: 2}\n", "1:7: expected a closing ', found the end of the file"],
    ['name: !secret x', '1:7: expected a value, found a tag; a value that begins with ! needs quotes'],
    [
      'name: *x',
      '1:7: an alias of an anchor that is not defined above it; a value that begins with * needs quotes',
    ],
    ['vm:\n\tcpus: 2', '2:1: expected blanks before the first word, found a tab'],
    ['name: a: b', '1:7: a second colon on this line; put the value in quotes, or on lines below'],
    [
      'name: x\nvm:\n memory: 1G\n   cpus: 2\n',
      '3:10: the next line is indented deeper, as if it belonged to this value; expected as many blanks before its key as before this one',
    ],
    ['vm:\n  cpus: 2\n memory: 1G', '3:1: expected as many blanks before this key as before those above it'],
    ['vm: {cpus: 2]', '1:13: expected a closing }, found "]"'],
    ['name: [a', '1:9: expected a closing ], found the end of the file'],
    ['name: @x', '1:7: a value that begins with @ needs quotes'],
    ['name: "a\\q"', '1:9: expected an escape of YAML, found \\q; between single quotes, a backslash is one'],
    ['name: a\nb', '2:1: expected a colon and a value after this key'],
    ['name:x\nvm: {cpus:2}', '1:1: expected `key: value` on one line; is there a blank after each colon?'],
    ["name: 'it's'", `1:11: expected nothing more after this value, found "s'"`],
    ['vm: {,}', '1:6: expected a value, found a comma'],
    ['name: - a', '1:7: expected the list on the lines below its key'],
    ['name: a\n---\nname: b', '2:1: expected one document, found another'],
    ['vm:\r\n\r\n  cpus: x\r\n', '3:9: vm.cpus: expected a whole number from 1 to 288, found "x"'],
    ['\ufeffname: A', '1:7: name: expected a name: lower-case letters, digits and -, 63 at most, found "A"'],
  ])('%j', (text, expected) => {
    expect(heads(text)).toContain(`builder.yaml:${expected}`);
  });

  it('shows nothing that a terminal would obey', () => {
    expect(fail('name: "\u001b[31m\u202ex"').details).toEqual([
      'builder.yaml:1:7: name: expected a name: lower-case letters, digits and -, 63 at most, found "\\u001b[31m·x"',
      '    name: "·[31m·x"',
      '          ^^^^^^^^^',
    ]);
  });

  it('shows a long line around the place', () => {
    const [, line = '', squiggle = ''] = fail(`vm: {memory: 1G, ${' '.repeat(300)}cpus: none}`).details;
    expect(line.slice(squiggle.indexOf('^'), squiggle.lastIndexOf('^') + 1)).toBe('none');
    expect(line.length).toBeLessThan(120);
  });

  it('stops listing after fifty', () => {
    const lines = heads(Array.from({ length: 60 }, (_, index) => `zzzz${index}: 1`).join('\n'));
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe('… and 10 more');
  });
});

describe('loadConfig, given something hostile', () => {
  it.each<[string, string, string]>([
    ['a file of more than a mebibyte', '#'.repeat(1024 * 1024 + 1), 'more than the 1048576'],
    ['an alias of itself', 'vm: &a [*a]', 'nested more than 32 levels deep'],
    ['many aliases', `name: &a x\nz: [${'*a,'.repeat(200)}]`, 'more than 100 aliases'],
    [
      'aliases that multiply',
      `a: &a [${'x,'.repeat(999)}]\nb: [${'*a,'.repeat(50)}]`,
      'more than 10000 values',
    ],
    ['many values', `a: [${'x,'.repeat(11_000)}]`, 'more than 10000 values'],
    ['deep nesting', `a: ${'['.repeat(40)}${']'.repeat(40)}`, 'nested more than 32 levels deep'],
    ['nesting that ends the stack', '['.repeat(50_000), 'nested too deeply'],
  ])('%s', (_, text, expected) => {
    const error = fail(text);
    expect([error.message, ...error.details].join('\n')).toContain(expected);
    expect(error.details.length).toBeLessThanOrEqual(3);
  });
});

describe('a text that is no YAML', () => {
  it('is told all that is wrong with it at once, one thing a line', () => {
    expect(heads('name: a: b\nvm:\n\tcpus: 2\nbuild: {timeout: 1]\n')).toEqual([
      'builder.yaml:1:7: a second colon on this line; put the value in quotes, or on lines below',
      'builder.yaml:3:1: expected blanks before the first word, found a tab',
      'builder.yaml:4:19: expected a closing }, found "]"',
    ]);
  });

  it('never gets the words of the parser', () => {
    const odd = [
      'a: &x &y 1',
      'a: !x !y 1',
      '%YAM 1\n---\na: b',
      'a: &x *x',
      'a: {b c: [',
      '"a" b: c',
      'x: |y\n z',
      '{a: b}: c',
      'a: *',
      '&: b',
      '- [a\n- b',
      'a: {"b":c d}',
      '? - a\n  -b',
      ': : :',
      '!<x: a',
    ];
    const grammar = /indicator|scalar|implicit|flow |block |node|token|resolve|collection|must be/i;
    for (const text of odd) for (const head of heads(text)) expect(head, text).not.toMatch(grammar);
  });
});

it.each([
  'qemu+ssh://x/system?command=builder/evil',
  'qemu+ssh://x/system?keyfile=k&command=evil',
  'qemu+ssh://x/system?keyfile=k;command=evil',
  'qemu+ssh://x/system?netcat=evil',
  'qemu+ssh://-Fevil/system',
  'qemu+ssh://-Fevil@x/system',
  'qemu:///session?socket=/run/x',
])('takes no connection that runs, or asks, what a checkout names: %s', (uri) => {
  expect(heads(`vm: {libvirt: ['${uri}']}`).join()).toContain('vm.libvirt[0]: expected qemu:///session');
});

it('takes the key of a connection', () => {
  const uri = 'qemu+ssh://ada@build.example:2222/system?keyfile=/home/ada/.ssh/builder';
  const text = `vm: {libvirt: ['${uri}']}`;
  expect(loadConfig(text, { file: 'builder.yaml', defaults: { name: 'x' } }).vm.libvirt).toEqual([uri]);
});

it.each(['/srv/images', '../images', 'a/../../b', '.git/hooks', 'sub/.GIT/hooks', '..'])(
  'takes no folder for artifacts but one in the checkout: %s',
  (directory) => {
    expect(heads(`artifacts: {directory: '${directory}'}`).join()).toContain(
      'artifacts.directory: expected a folder inside the checkout',
    );
  },
);
