/*
 * The process in front: the one that the user has started, and whose place COMMAND would have. It
 * passes on signals that COMMAND does not get without it, and ends with COMMAND's status.
 */
#define _GNU_SOURCE
#include "supervise_front.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "supervise.h"

/* The messages of the supervisor to the front. */
struct message {
    enum { MESSAGE_STARTED, MESSAGE_STATUS, MESSAGE_LAST, MESSAGE_DEAD } kind;
    int value; /* process number, or exit status */
};

static int to_front = -1;
static pid_t front_group;
static volatile sig_atomic_t forward_to; /* whom the front passes signals on to */
static int from_supervisor;
static struct message heard; /* of the supervisor, */
static bool has_heard;       /* and not done yet */
static pid_t supervisor_process;

/* Those that somebody may send for COMMAND. Not here: signals that a process causes itself, and the
 * terminal's job control, which stops front and COMMAND alike. */
static void list_forwarded(sigset_t *set)
{
    static const int forwarded[] = {SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1,
                                    SIGUSR2, SIGALRM, SIGWINCH, SIGPWR};

    sigemptyset(set);
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
        sigaddset(set, forwarded[i]);
    for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
        sigaddset(set, i);
}

/* Whether we are in the foreground of our terminal. Its keys and its size are then told to the
 * whole group, of which COMMAND is born a member. */
static bool is_in_foreground(void)
{
    int terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (terminal < 0)
        return false;
    bool is = tcgetpgrp(terminal) == getpgrp();
    close(terminal);
    return is;
}

/* Takes a message that is there. Only where signals are blocked, or from their handler. */
static void hear(void)
{
    struct pollfd p = {.fd = from_supervisor, .events = POLLIN};

    if (has_heard || poll(&p, 1, 0) <= 0)
        return;
    if (read(from_supervisor, &heard, sizeof heard) != sizeof heard) /* it has died */
        heard = (struct message){MESSAGE_DEAD, SUPERVISE_EXIT_FAILED};
    has_heard = heard.kind != MESSAGE_STARTED;
    if (!has_heard)
        forward_to = heard.value;
}

/* Whether COMMAND has got a signal without us: one of the kernel's, for a group. If it has left the
 * group it has done so in our place, too. */
static bool has_it_already(int number, const siginfo_t *info)
{
    if (info->si_code != SI_KERNEL || forward_to == supervisor_process)
        return false;
    switch (number) {
    case SIGINT:
    case SIGQUIT:
    case SIGWINCH:
        return is_in_foreground();
    case SIGHUP: /* a terminal that goes tells its session's leader only (tty_jobctrl.c) */
        return getsid(0) != getpid();
    default: /* such as the end of alarm(2), which outlives exec */
        return false;
    }
}

static void on_forward(int number, siginfo_t *info, void *context)
{
    const int error = errno;

    (void)context;
    hear(); /* there may be a COMMAND by now */
    if (!has_it_already(number, info)) {
        kill((pid_t)forward_to, number);
        if (number == SIGHUP && info->si_code == SI_KERNEL) /* which the kernel sends with it */
            kill((pid_t)forward_to, SIGCONT);
    }
    errno = error;
}

/* Those that are forwarded stay blocked from before there is a supervisor until they can be. */
static void block_forwarded(sigset_t *before)
{
    sigset_t set;

    list_forwarded(&set);
    sigprocmask(SIG_BLOCK, &set, before);
}

static void forward_signals(void)
{
    struct sigaction action = {.sa_sigaction = on_forward, .sa_flags = SA_SIGINFO};
    sigset_t set;

    list_forwarded(&set);
    action.sa_mask = set; /* one after the other */
    for (int i = 1; i <= SIGRTMAX; i++) {
        struct sigaction now;

        /* nohup, and shells for commands in the background, have COMMAND ignore some */
        if (sigismember(&set, i) == 1 && sigaction(i, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaction(i, &action, NULL);
    }
}

/* Waits for COMMAND's status and ends with it. Signals come only while there is nothing to hear, so
 * that none goes to the supervisor when COMMAND is there. */
static _Noreturn void be_front(pid_t supervisor, int pipe_end, const sigset_t *signals)
{
    supervisor_process = supervisor;
    forward_to = supervisor;
    from_supervisor = pipe_end;
    forward_signals();
    while (!has_heard) {
        struct pollfd p = {.fd = from_supervisor, .events = POLLIN};

        (void)ppoll(&p, 1, NULL, signals);
        hear();
    }
    sigprocmask(SIG_SETMASK, signals, NULL);
    /* an outer one would take it for a leftover; others need not wait for that */
    while (heard.kind == MESSAGE_LAST && getenv(SUPERVISE_SOCKET) &&
           waitpid(supervisor, NULL, 0) < 0 && errno == EINTR)
        ;
    _exit(heard.value);
}

int supervise_split(void)
{
    const pid_t front = getpid();
    sigset_t signals;
    int pipe_ends[2];

    front_group = getpgrp();
    if (pipe2(pipe_ends, O_CLOEXEC) < 0)
        return -errno;
    block_forwarded(&signals);
    pid_t pid = fork();
    if (pid > 0) {
        close(pipe_ends[1]);
        be_front(pid, pipe_ends[0], &signals);
    }
    int error = errno;
    sigprocmask(SIG_SETMASK, &signals, NULL);
    close(pipe_ends[0]);
    if (pid < 0) {
        close(pipe_ends[1]);
        return -error;
    }
    to_front = pipe_ends[1];
    setpgid(0, 0);
    /* SIGKILL cannot be passed on: this asks COMMAND to end */
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() != front)
        _exit(SUPERVISE_EXIT_FAILED);
    signal(SIGCHLD, SIG_DFL); /* process 1 ignores it */
    signal(SIGTTOU, SIG_IGN); /* the log goes to the terminal of another group */
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    return 0;
}

static void tell_front(struct message m)
{
    if (m.kind != MESSAGE_STARTED) /* it ends now, which is no reason for us to */
        prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
    if (to_front >= 0 && write(to_front, &m, sizeof m) < 0)
        log_debug("the process in front has gone");
}

pid_t supervise_front_group(void)
{
    return front_group;
}

void supervise_front_follow(pid_t pid)
{
    tell_front((struct message){MESSAGE_STARTED, (int)pid});
}

void supervise_report(int status)
{
    tell_front((struct message){MESSAGE_STATUS, status});
}

void supervise_end(int status)
{
    tell_front((struct message){MESSAGE_LAST, status});
}
