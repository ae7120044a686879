#!/usr/bin/python3
"""packaging/doc/troubleshooting.md is searched by what people see: each of its texts is what a program says, here and
now. Texts of programs that are not packages of Debian's, of Docker and of the kernel are told apart."""

import os
import re
import socket
import subprocess
import threading

import harness
import net2usb
import net2usb_hostile
import net2usb_returns
from harness import check

PAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), 'packaging', 'doc',
                    'troubleshooting.md')
# of esptool, Docker and Linux
ELSEWHERE = {'Failed to connect to ESP32',
             'error gathering device information while adding custom device',
             'device descriptor read/64, error -110'}


def texts():
    with open(PAGE, encoding='utf-8') as f:
        return set(re.findall(r'^\| `([^`]*)` \|', f.read(), re.M))


def said_by(*words, timeout=180, **environment):
    """All that a program says until it ends."""
    run = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=timeout, check=False, text=True, errors='replace',
                         env={**os.environ, **environment})
    return run.stdout


def net2pty(server, *options):
    return said_by(harness.under_test('net2pty', 'client'), '--wait', '1', *options, harness.temp('tty'), server)


def greeting(text):
    listener = socket.create_server(('127.0.0.1', 0))
    kept = []

    def serve():
        while True:
            kept.append(listener.accept()[0])
            kept[-1].sendall(text)
    threading.Thread(target=serve, daemon=True).start()
    return f'127.0.0.1:{listener.getsockname()[1]}'


def full():
    """No connection to it comes about."""
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(0)
    kept = [listener]
    for _ in range(3):
        kept.append(socket.socket())
        kept[-1].setblocking(False)
        kept[-1].connect_ex(listener.getsockname())
    return f'127.0.0.1:{listener.getsockname()[1]}', kept


def alone(program):
    """In a network of its own, with nothing in it."""
    return said_by(harness.need('unshare'), '--net', *program)


def connections():
    serial, usb = harness.Com2net('loop:', '0'), harness.Com2net('usb:demo-loop', '0')
    missing, kept = harness.Com2net(harness.temp('board') + ',hotplug', '0'), full()
    other = harness.Peer(serial.port).agreed()
    said = [net2pty(f'127.0.0.1:{harness.free_port()}'), net2pty(kept[0]), net2pty('no-such-host.invalid:7000'),
            net2pty(greeting(b'')), net2pty(greeting(b'SSH-2.0-OpenSSH_9.2\r\n')),
            net2usb.net2usb('list', f'127.0.0.1:{serial.port}')[2], net2pty(f'127.0.0.1:{usb.port}'),
            net2pty(f'127.0.0.1:{serial.port}'), net2pty(f'127.0.0.1:{missing.port}'),
            alone([harness.under_test('net2usb', 'client'), 'list', '192.0.2.1']),
            said_by(harness.under_test('com2net', 'server'), '/dev/no-such-board', '0')]
    other.close()
    return said


def ports():
    """What Python's programs say of a busy port, and of a plain link."""
    serial = harness.need_serial()
    device, server, client = harness.bridge()
    said = []
    for attempt in (lambda: serial.serial_for_url(f'rfc2217://127.0.0.1:{server.port}', timeout=1),
                    lambda: setattr(serial.Serial(client.link), 'parity', 'E'), lambda: serial.Serial(client.link).cts):
        try:
            attempt()
        except Exception as e:  # pylint: disable=broad-except
            said.append(f'{type(e).__module__}.{type(e).__qualname__}: {e}')
    said.append(said_by(harness.need('picocom'), harness.temp('no-link')))
    stm32flash, net2pty_exec = harness.need('stm32flash'), (harness.under_test('net2pty', 'client'), 'exec')
    said.append(said_by(stm32flash, client.link))
    said.append(said_by(*net2pty_exec, client.link, '--', stm32flash, client.link))
    said.append(said_by(harness.need('avrdude'), '-c', 'arduino', '-p', 'm328p', '-P', client.link))
    said.append(behind_another(f'127.0.0.1:{server.port}'))
    client.stop()
    server.stop()
    said.append(busy(device))
    return said


def behind_another(server):
    """Where another supervisor has the notification, and there is no library to load."""
    program = harness.under_test('net2pty', 'client')
    return said_by(program, harness.temp('outer'), server, '--raw', '--', 'env', '-u', 'NET2PTY_SOCKET',
                   'NET2PTY_PRELOAD=/nowhere', program, '--raw', harness.temp('inner'), server, '--', 'true')


def busy(device):
    """Another com2net has the port, which it tells in time unless the machine is late."""
    harness.Com2net(device.path + ',hold', '0')

    def warned():
        second = harness.Com2net(device.path, '0').tells()
        if 'publishes' in second.log():
            return second
        second.stop()
        return None
    second = harness.eventually(warned, 'the second one is warned')
    return net2pty(f'127.0.0.1:{second.port}') + second.log()


def usb():
    nothing = harness.Com2net('usb:demo-loop', '0')
    host = f'127.0.0.1:{nothing.port}'
    tools = (['iceprog', '-t'], ['dfu-util', '-U', harness.temp('up')],
             ['openocd', '-c', 'adapter driver ftdi; ftdi vid_pid 0x0403 0x6010; transport select jtag; '
                               'adapter speed 100; init'])
    said = []
    for name, *words in tools:
        said += net2usb.net2usb('run', host, '--', harness.need(name), *words)[1:]
    watcher = net2usb_returns.Watcher(net2usb_hostile.Refusing().port)
    watcher.process.stdin.write(b'devices\n')
    watcher.process.stdin.flush()
    watcher.says('no permission')
    watcher.quit()
    return said + [watcher.log()]


def main():
    wanted = texts()
    check(len(wanted) > 20, f'texts were found: {wanted}')
    check(ELSEWHERE <= wanted, 'what is said elsewhere is on the page')
    said = '\n'.join([*connections(), *ports(), *usb()])
    absent = [text for text in wanted - ELSEWHERE if text not in said]
    check(not absent, f'nobody says {absent}, but:\n{said}')


harness.run(main)
