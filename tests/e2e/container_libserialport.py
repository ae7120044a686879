#!/usr/bin/python3
"""libserialport, by its own calls, behind `--`: it wants a name that sysfs has, so the link stands in /dev of
a container."""

import os
import subprocess

import harness
import places
from harness import check

SOURCE = r'''
#include <libserialport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct sp_port *port;

static void need(int result, const char *what)
{
    if (result >= 0)
        return;
    printf("FAILED: %s: %s\n", what, result == SP_ERR_FAIL ? sp_last_error_message() : "refused");
    exit(1);
}

static void become(enum sp_signal mask, unsigned wanted, const char *what)
{
    const struct timespec pause = {0, 5000000};
    enum sp_signal lines = 0;

    for (int i = 0; i < 1000; i++) {
        need(sp_get_signals(port, &lines), "sp_get_signals");
        if ((lines & mask) == wanted)
            return;
        nanosleep(&pause, NULL);
    }
    printf("FAILED: %s\n", what);
    exit(1);
}

int main(int argc, char **argv)
{
    const enum sp_signal all = SP_SIG_CTS | SP_SIG_DSR | SP_SIG_DCD;
    struct sp_port_config *config;
    enum sp_parity parity;
    int baud, bits;
    char back[16] = "";

    need(argc == 2 ? 0 : SP_ERR_ARG, "arguments");
    need(sp_get_port_by_name(argv[1], &port), "sp_get_port_by_name");
    need(sp_open(port, SP_MODE_READ_WRITE), "sp_open");
    become(all, all, "an open raises DTR and RTS");
    need(sp_set_baudrate(port, 250000), "sp_set_baudrate");
    need(sp_set_bits(port, 7), "sp_set_bits");
    need(sp_set_parity(port, SP_PARITY_EVEN), "sp_set_parity");
    need(sp_set_stopbits(port, 2), "sp_set_stopbits");
    need(sp_new_config(&config), "sp_new_config");
    need(sp_get_config(port, config), "sp_get_config");
    sp_get_config_baudrate(config, &baud);
    sp_get_config_bits(config, &bits);
    sp_get_config_parity(config, &parity);
    need(baud == 250000 && bits == 7 && parity == SP_PARITY_EVEN ? 0 : SP_ERR_SUPP, "250000 7E2");
    need(sp_set_dtr(port, SP_DTR_OFF), "sp_set_dtr");
    become(all, SP_SIG_CTS, "DTR falls");
    need(sp_set_rts(port, SP_RTS_OFF), "sp_set_rts");
    become(all, 0, "RTS falls");
    need(sp_start_break(port), "sp_start_break");
    need(sp_end_break(port), "sp_end_break");
    need(sp_blocking_write(port, "there and back", 14, 5000) == 14 ? 0 : SP_ERR_FAIL, "write");
    need(sp_drain(port), "sp_drain");
    need(sp_output_waiting(port) == 0 ? 0 : SP_ERR_FAIL, "sp_output_waiting");
    need(sp_blocking_read(port, back, 14, 5000) == 14 ? 0 : SP_ERR_FAIL, "read");
    need(memcmp(back, "there and back", 14) == 0 ? 0 : SP_ERR_FAIL, "data");
    need(sp_close(port), "sp_close");
    printf("all is fine\n");
    return 0;
}
'''


def test(place):
    source, program = harness.temp('libserialport.c'), harness.temp('libserialport')
    with open(source, 'w') as f:
        f.write(SOURCE)
    flags = subprocess.run(['pkg-config', '--cflags', '--libs', 'libserialport'], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.split()
    subprocess.run([harness.need('gcc'), '-Wall', '-Wextra', '-Wshadow', '-Wconversion',
                    '-Wmissing-prototypes', '-Werror', '-o', program, source, *flags], check=True)
    name = next((n for n in sorted(os.listdir('/sys/class/tty')) if n.startswith('ttyS')), 'tty1')
    far, link = harness.FarPort(place.listen), place.link(name)
    said = place.run(link, place.at(far.port), '--', program, link)
    check('all is fine' in said, f'it came to its end: {said}')
    for answer in 'SET-BAUDRATE 250000', 'SET-DATASIZE 7', 'SET-PARITY even', 'SET-STOPSIZE 2', \
            'SET-CONTROL break on', 'SET-CONTROL break off':
        check(f'< {answer}\n' in far.server.log(), f'the server says {answer}')


def main():
    places.own_namespaces()
    os.chmod(harness.temp(), 0o777)
    for place in places.containers():
        if place.uid == 0:  # others cannot make a link in /dev
            test(place)


harness.run(main)
