#!/usr/bin/python3
"""--list tells friendly name, VID:PID, serial number and interface, out of Windows's devices; a port
is found by them."""

import harness
import wine
from harness import check

ENUM = r'HKLM\System\CurrentControlSet\Enum'
DEVICES = (
    ('COM3', r'USB\VID_2341&PID_0043\85430353531351B0C1A2', 'Arduino Uno (COM3)'),
    ('COM4', r'FTDIBUS\VID_0403+PID_6010+FT4QR3K5B\0000', 'USB Serial Port (COM4)'),
    ('COM5', r'USB\VID_303A&PID_1001&MI_00\7&1F2E3D4C&0&0000', 'Größenmesser (COM5)'),
)
PORTS_CLASS = '{4D36E978-E325-11CE-BFC1-08002BE10318}'


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


def main():
    for port, device, friendly in DEVICES:
        add(device, 'ClassGUID', PORTS_CLASS)
        add(device, 'Class', 'Ports')
        add(device, 'FriendlyName', friendly)
        add(device + r'\Device Parameters', 'PortName', port)
    try:
        status, listed = wine.run(wine.EXE, '--list')
        check(status == 0, listed)
        uno = entry(listed, 'COM3')
        for text in ('Arduino Uno (COM3)', '2341:0043, serial number 85430353531351B0C1A2',
                     'com2net COM3 7000'):
            check(text in uno, f'"{text}" in: {uno}')
        ftdi = entry(listed, 'COM4')
        check('0403:6010, serial number FT4QR3K5, interface 1' in ftdi, ftdi)
        esp = entry(listed, 'COM5')
        check('Größenmesser' in esp and '303a:1001, interface 0' in esp, esp)

        port = wine.Port('COM4')
        server = wine.Exe('serial=FT4QR3K5', '0')
        peer = harness.Peer(server.port).agreed()
        peer.send(b'found')
        harness.equal(port.read(5), b'found', 'data')
    finally:
        for _, device, _ in DEVICES:
            wine.run('reg', 'delete', f'{ENUM}\\{device}', '/f')


harness.run(main)
