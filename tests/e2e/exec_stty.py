#!/usr/bin/python3
"""stty behind `--`: what it sets is set at the far port, parity and size, too, and what it shows is so."""

import harness
import places
from harness import check, equal


def test(place):
    far, link = harness.FarPort(place.listen), place.link()
    # each stty opens and closes the link
    said = far.run(place, link, 'sh', '-ec', '''
        stty -F "$0" 57600 cs7 parenb -parodd cstopb crtscts
        stty -F "$0" -a
        stty -F "$0" cs5 parodd -cstopb
        stty -F "$0" -a
        stty -F "$0" cs8 -parenb -crtscts
        stty -F "$0" cs7 parenb parodd cmspar
        stty -F "$0" -a
    ''', link)
    shown = [line for line in said.splitlines() if 'parenb' in line]
    equal([line.split()[:4] for line in shown],
          [['parenb', '-parodd', '-cmspar', 'cs7'], ['parenb', 'parodd', '-cmspar', 'cs5'],
           ['parenb', 'parodd', 'cmspar', 'cs7']], 'what stty -a shows')
    check('speed 57600 baud' in said, f'the speed is shown: {said}')
    check(' cstopb' in shown[0] and ' -cstopb' in shown[1], f'stop bits are shown: {shown}')
    answers = far.server.log()
    for command in 'BAUDRATE 57600', 'DATASIZE 7', 'PARITY even', 'STOPSIZE 2', 'CONTROL flow rtscts', \
            'DATASIZE 5', 'PARITY odd', 'STOPSIZE 1', 'DATASIZE 8', 'PARITY none', \
            'CONTROL flow none', 'PARITY mark':
        check(f'< SET-{command}\n' in answers, f'the server says that it is at {command}')


places.run(test)
