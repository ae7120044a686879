#!/usr/bin/python3
"""As net2usb_specimens.py, with programs whose compilers are large: of Go, and of 32 bits."""

import os
import subprocess

import harness
import net2usb
from harness import check, equal
from net2usb_specimens import HELLO, NOT_LOADED, is_bad, is_well, source

ANOTHER = 'it is for another architecture than net2usb\'s libraries'
# by way of the C library, if there is one: package os/user is what brings it in
GO = """
package main

import (
	"fmt"
	"os/user"
)

func main() {
	_, err := user.Lookup("root")
	fmt.Println("hello", err == nil)
}
"""
GO_USBFS = """
package main

import (
	"fmt"
	"os"
)

func main() {
	_, err := os.ReadDir("/dev/bus/usb/250")
	fmt.Println("absent", err != nil)
}
"""


def go(name, text, cgo):
    folder = harness.temp(name)
    os.makedirs(folder)
    made = os.path.join(folder, 'program')
    path = os.path.join(folder, 'main.go')
    with open(path, 'w') as f:
        f.write(text)
    subprocess.run([harness.need('go'), 'build', '-o', made, path], check=True, cwd=folder,
                   env=dict(os.environ, CGO_ENABLED=cgo, GOCACHE=harness.temp('go-cache'), GO111MODULE='off',
                            GOFLAGS=''))
    return made


def of_go(host):
    is_bad(host, go('go-static', GO, '0'), 'it is a static program', 'hello true\n')
    is_well(host, go('go-dynamic', GO, '1'), f'{NOT_LOADED}, and cannot load one later', 'hello true\n')
    usbfs = GO_USBFS.replace('"os"', '"os"\n\t_ "os/user"')
    is_bad(host, go('go-usbfs', usbfs, '1'), 'it seems to use /dev/bus/usb itself', 'absent true\n',
           begin='will hardly find the devices: ')


def of_32_bits(host):
    gcc, made = harness.need('gcc'), harness.temp('small')
    multiarch = subprocess.run([gcc, '-print-multiarch'], capture_output=True, check=True, text=True).stdout.strip()
    start = source('start.c', 'void _start(void);\nvoid _start(void) { for (;;) ; }\n')
    for words in (['-idirafter', f'/usr/include/{multiarch}', source('hello.c', HELLO)],
                  ['-nostdlib', '-fPIE', '-pie', start]):  # where no C library of 32 bits is installed
        if subprocess.run([gcc, '-m32', '-o', made, *words], capture_output=True).returncode == 0:
            break
    else:
        harness.skip('gcc makes no programs of 32 bits here')
    try:
        runs = words[0] != '-nostdlib' and subprocess.run([made], capture_output=True).returncode == 0
    except OSError:
        runs = False  # neither does the kernel
    if runs:
        is_bad(host, made, ANOTHER, 'hello\n')
        return
    status, out, _ = net2usb.net2usb('doctor', host, '--', made)
    check(status == 1 and f'BAD  {made}: {ANOTHER}' in out, f'doctor: {out}')
    if words[0] == '-nostdlib':
        return
    err = net2usb.net2usb('run', host, '--', made)[2]
    check(f'{made} will not find the devices: {ANOTHER}' in err, f'run: {err}')


def main():
    server = harness.Com2net('usb:demo-loop', '0', ports=1)
    host = f'127.0.0.1:{server.port}'
    of_go(host)
    of_32_bits(host)
    equal(server.stop(), 0, 'the server ends')


harness.run(main)
