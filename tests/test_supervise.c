/* Every layer that can refuse supervision is named, whichever error number it has for that: the
 * kernel's answers are put in the place of the real ones. */
#define _GNU_SOURCE
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asm/ioctls.h>
#include <linux/elf-em.h>

#include "log.h"
#include "loop.h"
#include "patience.h"
#include "test.h"

/* The linker gives us their callers (--wrap). */
int __wrap_supervise_filter_install(void);
int __real_supervise_filter_install(void);
ssize_t __wrap_process_vm_writev(pid_t pid, const struct iovec *ours, unsigned long count,
                                 const struct iovec *theirs, unsigned long their_count,
                                 unsigned long flags);
ssize_t __real_process_vm_writev(pid_t pid, const struct iovec *ours, unsigned long count,
                                 const struct iovec *theirs, unsigned long their_count,
                                 unsigned long flags);
bool __wrap_supervise_filter_knows(uint16_t machine);
bool __real_supervise_filter_knows(uint16_t machine);
int __wrap_open(const char *path, int flags, ...);
int __wrap___open_2(const char *path, int flags);
int __real_open(const char *path, int flags, ...);

static int filter_error, memory_error, file_error;
static bool kills_supervisor; /* before the program is begun */

int __wrap_supervise_filter_install(void)
{
    if (kills_supervisor) {
        alarm(30); /* should it wait for ever after that */
        kill(getppid(), SIGKILL);
    }
    return filter_error ? -filter_error : __real_supervise_filter_install();
}

ssize_t __wrap_process_vm_writev(pid_t pid, const struct iovec *ours, unsigned long count,
                                 const struct iovec *theirs, unsigned long their_count,
                                 unsigned long flags)
{
    if (!memory_error)
        return __real_process_vm_writev(pid, ours, count, theirs, their_count, flags);
    errno = memory_error;
    return -1;
}

static bool all_are_strangers;

bool __wrap_supervise_filter_knows(uint16_t machine)
{
    return !all_are_strangers && __real_supervise_filter_knows(machine);
}

int __wrap_open(const char *path, int flags, ...)
{
    if (!file_error)
        return __real_open(path, flags);
    errno = file_error;
    return -1;
}

/* What fortified programs call in its place, Ubuntu's for example. */
int __wrap___open_2(const char *path, int flags)
{
    return __wrap_open(path, flags);
}

/* The test with these errors in the kernel's place. */
static void check_refusal(int filter, int memory, int file, const char *why)
{
    char text[SUPERVISE_ERROR_MAX] = "";

    filter_error = filter;
    memory_error = memory;
    file_error = file;
    int r = supervise_test(text);
    if (!why) {
        CHECK(r == 0);
        return;
    }
    CHECK(r < 0);
    if (!strstr(text, why))
        CHECK_TEXT(text, why);
}

static void works_here(void)
{
    check_refusal(0, 0, 0, NULL);
}

static void the_layer_is_named(void)
{
    check_refusal(EBUSY, 0, 0, "another supervisor is there already");
    check_refusal(EINVAL, 0, 0, "gVisor");
    check_refusal(EPERM, 0, 0, "seccomp profile");
    check_refusal(EACCES, 0, 0, "seccomp profile");
    check_refusal(ENOSYS, 0, 0, "seccomp profile");
    check_refusal(ENOMEM, 0, 0, strerror(ENOMEM));
}

/* Docker 20.10 refuses process_vm_writev, and /proc/TID/mem does; under Yama neither does. */
static void memory_is_reached_by_either_way(void)
{
    check_refusal(0, EPERM, 0, NULL);
    check_refusal(0, ENOSYS, 0, NULL);
    check_refusal(0, EPERM, EACCES, "Yama");
    check_refusal(0, EPERM, EPERM, "Yama");
}

/* A signal that waits for its process is seen, also with a user in very many groups. */
static void signals_are_seen(void)
{
    gid_t groups[1000];
    int status;

    pid_t pid = fork();
    if (pid == 0) {
        for (unsigned i = 0; i < 1000; i++)
            groups[i] = 1000000000 + i;
        (void)!setgroups(1000, groups); /* root only */
        kill(getpid(), SIGSTOP);        /* musl's raise blocks all others meanwhile */
        _exit(0);
    }
    const struct supervise_call drain = {.tid = pid, .request = TCSBRK};
    const struct supervise_call wait = {.tid = pid, .request = TIOCMIWAIT};
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    CHECK(supervise_interruption(&drain) == 0);
    kill(pid, SIGUSR1); /* when it goes on */
    CHECK(supervise_interruption(&drain) == -EINTR);
    CHECK(supervise_interruption(&wait) == -512); /* ERESTARTSYS */
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(supervise_interruption(&drain) == -EINTR);
}

/* --- programs of another architecture ----------------------------------------------------------
 */

static bool finished;
static char warned[512];

static void take_line(enum log_level level, const char *line)
{
    if (level == LOG_LEVEL_WARN)
        snprintf(warned, sizeof warned, "%s", line);
}

static void on_exited(void *ctx, int status, bool left)
{
    (void)ctx;
    (void)left;
    CHECK(status == 0);
}

static void on_finished(void *ctx)
{
    (void)ctx;
    finished = true;
}

static bool is_finished(void *ctx)
{
    (void)ctx;
    return finished;
}

/* What is warned of while it runs. */
static const char *warning_of_sleep(void)
{
    static const struct supervise_callbacks callbacks = {.exited = on_exited,
                                                         .finished = on_finished};
    char name[] = "sleep", time[] = "0.5", *argv[] = {name, time, NULL};
    char error[SUPERVISE_ERROR_MAX];
    struct event_base *base = loop_new(false);
    int status;

    filter_error = memory_error = file_error = 0;
    finished = false;
    warned[0] = '\0';
    log_set_sink(take_line);
    struct supervisor *s =
        supervise_start(base, argv, SUPERVISE_FILTER, NULL, &callbacks, NULL, &status, error);
    CHECK(s && loop_run_until(base, is_finished, NULL, 10000));
    supervise_free(s);
    loop_free(base);
    log_set_sink(NULL);
    return warned;
}

/* A supervisor that dies before it has let its child go on leaves nothing behind. */
static void a_child_does_not_wait_for_a_dead_supervisor(void)
{
    int status;

    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        kills_supervisor = true;
        warning_of_sleep();
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    uint64_t limit = patience_ms() + 10000;
    do {
        CHECK(patience_ms() < limit);
        usleep(1000);
        pid = waitpid(-1, &status, WNOHANG);
    } while (pid == 0);
    CHECK(pid > 0 && WIFEXITED(status));
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) == 0);
}

static struct supervise_call seen;
static int value = 5;

/* The caller is taken for one that has our process number now. */
static void on_called(void *ctx, const struct supervise_call *call)
{
    struct supervisor *s = *(struct supervisor **)ctx;
    int got = 0;

    if (call->request != TIOCMGET) {
        supervise_continue(s, call);
        return;
    }
    seen = *call;
    seen.tid = getpid();
    seen.argument = (uintptr_t)&value;
    for (int way = 0; way < 2; way++) { /* while it waits the number is right */
        memory_error = way == 0 ? 0 : EPERM;
        CHECK(supervise_read(&seen, seen.argument, &got, sizeof got) == 0 && got == 5);
        CHECK(supervise_write(&seen, seen.argument, &got, sizeof got) == 0);
    }
    memory_error = 0;
    supervise_answer(s, call, -EIO);
}

static void nobody_elses_memory_is_touched(void)
{
    static const struct supervise_callbacks callbacks = {
        .called = on_called, .exited = on_exited, .finished = on_finished};
    char sh[] = "/usr/bin/python3", c[] = "-c",
         script[] = "import fcntl, os, termios\n"
                    "try:\n"
                    "    fcntl.ioctl(os.open('/dev/null', os.O_RDWR), termios.TIOCMGET, bytes(4))\n"
                    "except OSError:\n"
                    "    pass\n",
         *argv[] = {sh, c, script, NULL};
    char error[SUPERVISE_ERROR_MAX];
    struct event_base *base = loop_new(false);
    struct supervisor *s = NULL;
    const int mine = 7;
    int status, got = 0;

    filter_error = memory_error = file_error = 0;
    finished = false;
    s = supervise_start(base, argv, SUPERVISE_FILTER, NULL, &callbacks, &s, &status, error);
    CHECK(s && loop_run_until(base, is_finished, NULL, 10000));
    CHECK(seen.tid == getpid());
    for (int way = 0; way < 2; way++) { /* it has been answered: that is another process now */
        memory_error = way == 0 ? 0 : EPERM;
        CHECK(supervise_write(&seen, seen.argument, &mine, sizeof mine) == -ESRCH);
        CHECK(value == 5);
        CHECK(supervise_read(&seen, seen.argument, &got, sizeof got) == -ESRCH);
    }
    memory_error = 0;
    supervise_free(s);
    loop_free(base);
}

/* As those of 64 bits are for a net2pty of 32. */
static void a_program_that_passes_the_filter_is_told(void)
{
    CHECK_TEXT(warning_of_sleep(), "");
    all_are_strangers = true;
    const char *warning = warning_of_sleep();
    CHECK(strstr(warning, "sleep: no modem lines, break and parity"));
    all_are_strangers = false;
}

static void the_filter_knows_both_word_sizes(void)
{
#if defined(__x86_64__)
    CHECK(__real_supervise_filter_knows(EM_X86_64) && __real_supervise_filter_knows(EM_386));
    CHECK(!__real_supervise_filter_knows(EM_AARCH64));
#elif defined(__aarch64__)
    CHECK(__real_supervise_filter_knows(EM_AARCH64) && __real_supervise_filter_knows(EM_ARM));
    CHECK(!__real_supervise_filter_knows(EM_X86_64));
#elif defined(__i386__)
    CHECK(__real_supervise_filter_knows(EM_386) && !__real_supervise_filter_knows(EM_X86_64));
#endif
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(works_here),
        TEST(the_layer_is_named),
        TEST(memory_is_reached_by_either_way),
        TEST(signals_are_seen),
        TEST(a_child_does_not_wait_for_a_dead_supervisor),
        TEST(nobody_elses_memory_is_touched),
        TEST(a_program_that_passes_the_filter_is_told),
        TEST(the_filter_knows_both_word_sizes),
    };

    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
