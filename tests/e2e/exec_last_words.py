#!/usr/bin/python3
"""What a command has written and set before it ends arrives, also at a slow device; net2pty ends then, as
close(2) of a serial port would, or when SIGTERM says so."""

import signal

import harness
import places
from harness import check, equal


def test(place):
    link, data = place.link(), harness.temp('data')
    for size in *10 * [1], 1000, 50000:
        with open(data, 'wb') as f:
            f.write(harness.BULK[:size])
        device = harness.Device()
        server = harness.Com2net('-v', device.path, place.listen)
        program = place.start([link, place.at(server.port), '--', 'sh', '-c',
                               'stty -F "$0" raw && cat "$1" >"$0"; stty -F "$0" 57600', link, data])
        got = b''
        while len(got) < size:  # 500 kB/s at most
            got += harness.read_exactly(device.fd, min(1000, size - len(got)), 5, 'device')
            harness.time.sleep(0.002)
        harness.same(got, harness.BULK[:size], f'{size} bytes')
        place.ended(program)
        server.says('disconnected: ')
        check('< SET-BAUDRATE 57600' in server.log(), 'the speed set last')

    device = harness.Device()
    server = harness.Com2net(device.path, place.listen)
    gate = harness.temp(f'gate-{place.name}')
    program = place.start([link, place.at(server.port), '--', 'sh', '-c',
                           'echo ready; until [ -e "$1" ]; do sleep 0.01; done; echo x >"$0"; '
                           'echo written; exit 4', link, gate])
    program.says('^ready')
    server.kill()
    program.says('trying again')
    open(gate, 'w').close()
    program.says('^written')
    harness.time.sleep(0.2)
    equal(program.running(), True, 'it waits for the server')
    program.send_signal(signal.SIGTERM)
    equal(program.wait(), 143, 'status when asked to end')


places.run(test)
