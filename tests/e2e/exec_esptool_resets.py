#!/usr/bin/python3
"""The reset sequences of esptool, as it makes them with pyserial and one with TIOCMSET, arrive at the
far port change by change: none is lost, and none is added in between."""

import re

import harness
import places
from harness import check, equal

PROGRAM = '''
import fcntl, struct, sys, termios, time
import serial

port = serial.Serial(sys.argv[1], 115200, timeout=60)


def setDTR(state):
    port.dtr = state


def setRTS(state):
    port.rts = state
    port.dtr = port.dtr  # for the Windows driver usbser.sys; esptool does it everywhere


def setDTRandRTS(dtr, rts):
    status = struct.unpack('I', fcntl.ioctl(port.fd, termios.TIOCMGET, struct.pack('I', 0)))[0]
    status = status | termios.TIOCM_DTR if dtr else status & ~termios.TIOCM_DTR
    status = status | termios.TIOCM_RTS if rts else status & ~termios.TIOCM_RTS
    fcntl.ioctl(port.fd, termios.TIOCMSET, struct.pack('I', status))


def classic():
    setDTR(False)
    setRTS(True)
    time.sleep(0.1)
    setDTR(True)
    setRTS(False)
    time.sleep(0.05)
    setDTR(False)


def unix_tight():
    setDTRandRTS(False, False)
    setDTRandRTS(True, True)
    setDTRandRTS(False, True)
    time.sleep(0.1)
    setDTRandRTS(True, False)
    time.sleep(0.05)
    setDTRandRTS(False, False)
    setDTR(False)


def usb_jtag():
    setRTS(False)
    setDTR(False)
    time.sleep(0.1)
    setDTR(True)
    setRTS(False)
    time.sleep(0.1)
    setRTS(True)
    setDTR(False)
    setRTS(True)
    time.sleep(0.1)
    setDTR(False)
    setRTS(False)


def hard():
    setRTS(True)
    time.sleep(0.1)
    setRTS(False)


globals()[sys.argv[2]]()
port.write(b'x')  # behind all of it
sys.exit(0 if port.read(1) == b'x' else 'no data')
'''

# What the server is told, and the states in which the far port stays for a while. Its observer need not
# see shorter ones.
CASES = {
    'classic': (['DTR off', 'RTS on', 'DTR off', 'DTR on', 'RTS off', 'DTR on', 'DTR off'],
                ['RTS', 'DTR', '']),
    'unix_tight': (['DTR off RTS off', 'DTR on RTS on', 'DTR off RTS on', 'DTR on RTS off',
                    'DTR off RTS off', 'DTR off'],
                   ['RTS', 'DTR', '']),
    'usb_jtag': (['RTS off', 'DTR on', 'DTR off', 'DTR on', 'RTS off', 'DTR on', 'RTS on', 'DTR on',
                  'DTR off', 'RTS on', 'DTR off', 'DTR off', 'RTS off', 'DTR off'],
                 ['', 'DTR', 'RTS', '']),
    'hard': (['RTS on', 'DTR on', 'RTS off', 'DTR on'], ['DTR RTS', 'DTR']),
}


def test(place):
    harness.need_serial()
    for name, (commands, states) in CASES.items():
        far = harness.FarPort(place.listen)
        link = place.link(name)
        far.run(place, link, '/usr/bin/python3', '-c', PROGRAM, link, name)
        told = re.findall('> SET-LINES (.*) at', far.server.log())
        told = told[told.index('DTR on RTS on'):]
        equal(told[:3], ['DTR on RTS on', 'DTR on', 'RTS on'], f'{name}: the open, and pyserial')
        equal(told[3:len(commands) + 3], commands, f'{name}: what the server is told')
        check(told[len(commands) + 3:] in ([], ['DTR off RTS off']), f'then the close: {told}')
        changes = far.changes()
        rest = iter(changes)
        check(all(state in rest for state in states), f'{name}: the far port: {changes}')
        if name == 'unix_tight':  # DTR and RTS swap at once
            equal(changes[-3:], ['RTS', 'DTR', ''], 'the far port in the end')


places.run(test)
