#!/usr/bin/python3
"""Behind `--` pyserial has a serial port in full: modem lines, parity, sizes, break, counters, waits,
drain. Also as nobody, without a capability."""

import harness
import places
from harness import check

PROGRAM = '''
import fcntl, os, struct, sys, termios, threading, time
import serial

port = serial.Serial(sys.argv[1], 115200, timeout=60)

def eventually(condition, what):
    limit = time.monotonic() + 60
    while not condition():
        if time.monotonic() > limit:
            sys.exit('not within 60 s: ' + what)
        time.sleep(0.005)

eventually(lambda: port.cts and port.dsr and port.cd, 'open raises DTR and RTS')
if port.ri:
    sys.exit('RI is there')
port.rts = False
eventually(lambda: not port.cts and port.dsr, 'RTS falls alone')
port.dtr = False
eventually(lambda: not port.dsr and not port.cd, 'DTR falls')
port.rts = port.dtr = True
eventually(lambda: port.cts and port.dsr, 'both rise')

for parity in 'EOMSN':
    port.parity = parity
for size in (7, 6, 5, 8):
    port.bytesize = size
port.baudrate = 74880
port.parity, port.bytesize = 'E', 7
flags = termios.tcgetattr(port.fd)[2]
if not flags & termios.PARENB or flags & termios.CSIZE != termios.CS7:
    sys.exit('parity or size are not read back')
port.parity, port.bytesize = 'N', 8

port.write(bytes(range(256)))
port.flush()
if port.read(256) != bytes(range(256)):
    sys.exit('bytes differ')

def counts():
    return struct.unpack('11i', fcntl.ioctl(port.fd, 0x545D, bytes(80))[:44])
breaks = counts()[9]
port.send_break(0.05)
termios.tcsendbreak(port.fd, 0)
eventually(lambda: counts()[9] == breaks + 2, 'breaks are counted')

def waits(thread):
    with open(f'/proc/self/task/{thread}/syscall') as f:
        call = f.read().split()
    return '0x545c' in call or call[0] == '45'  # TIOCMIWAIT; recv of the preload library

def change(waiter):
    eventually(lambda: waits(waiter), 'a wait begins')
    port.rts = False
threading.Thread(target=change, args=(os.getpid(),)).start()
fcntl.ioctl(port.fd, 0x545C, 0x20)  # TIOCMIWAIT for CTS
if port.cts:
    sys.exit('TIOCMIWAIT came back early')
port.set_low_latency_mode(True)
print('uid', os.getuid())
sys.exit(7)
'''


def test(place):
    harness.need_serial()
    server = harness.Com2net('-v', 'loop:', place.listen)
    link = place.link()
    said = place.run(link, place.at(server.port), '--', '/usr/bin/python3', '-c', PROGRAM, link,
                     status=7)
    check(f'uid {place.uid}' in said, 'it ran as who it should')
    check('SET-PARITY mark' in server.log(), 'parity reaches the server')
    check('SET-DATASIZE 5' in server.log(), 'size reaches the server')


if __name__ == '__main__':
    places.run(test, nobody=True)
