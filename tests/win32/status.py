#!/usr/bin/python3
"""`com2net status` tells of each com2net.exe that runs, `com2net list` by whom a port is published; a
second one for a port is warned; one that is stopped holds up nobody."""

import re
import signal

import harness
import wine
from harness import check, equal, eventually

KEY = r'HKLM\System\CurrentControlSet\Enum\USB\VID_2341&PID_0043\85430353531351B0C1A2'
VALUES = (('', 'ClassGUID', '{4D36E978-E325-11CE-BFC1-08002BE10318}'), ('', 'Class', 'Ports'),
          ('', 'FriendlyName', 'Arduino Uno (COM3)'), (r'\Device Parameters', 'PortName', 'COM3'))


def status():
    return wine.run(wine.EXE, 'status')


def tells(*texts):
    """Waits until the status has them: on a machine that is late somebody may not answer in time."""
    def look():
        code, said = status()
        equal(code, 0, f'status of status: {said}')
        return said if all(re.search(text, said) for text in texts) else None
    return eventually(look, f'the status tells {texts}')


def main():
    code, said = status()
    check(code == 1 and 'No com2net runs on this machine' in said, f'without one: {code} {said}')

    for key, name, value in VALUES:
        code, said = wine.run('reg', 'add', KEY + key, '/v', name, '/t', 'REG_SZ', '/d', value, '/f')
        equal(code, 0, said)
    port = wine.Port('COM3')
    first = wine.Exe('com3,name=uno', '0', 'loop:', '0')
    said = tells(fr'uno on 127\.0\.0\.1:{first.ports[0]}: closed', fr'loop on 127\.0\.0\.1:{first.ports[1]}: ')
    pid = re.match(r'com2net \(pid (\d+)\)\n', said).group(1)
    peer = harness.Peer(first.ports[0]).agreed()
    peer.send(b'12345')
    equal(port.read(5), b'12345', 'data')
    tells('uno: 5 bytes to the device', '127.0.0.1:.* speaks RFC 2217')

    def is_listed(by=first, number=pid):
        code, listed = wine.run(wine.EXE, 'list')
        equal(code, 0, f'status of list: {listed}')
        entry = listed[listed.index('COM3\n'):]
        return f'published    on 127.0.0.1:{by.port} by com2net (pid {number})\n' in entry
    eventually(is_listed, 'the list tells who publishes it')

    def is_warned():
        second = wine.Exe('2341:0043', '0')
        warned = second.log()
        if 'publishes it, too' in warned:
            check(f'2341:0043: com2net (pid {pid}) publishes it, too, on 127.0.0.1:{first.ports[0]}.' in warned
                  and f'taskkill /f /pid {pid}' in warned, f'the warning says what to do: {warned}')
            return second
        second.stop(signal.SIGINT)
        return None
    second = eventually(is_warned, 'a second one is warned')
    said = tells(fr'uno on 127\.0\.0\.1:{first.ports[0]}: ', fr'2341:0043 on 127\.0\.0\.1:{second.port}: ')

    number = re.search(r'pid (\d+)\)\n  2341:0043', said)
    eventually(lambda: is_listed(second, number.group(1)), 'the list tells of the one that found it by its ids')

    port.refuse(1)  # as busy: Windows lets one program only have a port

    def says_where():
        said = wine.refused('COM3,hold', '0', status=1)
        check('COM3: busy' in said, f'it is busy: {said}')
        return f'com2net (pid {pid}) publishes it, too, on 127.0.0.1:{first.ports[0]}' in said
    eventually(says_where, 'the address is named where clients can connect')

    first.send_signal(signal.SIGSTOP)
    tells(fr'pid {pid}\)\n  does not answer', fr'2341:0043 on 127\.0\.0\.1:{second.port}: ')
    first.send_signal(signal.SIGCONT)
    tells(fr'uno on 127\.0\.0\.1:{first.ports[0]}: ', fr'2341:0043 on 127\.0\.0\.1:{second.port}: ')
    wine.run('reg', 'delete', KEY, '/f')


harness.run(main)
