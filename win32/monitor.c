/*
 * A lock with a condition, and threads, on Windows; see common/seam/monitor.h.
 */
#include "monitor.h"

#include <stdlib.h>

#include <windows.h>

struct task {
    void (*run)(void *arg);
    void *arg;
};

static SRWLOCK lock = SRWLOCK_INIT;
static CONDITION_VARIABLE told = CONDITION_VARIABLE_INIT;

void monitor_prepare(void (*in_child)(void))
{
    (void)in_child; /* nothing forks */
}

void monitor_enter(void)
{
    AcquireSRWLockExclusive(&lock);
}

void monitor_leave(void)
{
    ReleaseSRWLockExclusive(&lock);
}

void monitor_wait(int ms)
{
    SleepConditionVariableSRW(&told, &lock, (DWORD)ms, 0);
}

void monitor_tell(void)
{
    WakeAllConditionVariable(&told);
}

static DWORD WINAPI run(void *arg)
{
    const struct task task = *(struct task *)arg;

    free(arg);
    task.run(task.arg);
    return 0;
}

bool monitor_start(void (*task_run)(void *arg), void *arg)
{
    struct task *task = malloc(sizeof *task);

    if (!task)
        return false;
    *task = (struct task){task_run, arg};
    HANDLE thread = CreateThread(NULL, 0, run, task, 0, NULL);
    if (!thread) {
        free(task);
        return false;
    }
    CloseHandle(thread);
    return true;
}
