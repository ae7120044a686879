#!/usr/bin/python3
"""What is wrong with a port, an address or a command line is said in a sentence, and ends nothing
else."""

import socket

import harness
import wine
from harness import check, equal

BUSY, FORBIDDEN = 1, 2


def says(text, what):
    check(what in text, f'"{what}" is said, not: {text}')


def session_refused(server, number, why, reason):
    peer = harness.Peer(server.ports[number])
    peer.ended()
    texts = [payload for code, payload in peer.messages if code == harness.SIGNATURE + 100]
    check(texts and why in texts[-1], f'a SIGNATURE says {why}: {texts}')
    server.says(reason)


def main():
    says(wine.refused('COM77', '0', status=1), 'COM77: no such port; `com2net --list` shows')
    for name in 'nul', 'con', 'C:', 'c:', 'PhysicalDrive0', 'pipe':
        for options in '', ',hotplug':
            says(wine.refused(name + options, '0', status=1), f'{name}: is not a serial port'
                 if name != 'PhysicalDrive0' else 'PhysicalDrive0: ')
    # all forms of a name are that of COM10
    for form in 'COM10:', r'\\?\COM10', '//./COM10', r'\\.\com10', r'//?\COM10':
        says(wine.refused('COM10', '0', form, '0', status=2), 'are the same device')
        server = wine.Exe(form, '0')
        server.says(f'{"com" if "com" in form else "COM"}10: listening on')
        server.stop()
    wine.point('COM5', None)
    says(wine.refused('COM5,hold', '0', status=1), 'the name exists but has no device')
    says(wine.refused('COM3', status=2), 'COM3: its PORT is missing')
    says(wine.refused('COM3', '0', r'\\.\com3', '0', status=2), 'are the same device')
    says(wine.refused('service', 'install', status=2), 'com2net service install -- COM3 7000')
    says(wine.refused('service', 'install', '--', 'COM3,8x1', '0', status=2), 'option 8x1')
    says(wine.refused('service', 'install', 'COM3', '0', status=2), 'comes after "--"')
    for arguments in (('--log-file=log.txt', 'loop:'), ('--log-file', 'C:log.txt', 'loop:'),
                      ('--log-file', r'\log.txt', 'loop:'), ('--pcap=x.pcapng', 'usb:demo-loop'),
                      ('usb:demo-icestick,file=flash.bin',), ('usb:demo-mouse,events=x',),
                      ('usb:demo-disk:disk.img',), ('usb:demo-disk,file=disk.img',)):
        says(wine.refused('service', 'install', '--', *arguments, '0', status=2), 'write the whole path, ')
    says(wine.refused('service', 'install', '--', r'--log-file=C:\users\me\log.txt', 'loop:', '0', status=2),
         "may not read a user's folders: choose a folder such as")
    says(wine.refused('service', 'install', '--', r'--log-file=\\server\share\log.txt', 'loop:', '0',
                      status=2), 'no rights in the network')
    says(wine.refused('service', 'reinstall', status=2), 'install, uninstall, start, stop')
    says(wine.refused('service', 'start', status=1), 'the service is not installed')
    says(wine.refused('service', 'run', status=1), "is the service manager's")
    says(wine.refused('--log-file', r'C:\no\such\folder\log.txt', 'loop:', '0', status=1),
         r'cannot write the log C:\no\such\folder\log.txt')
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        number = taken.getsockname()[1]
        says(wine.refused('loop:', number, status=1), f'cannot listen on 127.0.0.1:{number}: ')

    # busy and forbidden are told apart, by what Windows's drivers do; the other port does not care
    busy, forbidden, good = wine.Port('COM3'), wine.Port('COM4'), wine.Port('COM5')
    busy.refuse(BUSY)
    forbidden.refuse(FORBIDDEN)
    says(wine.refused('COM3,hold', '0', status=1), 'COM3: busy: another program has it open')
    says(wine.refused('COM4,hold', '0', status=1), 'COM4: permission denied')
    server = wine.Exe('COM3', '0', 'COM4', '0', 'COM5', '0')
    session_refused(server, 0, b'failed', 'COM3: busy: another program has it open')
    session_refused(server, 1, b'failed', 'COM4: permission denied')
    peer = harness.Peer(server.ports[2]).agreed()
    peer.send(b'good')
    equal(good.read(4), b'good', 'data of the good port')
    busy.refuse(0)
    forbidden.refuse(0)
    harness.Peer(server.ports[0]).agreed()

    # without modem lines they are what was set, and the rest works
    equal(peer.ask_value(harness.CONTROL, 9), 9, 'DTR off, remembered')
    equal(peer.ask_value(harness.CONTROL, 7), 9, 'DTR is off')
    equal(peer.ask_value(harness.SIZE, 7), 8, 'a PTY keeps 8 bits')


harness.run(main)
