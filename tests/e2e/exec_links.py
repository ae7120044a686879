#!/usr/bin/python3
"""Several links for one command, each with its own lines; inside another supervisor that cannot be
asked, where no second one can be, data still flows and one line says what does not."""

import harness
import places
from harness import check

PROGRAM = '''
import sys, time
import serial

one, two = (serial.Serial(name, timeout=60) for name in sys.argv[1:])
one.rts = False
limit = time.monotonic() + 60
while one.cts or not two.cts:
    if time.monotonic() > limit:
        sys.exit('the lines of two links are not their own')
    time.sleep(0.005)
one.write(b'1')
two.write(b'2')
sys.exit(0 if one.read(1) + two.read(1) == b'12' else 'bytes of two links')
'''


def test(place):
    harness.need_serial()
    server = harness.Com2net('loop:,name=a', place.listen, 'loop:,name=b', place.listen, ports=2)
    names = [place.link('tty1'), place.link('tty2')]
    pairs = [word for name, port in zip(names, server.ports) for word in (name, place.at(port))]
    place.run(*pairs, '--', '/usr/bin/python3', '-c', PROGRAM, *names)

    said = place.run(*pairs[:2], '--', 'env', '-u', 'NET2PTY_SOCKET', 'NET2PTY_PRELOAD=/nowhere',
                     place.net2pty, *pairs[2:], '--', 'sh', '-c', f'echo x >{names[1]} && exit 11',
                     status=11)
    check('another supervisor is there already' in said, 'why there are no lines is said')


places.run(test)
