#!/usr/bin/python3
"""By `net2usb cdi` unchanged images get boards: as nobody, without capabilities, a root that is only read;
several at once, of several servers; one whose container is killed is free again."""

import os
import platform
import shutil
import subprocess

import engine
import harness
import net2usb
from harness import check, equal, eventually

ICE, DFU, ALL = (f'com2net.dev/usb={name}' for name in ('ice', 'dfu', 'all'))
IDS = {ICE: '0403:6010', DFU: '1209:0004'}


def write(name, *words):
    status, out, err = net2usb.net2usb('cdi', '-o', f'{engine.FILES}/{name}.json', *words)
    equal(status, 0, f'cdi: {out}{err}')


def sees(devices, *wanted, options=()):
    _, said = engine.run(devices, 'lsusb', options=options)
    for board, ids in IDS.items():
        equal(ids in said, board in wanted, f'{board} with {devices}: {said}')


def musl():
    """An image with nothing but a program and the C library musl."""
    compiler, loader = harness.need('musl-gcc'), '/lib/ld-musl-x86_64.so.1'
    libraries = f'{os.path.dirname(net2usb.program())}/lib/net2usb/musl'
    if platform.machine() != 'x86_64' or not os.path.exists(loader) or not os.path.isdir(libraries):
        return
    root = harness.temp('musl')
    os.makedirs(f'{root}/lib')
    shutil.copy(loader, f'{root}/lib')
    subprocess.run([compiler, '-O2', '-o', f'{root}/usbtool', f'{harness.TREE}/tests/vm/usbtool.c',
                    '-I/usr/include/libusb-1.0', f'-L{libraries}', '-l:libusb-1.0.so.0'], check=True)
    for folder in root, f'{root}/lib':
        os.chmod(folder, 0o755)
    loop = harness.Com2net('usb:demo-loop,name=loop', '0')
    write('third', '--prefix=musl-', f'127.0.0.1:{loop.port}')
    status, said = engine.run(['com2net.dev/usb=musl-loop-musl'], '/usbtool', '1209', '0001', root=root)
    check(status == 0 and 'ok: bytes of it' in said, f'musl: {status}: {said}')
    loop.stop()


def test():
    iceprog = harness.need('iceprog')
    first = harness.Com2net('usb:demo-icestick,name=ice', '0')
    second = harness.Com2net('usb:demo-dfu,name=dfu', '0')
    write('first', f'127.0.0.1:{first.port}')
    write('second', '--prefix=far-', f'127.0.0.1:{second.port}')

    status, said = engine.run([ICE], iceprog, '-t')
    check(status == 0 and 'flash ID: 0x20 0xBA' in said, f'{status}: {said}')
    sees([], *())
    sees([ICE], ICE)
    sees(['com2net.dev/usb=far-dfu'], DFU)
    sees([ICE, 'com2net.dev/usb=far-dfu'], ICE, DFU)
    sees([ALL, 'com2net.dev/usb=far-all'], ICE, DFU)
    sees([ICE], ICE, options=('--env', 'LD_LIBRARY_PATH=/nowhere'))
    status, said = engine.run([ICE], 'sh', '-c', 'echo "$LD_LIBRARY_PATH"', options=('--env', 'LD_LIBRARY_PATH=/mine'))
    equal((status, said), (0, '/mine\n'), 'an image keeps its own')
    status, said = engine.run(['com2net.dev/usb=other'], 'true')
    check(status != 0 and 'com2net.dev/usb=other' in said, f'a board that is not there: {said}')

    # killed: nobody says goodbye for it
    holder = subprocess.Popen(engine.words('--device', ICE, name='holder', program=(
        'python3', '-c', 'import usb.core, time\nd = usb.core.find(idVendor=0x0403)\nd.set_configuration()\ntime.sleep(999)')),
        env=engine.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    used = 'in use by 127.0.0.1'
    eventually(lambda: used in net2usb.net2usb('list', f'127.0.0.1:{first.port}')[1], 'it has the board')
    engine.kill('holder')
    holder.wait(timeout=harness.LIMIT)
    eventually(lambda: used not in net2usb.net2usb('list', f'127.0.0.1:{first.port}')[1], 'the board is free again')

    musl()

    # the server goes: it is told, and the container runs
    first.stop()
    status, said = engine.run([ICE], iceprog, '-t')
    check(status != 0 and 'nothing listens there' in said, f'without a server: {said}')
    second.stop()


engine.begin()
harness.run(test)
