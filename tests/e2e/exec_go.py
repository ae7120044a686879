#!/usr/bin/python3
"""A Go program, which has system calls of its own and moves goroutines between threads, has a serial port
behind `--`."""

import os
import subprocess

import harness
import places
from harness import check

SOURCE = r'''
package main

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	tiocmiwait  = 0x545C
	tiocgicount = 0x545D
	dtr         = 0x002
	rts         = 0x004
	cts         = 0x020
	cd          = 0x040
	dsr         = 0x100
)

var port uintptr

func need(ok bool, what ...any) {
	if !ok {
		fmt.Println(append([]any{"FAILED:"}, what...)...)
		os.Exit(1)
	}
}

func ioctl(request uintptr, argument unsafe.Pointer) syscall.Errno {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, port, request, uintptr(argument))
	return errno
}

func lines() (bits int32) {
	errno := ioctl(syscall.TIOCMGET, unsafe.Pointer(&bits))
	need(errno == 0, "TIOCMGET", errno)
	return bits
}

func set(request uintptr, bits int32) {
	errno := ioctl(request, unsafe.Pointer(&bits))
	need(errno == 0, "setting lines", errno)
}

func become(wanted int32, what string) {
	for i := 0; i < 1000; i++ {
		if lines()&(cts|dsr|cd) == wanted {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	need(false, what)
}

// TCSBRK. Go's own signals interrupt it, as they do on any tty, maybe with the break under way. Returns
// how many times it was asked.
func sendBreak(argument uintptr) int32 {
	for asked := int32(1); ; asked++ {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, port, 0x5409, argument)
		if errno != syscall.EINTR {
			need(errno == 0, "TCSBRK", errno)
			return asked
		}
	}
}

func main() {
	file, err := os.OpenFile(os.Args[1], os.O_RDWR|syscall.O_NOCTTY, 0)
	need(err == nil, err)
	port = file.Fd()
	become(cts|dsr|cd, "an open raises DTR and RTS")

	// from many threads at once
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := 0; i < 40; i++ { // a read after a set waits until com2net has carried it out
				set(syscall.TIOCMBIC, rts)
				lines()
				set(syscall.TIOCMBIS, rts)
			}
		}()
	}
	all.Wait()
	// what they have done may still be under way
	sendBreak(1) // drains only
	set(syscall.TIOCMBIC, rts)
	become(dsr|cd, "RTS falls")

	// one waits, which holds up nobody else
	done := make(chan syscall.Errno)
	go func() {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, port, tiocmiwait, cts)
		done <- errno
	}()
	time.Sleep(50 * time.Millisecond)
	set(syscall.TIOCMBIS, rts)
	errno := <-done
	need(errno == 0, "TIOCMIWAIT", errno)
	become(cts|dsr|cd, "RTS rises")

	var t syscall.Termios
	errno = ioctl(syscall.TCGETS, unsafe.Pointer(&t))
	need(errno == 0, "TCGETS", errno)
	t.Cflag = t.Cflag&^(syscall.CSIZE|0x100f) | syscall.CS7 | syscall.PARENB | syscall.B57600
	errno = ioctl(syscall.TCSETS, unsafe.Pointer(&t))
	need(errno == 0, "TCSETS", errno)
	errno = ioctl(syscall.TCGETS, unsafe.Pointer(&t))
	need(errno == 0 && t.Cflag&(syscall.CSIZE|syscall.PARENB) == syscall.CS7|syscall.PARENB,
		"7E1 stays", errno)

	_, err = file.Write([]byte("there and back"))
	need(err == nil, err)
	back := make([]byte, 14)
	for got := 0; got < len(back); {
		n, err := file.Read(back[got:])
		need(err == nil, err)
		got += n
	}
	need(string(back) == "there and back", "data", string(back))

	var counts [20]int32
	before := counts
	errno = ioctl(tiocgicount, unsafe.Pointer(&before))
	need(errno == 0, "TIOCGICOUNT", errno)
	breaks := sendBreak(0)
	for i := 0; i < 1000 && counts[9] <= before[9]; i++ {
		time.Sleep(5 * time.Millisecond)
		ioctl(tiocgicount, unsafe.Pointer(&counts))
	}
	need(counts[9] > before[9] && counts[9] <= before[9]+breaks, "a break is counted", counts[9]-before[9])
	fmt.Println("all is fine")
}
'''


def test(place):
    go = harness.need('go')
    source, program = harness.temp('program.go'), harness.temp('program')
    if not os.path.exists(program):
        with open(source, 'w') as f:
            f.write(SOURCE)
        subprocess.run([go, 'build', '-o', program, source], check=True, env=dict(
            os.environ, CGO_ENABLED='0', GO111MODULE='off', GOFLAGS='', GOCACHE=harness.temp('cache')))
    far, link = harness.FarPort(place.listen), place.link()
    said = place.run(link, place.at(far.port), '--', program, link)
    check('all is fine' in said, f'it came to its end: {said}')
    for command in 'BAUDRATE 57600', 'DATASIZE 7', 'PARITY even':
        check(f'< SET-{command}\n' in far.server.log(), f'the server is at {command}')


places.run(test)
