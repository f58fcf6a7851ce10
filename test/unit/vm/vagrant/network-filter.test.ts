/** The filter that keeps a VM of Vagrant's from the host, and what of the domain it is put on. */
import { describe, expect, it } from 'vitest';
import { filterXml, parsePortRange, withFilter } from '../../../../src/vm/vagrant/network-filter.js';

const OURS = `<interface type='network'>
  <mac address='52:54:00:00:00:01'/>
  <source network='mayfly-isolated' bridge='virbr1'/>
</interface>`;
const OTHER = OURS.replace('mayfly-isolated', 'default').replace(':01', ':02');

describe('the filter', () => {
  it('lets ARP, DHCP and SSH from the host through, and ends with nothing else', () => {
    expect(filterXml({ first: 32768, last: 60999 })).toMatchInlineSnapshot(`
      "<filter name='mayfly-ssh-only' chain='root'>
        <uuid>6f0c1f0e-7d0b-4f43-9a55-2f8e1d0a53c7</uuid>
        <rule action='accept' direction='inout' priority='500'>
          <mac protocolid='arp'/>
        </rule>
        <rule action='accept' direction='out' priority='500'>
          <ip protocol='udp' srcportstart='68' dstportstart='67'/>
        </rule>
        <rule action='accept' direction='in' priority='500'>
          <ip protocol='udp' srcportstart='67' dstportstart='68'/>
        </rule>
        <rule action='accept' direction='in' priority='500'>
          <ip protocol='tcp' dstportstart='22'/>
        </rule>
        <rule action='accept' direction='out' priority='500'>
          <ip protocol='tcp' srcportstart='22' dstportstart='32768' dstportend='60999'/>
        </rule>
        <rule action='drop' direction='inout' priority='900'>
          <mac/>
        </rule>
        <rule action='accept' direction='out' priority='500'>
          <udp srcportstart='68' dstportstart='67'/>
        </rule>
        <rule action='accept' direction='in' priority='500'>
          <udp srcportstart='67' dstportstart='68'/>
        </rule>
        <rule action='accept' direction='in' priority='500'>
          <tcp state='NEW,ESTABLISHED' dstportstart='22'/>
        </rule>
        <rule action='accept' direction='out' priority='500'>
          <tcp state='ESTABLISHED' srcportstart='22'/>
        </rule>
        <rule action='drop' direction='inout' priority='900'>
          <all/>
        </rule>
      </filter>"
    `);
  });

  it('knows the ports that programs of the host connect from', () => {
    expect(parsePortRange('1024\t65535\n')).toEqual({ first: 1024, last: 65535 });
    expect(parsePortRange('')).toEqual({ first: 32768, last: 60999 });
  });
});

describe('the interface', () => {
  it('is the one on our network, as it is, with the filter', () => {
    const changed = withFilter(`<domain>${OURS}</domain>`);
    expect(changed).toBe(OURS.replace('</interface>', "<filterref filter='mayfly-ssh-only'/>\n</interface>"));
  });

  it('is left alone where it has the filter already', () => {
    const changed = withFilter(OURS) ?? '';
    expect(withFilter(`<domain>${changed}</domain>`)).toBeUndefined();
  });

  it.each([
    ['is elsewhere', OTHER],
    ['is not alone', `${OURS}${OTHER}`],
    ['is beside one of another kind', `${OURS}<interface type='bridge'><source bridge='br0'/></interface>`],
    ['is not there', ''],
  ])("%s: a project's own Vagrantfile may have changed that", (_, interfaces) => {
    expect(() => withFilter(`<domain>${interfaces}</domain>`)).toThrow('it must have one interface');
  });
});
