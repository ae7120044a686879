#!/usr/bin/python3
"""--list tells friendly name, VID:PID, serial number and interface, out of Windows's devices, and a port is
found by them. No port is opened for that, as opening raises DTR."""

import os
import re

import clock
import harness
import wine
from harness import check, equal, eventually

ENUM = r'HKLM\System\CurrentControlSet\Enum'
PORTS_CLASS = '{4D36E978-E325-11CE-BFC1-08002BE10318}'
MODEM_CLASS = '{4D36E96D-E325-11CE-BFC1-08002BE10318}'
DEVICES = (
    ('COM3', r'USB\VID_2341&PID_0043\85430353531351B0C1A2', 'Arduino Uno (COM3)', PORTS_CLASS),
    ('COM4', r'FTDIBUS\VID_0403+PID_6010+FT4QR3K5B\0000', 'USB Serial Port (COM4)', PORTS_CLASS),
    ('COM5', r'USB\VID_303A&PID_1001&MI_00\7&1F2E3D4C&0&0000', 'Größenmesser (COM5)', PORTS_CLASS),
    ('COM6', r'USB\VID_10C4&PID_EA60\0001', 'CP2102 (COM6)', PORTS_CLASS),
    ('COM7', r'USB\VID_10C4&PID_EA60\0002', 'CP2102 (COM7)', PORTS_CLASS),
    ('COM8', r'FTDIBUS\VID_0403+PID_6001+5&37CE40D5&0&2\0000', 'USB Serial Port (COM8)', PORTS_CLASS),
    ('COM9', r'USB\VID_1BC7&PID_0021&MI_04\6&2A3B4C5D&0&0004', 'A modem', MODEM_CLASS),
)

plugged = []


def add(key, name, value, kind='REG_SZ'):
    status, said = wine.run('reg', 'add', f'{ENUM}\\{key}', '/v', name, '/t', kind, '/d', value,
                            '/f')
    check(status == 0, said)


def entry(listed, name):
    lines = listed.split('\n')
    start = lines.index(name)
    end = start + 1
    while end < len(lines) and lines[end].startswith(' '):
        end += 1
    return '\n'.join(lines[start:end])


def facts():
    status, listed = wine.run(wine.EXE, '--list')
    check(status == 0, listed)
    uno = entry(listed, 'COM3')
    for text in ('Arduino Uno (COM3)', '2341:0043, serial number 85430353531351B0C1A2',
                 'com2net serial=85430353531351B0C1A2 7000'):
        check(text in uno, f'"{text}" in: {uno}')
    ftdi = entry(listed, 'COM4')
    check('0403:6010, serial number FT4QR3K5, interface 1' in ftdi, ftdi)
    esp = entry(listed, 'COM5')
    check('Größenmesser' in esp and '303a:1001, interface 0' in esp, esp)
    check('com2net COM5 7000' in esp, f'it has no serial number: {esp}')
    blank = entry(listed, 'COM8')
    check('0403:6001\n' in blank, f'a chip without a serial number: {blank}')
    check('com2net COM8 7000' in blank, blank)
    modem = entry(listed, 'COM9')
    check('A modem' in modem and '1bc7:0021, interface 4' in modem, f'of another class: {modem}')
    names = re.findall(r'^COM\d+$', listed, re.M)
    equal(names, sorted(names, key=lambda name: int(name[3:])), 'order of the ports')


def found():
    port = wine.Port('COM4')
    server = wine.Exe('serial=FT4QR3K5', '0')
    peer = harness.Peer(server.port).agreed()
    peer.send(b'found')
    harness.equal(port.read(5), b'found', 'data')
    peer.close()


def opens_nothing():
    ports = [wine.Port(name) for name in ('COM6', 'COM7')]
    # with the device tree of a Windows that has USB devices
    status, listed = wine.run(os.environ['LIST_PORTS_EXE'], 'serial=0002', '10c4:ea60', native='cfgmgr32')
    check(status == 0 and 'COM6 CP2102 (COM6)' in listed, listed)
    check('serial=0002: COM7' in listed and 'matches several ports: COM6' in listed, listed)
    equal([port.opens for port in ports], [0, 0], 'how often a list and two searches have opened COM6 and COM7')

    status, listed = wine.run(wine.EXE, '--list')
    check(status == 0 and 'CP2102 (COM6)' in listed, listed)
    wanted = wine.Exe('serial=0002', '0')
    equal([port.opens for port in ports], [0, 0], 'how often the start for COM7 has opened COM6 and COM7')
    for _ in range(2):
        peer = harness.Peer(wanted.port).agreed()
        peer.send(b'2')
        equal(ports[1].read(1), b'2', 'data of COM7')
        peer.close()
        eventually(lambda: 'closed' in wanted.log().splitlines()[-1], 'the port is closed')
    equal([port.opens for port in ports], [0, 2], 'how often a search for COM7 has opened COM6 and COM7')

    absent = wine.Exe('serial=ABSENT,hotplug', '0')
    peer = harness.Peer(absent.port).agreed()
    clock.sleep(3)  # some searches
    equal([port.opens for port in ports], [0, 2], 'how often a search for another has opened COM6 and COM7')
    late = wine.Port('COM10')
    plug_in('COM10', r'USB\VID_0403&PID_6001\ABSENT', 'It comes late (COM10)', PORTS_CLASS)
    peer.send(b'here')
    equal(late.read(4), b'here', 'data of the port that has come')
    peer.close()


def plug_in(port, device, friendly, device_class):
    plugged.append(device)
    add(device, 'ClassGUID', device_class)
    add(device, 'Class', 'Ports' if device_class == PORTS_CLASS else 'Modem')
    add(device, 'FriendlyName', friendly)
    add(device + r'\Device Parameters', 'PortName', port)


def main():
    try:
        for device in DEVICES:
            plug_in(*device)
        facts()
        found()
        opens_nothing()
    finally:
        for device in plugged:
            wine.run('reg', 'delete', f'{ENUM}\\{device}', '/f')


harness.run(main)
