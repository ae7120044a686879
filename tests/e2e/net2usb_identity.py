#!/usr/bin/python3
"""Which device is which: the whole path of ports, with hubs as parents, and an order by place that depends
neither on who has one nor on when each came."""

import os
import re

import harness
import net2usb_returns as returns
import usb_foreign
import usbip
from harness import equal


class Several(usb_foreign.Server):
    """Devices of these busids, all alike."""

    def __init__(self, *busids):
        self.busids = busids
        super().__init__()

    def _serve(self, connection):
        connection.recv(8)
        records = (usb_foreign.record(busid, devnum=self.devnum(busid)) for busid in self.busids)
        connection.sendall(usb_foreign.listing(*records))
        connection.close()

    def devnum(self, _busid):
        return 0


class Numbered(Several):
    def devnum(self, busid):
        return 22 if busid == '1-4.2' else int(busid[-1]) + 10


def places(server):
    program = returns.Watcher(server.port)
    said = program.ask('places').split()
    program.quit()
    return [s.replace('1209:0001=', '') for s in said]


def paths_are_whole():
    server = Numbered('1-1.2', '1-4.2', '1-4.1.3.1', '1-3')
    equal(places(server), ['201-1.2:12/2', '201-3:13/1', '201-4.1.3.1:11/4', '201-4.2:22/2'],
          'ports, addresses and parents')
    equal(places(Numbered(*reversed(server.busids))), places(server), 'when the server has another order')


def strange_names_are_told_apart():
    """Of Renode, of a gadget, and of another one; and all say that their number is 0."""
    for busids in (('1-0', '1-1'), ('usbip-vudc.0', 'usbip-vudc.1'), ('1-2-3', '1-2-4'), ('1-1.2', '1-4.2'),
                   ('1-1.1.1.1.1.1.1.1.1', '1-5')):
        found = places(Several(*busids))
        equal(len({p.split(':')[0] for p in found}), 2, f'{busids}: ports: {found}')
        equal(len({p.split(':')[1] for p in found}), 2, f'{busids}: addresses: {found}')


def order_does_not_depend_on_who_has_one():
    server = harness.Com2net('usb:demo-icestick', 'usb:demo-icestick', 'usb:demo-loop', '0', ports=1)

    def order():
        program = returns.Watcher(server.port)
        said = program.ask('places')
        program.quit()
        return re.sub('/[0-9]', '', said)

    wanted = '0403:6010=200-1:1 0403:6010=200-2:2 1209:0001=200-3:3'
    equal(order(), wanted, 'when nobody has one')
    for busid in '250-1', '250-2':
        client = usbip.Client(server.port)
        client.import_device(busid)
        equal(order(), wanted, f'when somebody has {busid}')
        client.close()


def the_second_is_the_second():
    """libusb-0.1's list, by iceprog: the first is in use."""
    server = harness.Com2net('usb:demo-icestick,name=one', 'usb:demo-icestick,name=two', '0', ports=1)
    client = usbip.Client(server.port)
    client.import_device('250-1')
    harness.need('iceprog')
    run = harness.Program(['iceprog', '-d', 'i:0x0403:0x6010:1', '-t'], env=dict(
        os.environ, NET2USB_SERVER=f'127.0.0.1:{server.port}',
        LD_LIBRARY_PATH=os.path.dirname(returns.LIBRARY)))
    equal(run.wait(60), 0, f'iceprog on the second: {run.log()}')
    server.says('two: imported by')


def main():
    paths_are_whole()
    strange_names_are_told_apart()
    order_does_not_depend_on_who_has_one()
    the_second_is_the_second()


harness.run(main)
