#!/usr/bin/python3
"""The network goes while a program writes: it waits as soon as nothing is acknowledged, and what is lost is
said in the log and in --status, and is an overrun for programs behind --. com2net says what its
client has not got. Needs root."""

import re

import faraway
import harness
from harness import check, equal

LINE = 8  # bytes of each line that the program writes

# writes numbered lines until it has been told to end, and says how many and what was lost
PROGRAM = """
import array, fcntl, os, select, sys, termios, threading, time, tty
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
tty.setraw(fd)

def overruns():
    c = array.array('i', [0] * 20)
    fcntl.ioctl(fd, 0x545D, c)  # TIOCGICOUNT
    return c[7], c[10]

ends = []
def read_end():
    sys.stdin.readline()
    ends.append(True)
threading.Thread(target=read_end).start()
lines = 0
while not ends:
    os.write(fd, b'%07d\\\\n' % lines)
    lines += 1
    time.sleep(0.02)
termios.tcdrain(fd)
print('wrote %d overrun %d buf_overrun %d' % (lines, *overruns()), flush=True)
"""

CLIENT = f"""
import harness, subprocess, sys
client = harness.Program([harness.under_test('net2pty', 'client'), harness.temp('tty'), f'{{HOST}}:{{port}}', '--',
                          '/usr/bin/python3', '-c', '''{PROGRAM}''', harness.temp('tty')], stdin=subprocess.PIPE)
client.says('connected')
print('writes', flush=True)
client.says('are lost with the connection')
print(subprocess.run([client.argv[0], '--status', harness.temp('tty')], stdout=subprocess.PIPE, text=True).stdout
      .replace(chr(10), '|'), flush=True)
client.says('connected(.|\\n)*connected')
client.process.stdin.close()
client.wait()
print(client.log().replace(chr(10), '|'), flush=True)
"""


def main():
    device = harness.Device()
    server = harness.Com2net(device.path + ',takeover', '0.0.0.0:0')  # whose sessions are not kept
    with faraway.client(CLIENT, server.port) as far:
        equal(far.says(), 'writes', 'the program')
        got = device.read(20 * LINE)
        far.pull_cable()
        device.write(b'x' * 1000)  # to one that does not hear it
        status = far.says()
        server.says(r'1000 bytes for it are lost')
        far.plug_cable()
        log = far.says()
    got += device.quiet(1)
    lines = got.split(b'\n')
    said = int(re.search(r'(\d+) bytes that programs had written are lost', log).group(1))
    equal(said, int(re.search(r'lost: (\d+) bytes', status).group(1)), 'what --status says')
    wrote, overrun, buf_overrun = (int(n) for n in re.search(
        r'wrote (\d+) overrun (\d+) buf_overrun (\d+)', log).groups())
    equal((overrun, buf_overrun), (said, said), 'the overruns')
    # the acknowledgement of the last ones may be what the cable has lost
    missing = wrote * LINE - len(got)
    check(said - 10 * LINE <= missing <= said, f'what did not arrive, {missing} bytes, is what is said: {said}')
    equal(lines[-2], b'%07d' % (wrote - 1), 'the last line')
    check(said > 0, 'something was under way')


harness.run(main)
