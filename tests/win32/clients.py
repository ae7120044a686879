#!/usr/bin/python3
"""Clients of all kinds on one com2net.exe: raw TCP, telnet, pyserial's rfc2217://, and net2pty, whose
link behaves as a local port and whose COMMAND has modem lines."""

import os

import harness
import wine
from harness import check, equal, eventually


def talk(write, read, port, what):
    write(b'to ' + what)
    equal(port.read(3 + len(what)), b'to ' + what, f'{what} to the device')
    port.write(b'of ' + what)
    equal(read(3 + len(what)), b'of ' + what, f'{what} of the device')


def main():
    serial = harness.need_serial()
    port = wine.Port('COM3', lines=True)
    telnet_port = wine.Port('COM4')
    server = wine.Exe('COM3', '0', 'COM4,mode=telnet', '0', lines=True)

    sock = harness.connect(server.ports[0])
    talk(sock.sendall, lambda n: harness.read_exactly(sock.fileno(), n, 10, 'raw'), port, b'raw')
    sock.close()
    server.says('COM3: closed')

    telnet = harness.Peer(server.ports[1], offers=b'')
    telnet.until(lambda: telnet.negotiated, 'telnet mode negotiates')
    talk(telnet.send, telnet.read, telnet_port, b'telnet')

    with serial.serial_for_url(f'rfc2217://127.0.0.1:{server.ports[0]}', baudrate=57600,
                               timeout=10) as client:
        equal(port.settings().speed, 57600, 'speed of pyserial')
        client.dtr = False
        eventually(lambda: port.outputs == 'RTS', 'DTR of pyserial')
        port.set_inputs(cts=True)
        eventually(lambda: client.cts, 'CTS for pyserial')
        talk(client.write, client.read, port, b'pyserial')
    eventually(lambda: port.outputs == '', 'the lines after pyserial')

    link = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.ports[0]}')
    with serial.Serial(link.link, 115200, timeout=10) as client:
        harness.opened(link)
        eventually(lambda: port.settings().speed == 115200, 'speed of the link')
        talk(client.write, client.read, port, b'net2pty')
    link.stop()

    script = ('import serial, sys; p = serial.Serial(sys.argv[1], 9600, parity="E", bytesize=7);'
              'p.dtr = False; p.rts = True; print("cts", p.cts)')
    inside = harness.temp('tty2')
    program = harness.Program([os.environ['NET2PTY'], inside, f'127.0.0.1:{server.ports[0]}', '--',
                               '/usr/bin/python3', '-c', script, inside])
    equal(program.wait(20), 0, 'status of a command behind net2pty')
    check('cts True' in program.log(), f'the command sees CTS: {program.log()}')


harness.run(main)
