#!/usr/bin/python3
"""Programs that no preloaded library could help, behind `--`: a static one with raw system calls, and
threads; bad addresses are the caller's own trouble; a killed or interrupted waiter leaves nothing."""

import subprocess

import harness
import places
from harness import check

SOURCE = r'''
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int fd;

static void need(int ok, const char *what)
{
    if (!ok) {
        printf("FAILED: %s (%s)\n", what, strerror(errno));
        exit(1);
    }
}

static void *toggle(void *unused)
{
    for (int i = 0; i < 500; i++) {
        int bit = TIOCM_DTR;

        need(syscall(SYS_ioctl, fd, i % 2 ? TIOCMBIS : TIOCMBIC, &bit) == 0, "toggle in a thread");
    }
    return unused;
}

static void on_alarm(int number)
{
    (void)number;
}

int main(int argc, char **argv)
{
    struct sigaction act = {.sa_handler = on_alarm};
    pthread_t threads[4];
    int bits = 0, status;

    need(argc == 2, "arguments");
    fd = open(argv[1], O_RDWR | O_NOCTTY);
    need(fd >= 0, "open");
    need(syscall(SYS_ioctl, fd, TIOCMGET, &bits) == 0 && (bits & TIOCM_DTR), "lines");
    need(syscall(SYS_ioctl, fd, TIOCMGET | 0x7700000000ul, &bits) == 0, "junk in the upper half");
    need(ioctl(fd, TIOCMGET, (void *)8) < 0 && errno == EFAULT, "a bad address");
    need(ioctl(fd, TIOCMSET, (void *)-8) < 0 && errno == EFAULT, "another one");
    int copy = fcntl(fd, F_DUPFD, 200);
    need(copy >= 200 && ioctl(copy, TIOCMGET, &bits) == 0, "a duplicate");
    int pipe_ends[2];
    need(pipe(pipe_ends) == 0 && ioctl(pipe_ends[0], TIOCMGET, &bits) < 0 && errno == ENOTTY,
         "not a port of ours");
    for (int i = 0; i < 4; i++)
        need(pthread_create(&threads[i], NULL, toggle, NULL) == 0, "threads");
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);

    /* nothing changes: the wait ends by the signal */
    sigaction(SIGALRM, &act, NULL);
    alarm(1);
    need(ioctl(fd, TIOCMIWAIT, TIOCM_RNG) < 0 && errno == EINTR, "an interrupted wait");
    pid_t child = fork();
    if (child == 0) {
        ioctl(fd, TIOCMIWAIT, TIOCM_RNG);
        _exit(0);
    }
    usleep(100000);
    kill(child, SIGKILL);
    need(waitpid(child, &status, 0) == child && WIFSIGNALED(status), "a killed waiter");
    need(ioctl(fd, TIOCMGET, &bits) == 0, "still served");
    printf("all is fine\n");
    return 0;
}
'''


def test(place):
    cc = harness.need('gcc')
    source, program = harness.temp('static.c'), harness.temp('static')
    with open(source, 'w') as f:
        f.write(SOURCE)
    subprocess.run([cc, '-static', '-pthread', '-o', program, source], check=True)
    server, link = harness.Com2net('loop:', place.listen), place.link()
    said = place.run(link, place.at(server.port), '--', program, link)
    check('all is fine' in said, 'it came to its end')


if __name__ == '__main__':
    places.run(test)
