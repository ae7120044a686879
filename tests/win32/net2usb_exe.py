#!/usr/bin/python3
"""net2usb.exe: list and doctor of com2net, on Linux and under Wine, and of other servers; of those that are not
there, or are none; and what is no verb of Windows's says where it is one."""

import os
import re
import socket

import harness
import net2usb
import usbip
import wine
from harness import check, equal

os.environ['COM2NET'] = os.path.join(os.path.dirname(os.environ['NET2PTY']), 'com2net')
LINE = "The lines with COMMAND are for the container, or for WSL.\n"


def net2usb_exe(*words, status=0):
    got, said = wine.run(wine.NET2USB, *words)
    equal(got, status, f'status of net2usb.exe {words}, which said {said}')
    return said


def says(said, *texts):
    for text in texts:
        check(text in said, f'"{text}" is said, not: {said}')


def publishes(server, status=0):
    """A server with two devices: the first is free. Status of doctor, and what that says."""
    holder = usbip.Client(server.port)
    holder.import_device('250-2')
    user = '127.0.0.1:%d' % holder.socket.getsockname()[1]
    said = net2usb_exe('list', f'localhost:{server.port}')
    lines = said.splitlines()
    check(re.match(r'250-1 +0403:6010  Lattice .*, named ice, high speed$', lines[0]), f'a device: {said}')
    equal(lines[1].strip(), f'net2usb run windows:{server.port} 250-1 -- COMMAND', 'what to type')
    check(lines[2].startswith('250-2 ') and lines[2].endswith(f'in use by {user}'), f'who has it: {said}')
    check(said.endswith(LINE), f'where to type it: {said}')
    equal(net2usb_exe('list', '-r', f'127.0.0.1:{server.port}'), said, 'as usbip has it, by its address')
    doctor = net2usb_exe('doctor', f'localhost:{server.port}', status=status)
    says(doctor, f"ok   localhost:{server.port} answers, USB/IP 1.11, with com2net's extensions\n",
         'ok   a round trip takes ', 'ok   250-1, 0403:6010, is free\n',
         f'note 250-2, 1209:0001, is in use by {user}\n',
         f'type net2usb run windows:{server.port} -- COMMAND, in the container or in WSL\n')
    for text in 'sudo', 'vhci', 'ldconfig', 'libraries':
        check(text not in doctor, f'nothing of Linux, as {text}: {doctor}')
    holder.close()
    return doctor


def servers():
    devices = ('usb:demo-icestick,name=ice', 'usb:demo-loop')
    server = harness.Com2net(*devices, '0', ports=1)
    says(publishes(server), f'note port {server.port} is for programs of this machine; for others listen on 0.0.0.0')
    # wine.doctor tries what it tells of rules and networks
    server = harness.Com2net(*devices, '0.0.0.0:0', ports=1)
    exe = 'Z:' + wine.EXE.replace('/', '\\')
    says(publishes(server, status=1), f"BAD  Windows's firewall has no rule that lets others in to port {server.port}",
         f'program="{exe}"')
    publishes(wine.Exe(*devices, '0', ports=1))
    # `windows` is Windows itself, here too
    server = harness.Com2net(*devices, '0', ports=1)
    says(net2usb_exe('list', f'windows:{server.port}'), 'windows is no name that is known here: taking 127.0.0.1',
         f'net2usb run windows:{server.port} 250-1 -- COMMAND')


def others():
    linux = net2usb.Server(lambda c: c.sendall(net2usb.listing('1-1', '1-2')))
    says(net2usb_exe('doctor', linux.host), 'as usbipd of Linux: devices in use are not listed\n',
         'ok   1-2, 0403:6001, is free\n')
    path = rb'USB\VID_0403&PID_6001\A10K'
    listing = net2usb.listing('2-3').replace(b'/sys/devices/2-3'.ljust(64, b'\0'), path.ljust(64, b'\0'))
    windows = net2usb.Server(lambda c: c.sendall(listing))
    says(net2usb_exe('doctor', windows.host), 'as usbipd-win: ', '`usbipd list`', 'ok   2-3, 0403:6001, is shared\n',
         f'type net2usb run windows:{windows.port} -- COMMAND')
    empty = net2usb.Server(lambda c: c.sendall(net2usb.listing()))
    says(net2usb_exe('list', empty.host), f'{empty.host} has no device that is free\n')
    says(net2usb_exe('doctor', empty.host), 'note it has no device that is free\n',
         f'type com2net usb:VID:PID {empty.port}, or usbipd bind --busid BUSID')


def stranger(greeting):
    """A port at which somebody says that, and nothing more."""
    def answer(client):
        client.sendall(greeting)
        net2usb.sleeps(client)
    return net2usb.Server(answer).host


def no_server():
    nobody = f'localhost:{harness.free_port()}'
    why = f'{nobody}: nothing listens there: is com2net, or usbipd, running, and the port right?\n'
    says(net2usb_exe('list', nobody, status=1), why)
    said = net2usb_exe('doctor', nobody, status=1)
    says(said, 'BAD  ' + why, '`com2net status`', '`usbipd list`')
    check('container' not in said, f'nothing of where it does not run: {said}')
    says(net2usb_exe('list', '--wait', '1', nobody, status=3), 'nothing listens there')

    said = net2usb_exe('doctor', 'no-such-name.invalid', status=1)
    check('its name is not known' in said or 'no name server says' in said, f'a name that is not known: {said}')
    check('/etc/' not in said, f'nothing of Linux: {said}')

    name = socket.gethostname()  # of which Wine itself knows an address
    says(net2usb_exe('doctor', f'{name}:{harness.free_port()}', status=1), f'ok   {name} is ', f'BAD  {name}:')

    full = socket.socket()  # takes no further connection, as behind a firewall that drops
    full.bind(('127.0.0.1', 0))
    full.listen(0)
    callers = [socket.socket() for _ in range(3)]
    for caller in callers:
        caller.setblocking(False)
        caller.connect_ex(full.getsockname())
    says(net2usb_exe('doctor', '127.0.0.1:%d' % full.getsockname()[1], status=1),
         'no answer at all: a firewall between, or another address?')

    serial = harness.Com2net('loop:', '0')
    says(net2usb_exe('doctor', f'127.0.0.1:{serial.port}', status=1), 'BAD  ', 'no USB devices are published there')
    says(net2usb_exe('list', stranger(b'SSH-2.0-OpenSSH_9.2p1\r\n'), status=1),
         'it says "SSH-2.0-OpenSSH_9.2p1": no USB/IP server: another port, such as 3240?')
    says(net2usb_exe('doctor', stranger(b''), status=1), 'connected, but it says nothing')


def waits():
    port = harness.free_port()
    waiting = harness.Program(wine.command(wine.NET2USB, 'list', '--wait', 'forever', f'127.0.0.1:{port}'),
                              env=wine.environment())
    waiting.says('nothing listens there.*; waiting for it')
    harness.Com2net('usb:demo-loop', port, ports=1)
    equal(waiting.wait(60), 0, 'it has waited for the server')
    says(waiting.log(), '250-1 ')


def words():
    version = wine.run(wine.EXE, '--version')[1].split()[1]
    equal(net2usb_exe('--version'), f'net2usb {version}\n', 'its version')
    for arguments in ('--help',), ('list', '--help'), ('doctor', '--help'), ('help', 'places'):
        said = net2usb_exe(*arguments)
        check(all(len(line) <= 80 and line == line.rstrip() for line in said.splitlines()), f'its lines: {said}')
    equal(re.findall(r'^  ([a-z]+) ', net2usb_exe('--help').split('Verbs:')[1].split('Options')[0], re.M),
          ['list', 'doctor'], 'its verbs')
    for verb in 'run', 'env', 'cdi', 'shell':
        says(net2usb_exe(verb, 'localhost', '--', 'iceprog', status=2),
             f'{verb}: that is for programs in a container, or in WSL: type it there, as net2usb run windows -- COMMAND',
             'usbip-win2')
    says(net2usb_exe('attach', 'localhost', '1-1', status=2), 'on Windows usbip-win2 attaches: usbip attach -r HOST')
    for verb in 'detach', 'ports', 'status':
        says(net2usb_exe(verb, status=2), 'on Windows usbip-win2 has what is attached: usbip port')
    says(net2usb_exe('bind', status=2), 'com2net usb:VID:PID 3240')
    says(net2usb_exe('lst', status=2), 'did you mean list?')
    says(net2usb_exe(status=2), 'the verb is missing; try list and doctor')
    says(net2usb_exe('list', 'a', 'b', status=2), 'list takes one server')
    says(net2usb_exe('doctor', 'a', 'b', status=2), 'doctor takes one server')
    says(net2usb_exe('doctor', 'localhost', '--', 'iceprog', status=2), 'doctor runs no command')
    says(net2usb_exe('list', '3240', status=2), 'its HOST is missing, as in localhost:3240')
    says(net2usb_exe('list', '--docker', 'localhost', status=2), 'unknown option --docker')
    says(net2usb_exe('list', '--wait', 'x', 'localhost', status=2), '--wait x: ')


def main():
    words()
    servers()
    others()
    no_server()
    waits()


harness.run(main)
