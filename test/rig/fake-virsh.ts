/** A virsh that gives each connection's answers from a table. */
import { fakeProgram, type FakeProgram } from './fake-programs.js';

/** What a libvirt says, by the command that it is asked; an `error: …` is one. Others are unknown to it. */
export type Answers = Readonly<Record<string, string>>;

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** @param hosts by URI. virsh takes many commands in one argument, and says how the last one ended. */
export async function fakeVirsh(hosts: Readonly<Record<string, Answers>>): Promise<FakeProgram> {
  const cases = Object.entries(hosts).flatMap(([uri, answers]) =>
    Object.entries(answers).map(([command, said]) =>
      said.startsWith('error: ')
        ? `${quoted(`${uri} ${command}`)}) echo ${quoted(said)} >&2; status=1 ;;`
        : `${quoted(`${uri} ${command}`)}) printf '%s' ${quoted(said)} ;;`,
    ),
  );
  return await fakeProgram(
    'virsh',
    `uri=$3
shift 3
set -f
line=$*
IFS=';'
for command in $line; do
  IFS=' '
  status=0
  set -- $command
  case "$uri $1" in
    ${cases.join('\n    ')}
    *) echo "error: no answer to $1" >&2; status=1 ;;
  esac
done
exit $status`,
  );
}

interface Size {
  /** MiB of memory that is free, and GiB of the pool. */
  readonly memory?: number;
  readonly pool?: number;
  readonly cpus?: number;
}

/** The answers of a libvirt that runs VMs. */
export const libvirtHost = ({ memory = 8192, pool = 100, cpus = 4 }: Size = {}): Answers => ({
  domcapabilities: '<domain>qemu</domain>\n',
  capabilities: '<capabilities><host></host></capabilities>\n',
  version: 'Running hypervisor: QEMU 10.0.0\n',
  nodeinfo: `CPU model:           x86_64\nCPU(s):              ${cpus}\nCPU frequency:       2000 MHz\n`,
  nodememstats: `total  :             99999999 KiB\nfree   :             ${memory * 1024} KiB\nbuffers:                    0 KiB\ncached :                    0 KiB\n`,
  'pool-list': ' default\n',
  'pool-info': `Name:           default\nState:          running\nAvailable:      ${pool * 2 ** 30}\n`,
});
